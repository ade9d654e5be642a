// sim/trace/trace_writer.h
//
// TraceWriter makes a trace of one process of a node: everything its engine was
// given, in order, and now and then what it had come to.  It knows no file: its
// owner takes the bytes.
//
//   trace  = "orrery-trace 1\n" frame*
//   frame  = length u32, crc32c u32 of the payload, payload
//   payload = kind u8: 1 start (options), 2 event, 3 check (events so far,
//             digest of the engine's state, digest of all effects so far)
//
// The first frame is a start; a check stands every kTraceCheckEvery events and
// at the end.  Effects are not stored: a replay makes them again, so the first
// window in which a program behaves differently is known at once.  A process
// that was killed leaves its last frame torn, which a reader takes for the end.
//
// Cost: the event's encoding, and a hash of its effects.

#ifndef ORRERY_SIM_TRACE_TRACE_WRITER_H_
#define ORRERY_SIM_TRACE_TRACE_WRITER_H_

#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/engine/engine.h"
#include "core/protocol/effects.h"
#include "core/protocol/event.h"
#include "core/protocol/options.h"
#include "sim/run_digest.h"

namespace orrery::sim {

inline constexpr std::string_view kTraceMagic = "orrery-trace 1\n";
inline constexpr uint64_t kTraceCheckEvery = 4096;

enum class TraceFrame : uint8_t { kStart = 1, kEvent = 2, kCheck = 3 };

class TraceWriter {
 public:
  explicit TraceWriter(const EngineOptions& options);

  // The engine is about to take this event: if it dies of it, the trace has it.
  void Add(const Event& event);
  // It has taken it.
  void AddEffects(const Event& event, const Effects& effects,
                  const Engine& engine);
  // What the engine is now; at the end of the trace.
  void Check(const Engine& engine);

  // Bytes that its owner has not taken yet, to be cleared by it.
  ByteBuffer& pending() { return pending_; }
  uint64_t events() const { return events_; }

 private:
  // Frames what `payload_` holds.
  void Emit();

  ByteBuffer payload_;
  ByteBuffer pending_;
  Stamp last_;
  RunDigest digest_;
  uint64_t events_ = 0;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_TRACE_TRACE_WRITER_H_
