#include "sim/trace/trace_writer.h"

#include <variant>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/engine/value_parts.h"
#include "sim/trace/event_codec.h"

namespace orrery::sim {

TraceWriter::TraceWriter(const EngineOptions& options, const Form& form)
    : form_(form),
      saver_(pending_, {.values = form.values, .parts_of = AppendValueParts}),
      digest_(form.digest) {
  pending_.Append(ViewOf(kTraceMagic));
  BeginFrame(TraceFrame::kStart);
  saver_(form, options);
  EndFrame();
}

void TraceWriter::Add(const Event& event, const Engine& engine) {
  BeginFrame(TraceFrame::kEvent);
  values_.clear();
  const auto* done = std::get_if<DiskDone>(&event.body);
  if (done != nullptr && saver_.options().values == ValueMode::kElided) {
    engine.FindValues(*done, &values_);
  }
  PutEvent(event, last_, values_, saver_);
  EndFrame();
  last_ = event.at;
}

void TraceWriter::AddEffects(const Event& event, const Effects& effects,
                             const Engine& engine) {
  digest_.Add(event.at.mono, 0, event, effects);
  if (++events_ % kTraceCheckEvery == 0) Check(engine);
}

void TraceWriter::Snapshot(Engine& engine) {
  AddTouched(engine);
  BeginFrame(TraceFrame::kSnapshot);
  const uint64_t effects = digest_.value();
  saver_(events_, engine.StateDigest(), effects, last_);
  engine.SaveSnapshot({.values = saver_.options().values}, pending_);
  EndFrame();
  engine.WatchTouches();
  digest_ = RunDigest(form_.digest);
  digest_.AddNumber(effects);
}

void TraceWriter::AddTouched(Engine& engine) {
  if (!engine.HasTouched()) return;
  BeginFrame(TraceFrame::kTouched);
  engine.SaveTouched(pending_);
  EndFrame();
}

void TraceWriter::Check(const Engine& engine) {
  BeginFrame(TraceFrame::kCheck);
  saver_(events_, engine.StateDigest(), digest_.value());
  EndFrame();
}

void TraceWriter::BeginFrame(TraceFrame kind) {
  frame_ = pending_.size();
  pending_.Extend(kTraceFrameHeaderBytes);
  saver_(kind);
}

void TraceWriter::EndFrame() {
  const ByteView payload =
      pending_.view().subspan(frame_ + kTraceFrameHeaderBytes);
  StoreU32(pending_.at(frame_), static_cast<uint32_t>(payload.size()));
  StoreU32(pending_.at(frame_) + 4, Crc32c(payload));
}

}  // namespace orrery::sim
