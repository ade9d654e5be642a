#include "sim/trace/trace_writer.h"

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "sim/trace/event_codec.h"

namespace orrery::sim {

TraceWriter::TraceWriter(const EngineOptions& options) {
  PutBytes(pending_, ViewOf(kTraceMagic));
  PutU8(payload_, static_cast<uint8_t>(TraceFrame::kStart));
  PutOptions(options, payload_);
  Emit();
}

void TraceWriter::Add(const Event& event) {
  PutU8(payload_, static_cast<uint8_t>(TraceFrame::kEvent));
  PutEvent(event, last_, payload_);
  Emit();
  last_ = event.at;
}

void TraceWriter::AddEffects(const Event& event, const Effects& effects,
                             const Engine& engine) {
  digest_.Add(event.at.mono, 0, event, effects);
  if (++events_ % kTraceCheckEvery == 0) Check(engine);
}

void TraceWriter::Check(const Engine& engine) {
  PutU8(payload_, static_cast<uint8_t>(TraceFrame::kCheck));
  PutU64(payload_, events_);
  PutU64(payload_, engine.StateDigest());
  PutU64(payload_, digest_.value());
  Emit();
}

void TraceWriter::Emit() {
  PutU32(pending_, static_cast<uint32_t>(payload_.size()));
  PutU32(pending_, Crc32c(payload_));
  PutBytes(pending_, payload_);
  payload_.clear();
}

}  // namespace orrery::sim
