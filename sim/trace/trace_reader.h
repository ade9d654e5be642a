// sim/trace/trace_reader.h
//
// TraceReader walks the bytes of a trace, which are hostile until proven: each
// Next is a whole, checked frame, the end, or what is wrong and where.
//
// Cost: no copy but of what an event owns.

#ifndef ORRERY_SIM_TRACE_TRACE_READER_H_
#define ORRERY_SIM_TRACE_TRACE_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/protocol/event.h"
#include "core/protocol/options.h"
#include "sim/trace/trace_writer.h"

namespace orrery::sim {

class TraceReader {
 public:
  // Borrows `trace`.
  explicit TraceReader(ByteView trace);

  static bool IsTrace(ByteView bytes);

  struct Start {
    TraceWriter::Form form;
    EngineOptions options;
  };
  struct Check {
    uint64_t events = 0;
    uint64_t state = 0;
    uint64_t effects = 0;
    friend bool operator==(const Check&, const Check&) = default;
  };
  struct Snapshot {
    Check check;
    ByteView state;  // For Engine::LoadSnapshot.
  };
  struct Touched {
    ByteView entries;  // For Engine::RevealTouched.
  };
  struct End {
    bool torn = false;  // In the middle of a frame: the process was killed.
  };
  struct Error {
    size_t offset = 0;
    std::string what;
  };
  using Item = std::variant<Start, Event, Snapshot, Touched, Check, End, Error>;
  // After End or Error: the same again.
  Item Next();
  // The entries touched from here to the next snapshot: what whoever stands at
  // a snapshot must know of the index.  Frames that do not hold are left to
  // Next.
  std::vector<Touched> TouchedAhead() const;

 private:
  Item Fail(std::string what);
  Item ReadPayload(ByteView payload);

  ByteView trace_;
  size_t at_ = 0;  // Of the next frame.
  bool begun_ = false;
  ValueMode values_ = ValueMode::kElided;
  Stamp last_;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_TRACE_TRACE_READER_H_
