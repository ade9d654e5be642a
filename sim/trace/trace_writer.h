// sim/trace/trace_writer.h
//
// TraceWriter makes a trace of one process of a node: everything its engine was
// given, in order, and now and then what it had come to.  It knows no file: its
// owner takes the bytes.
//
//   trace  = "orrery-trace 2\n" frame*
//   frame  = length u32, crc32c u32 of the payload, payload
//   payload = kind u8: 1 start (how values are kept, what is digested,
//   options), 2 event,
//             3 check (events so far, digest of the engine's state, digest of
//             all effects so far),
//             4 snapshot (a check, time of the last event, the engine's state
//             without index entries), 5 index entries as they were when they
//             were first touched after the last snapshot
//
// Values are users' data: unless asked for, of each only length and CRC-32C are
// kept.  Keys are kept, and what was read of a record that is torn or whose
// header is damaged: nobody knows what of it is a value.
//
// The first frame is a start.  From there a trace may go on at any snapshot: a
// flight recorder drops what is older.  At a snapshot the digest of effects
// begins anew with the value it had.  A check stands every kTraceCheckEvery
// events and at the end.  Effects are not stored: a replay makes them again, so
// the first window in which a program behaves differently is known at once.  A
// process that was killed leaves its last frame torn, which a reader takes for
// the end.
//
// Cost: the event's encoding, and a hash of its effects.

#ifndef ORRERY_SIM_TRACE_TRACE_WRITER_H_
#define ORRERY_SIM_TRACE_TRACE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/byte_sink.h"
#include "core/base/bytes.h"
#include "core/base/field_saver.h"
#include "core/engine/engine.h"
#include "core/protocol/effects.h"
#include "core/protocol/event.h"
#include "core/protocol/options.h"
#include "sim/run_digest.h"

namespace orrery::sim {

inline constexpr std::string_view kTraceMagic = "orrery-trace 2\n";
inline constexpr uint64_t kTraceCheckEvery = 4096;
inline constexpr size_t kTraceFrameHeaderBytes = 8;
// A step's frames mostly fit, and one huge snapshot does not stay.
inline constexpr size_t kTracePendingBytes = 1 << 20;

enum class TraceFrame : uint8_t {
  kStart = 1,
  kEvent = 2,
  kCheck = 3,
  kSnapshot = 4,
  kTouched = 5
};

class TraceWriter {
 public:
  struct Form {
    ValueMode values = ValueMode::kElided;
    RunDigest::Of digest = RunDigest::Of::kAllWithStandIns;
    ORRERY_FIELDS(values, digest)
  };
  TraceWriter(const EngineOptions& options, const Form& form);

  // `engine` is about to take this event: if it dies of it, the trace has it.
  void Add(const Event& event, const Engine& engine);
  // It has taken it.
  void AddEffects(const Event& event, const Effects& effects,
                  const Engine& engine);
  // The engine's state, and from now on what it touches.
  void Snapshot(Engine& engine);
  // What it has touched since the last call, if there was a snapshot.
  void AddTouched(Engine& engine);
  // What the engine is now; at the end of the trace.
  void Check(const Engine& engine);

  // Bytes that its owner has not taken yet.
  ByteView pending() const { return pending_.view(); }
  // It has.  There is room for kTracePendingBytes then, neither less nor more.
  void ClearPending() { pending_.ClearTo(kTracePendingBytes); }
  size_t pending_capacity() const { return pending_.capacity(); }
  uint64_t events() const { return events_; }

 private:
  void BeginFrame(TraceFrame kind);
  void EndFrame();

  Form form_;
  ByteSink pending_;
  FieldSaver saver_;
  size_t frame_ = 0;              // Where the one being written begins.
  std::vector<ByteSpan> values_;  // In what a disk read.
  Stamp last_;
  RunDigest digest_;
  uint64_t events_ = 0;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_TRACE_TRACE_WRITER_H_
