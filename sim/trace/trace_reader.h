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

#include "core/base/bytes.h"
#include "core/base/coding.h"
#include "core/protocol/event.h"
#include "core/protocol/options.h"

namespace orrery::sim {

class TraceReader {
 public:
  // Borrows `trace`.
  explicit TraceReader(ByteView trace);

  static bool IsTrace(ByteView bytes);

  struct Check {
    uint64_t events = 0;
    uint64_t state = 0;
    uint64_t effects = 0;
    friend bool operator==(const Check&, const Check&) = default;
  };
  struct End {
    bool torn = false;  // In the middle of a frame: the process was killed.
  };
  struct Error {
    size_t offset = 0;
    std::string what;
  };
  using Item = std::variant<EngineOptions, Event, Check, End, Error>;
  // After End or Error: the same again.
  Item Next();

 private:
  Item Fail(std::string what);
  Item ReadPayload(ByteView payload);

  ByteView trace_;
  size_t at_ = 0;  // Of the next frame.
  bool begun_ = false;
  Stamp last_;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_TRACE_TRACE_READER_H_
