#include "sim/trace/trace_replayer.h"

#include <algorithm>
#include <variant>

namespace orrery::sim {

std::string TraceReplayer::Take(const TraceReader::Item& item,
                                const TraceReader& reader) {
  if (const auto* start = std::get_if<TraceReader::Start>(&item)) {
    engine_ = std::make_unique<Engine>(start->options);
    form_ = start->form;
    digest_ = RunDigest(form_.digest);
  } else if (const auto* event = std::get_if<Event>(&item)) {
    effects_.Clear();
    engine_->Step(*event, effects_);
    digest_.Add(event->at.mono, 0, *event, effects_);
    ++events_;
    ++taken_;
  } else if (const auto* check = std::get_if<TraceReader::Check>(&item)) {
    return Compare(*check);
  } else if (const auto* snapshot = std::get_if<TraceReader::Snapshot>(&item)) {
    return OnSnapshot(*snapshot, reader);
  }
  return {};  // What was touched is known since the snapshot.
}

std::string TraceReplayer::OnSnapshot(const TraceReader::Snapshot& snapshot,
                                      const TraceReader& reader) {
  if (taken_ == 0) {
    if (!engine_->LoadSnapshot(snapshot.state, form_.values)) {
      return "a snapshot is damaged";
    }
    events_ = snapshot.check.events;
    digest_ = RunDigest(form_.digest);
    digest_.AddNumber(snapshot.check.effects);
  } else {
    const std::string wrong = Compare(snapshot.check);
    if (!wrong.empty()) return wrong;
    state_.clear();
    engine_->SaveSnapshot({.values = form_.values}, state_);
    if (!std::ranges::equal(state_.view(), snapshot.state)) {
      return "its state differs from the snapshot";
    }
    digest_ = RunDigest(form_.digest);
    digest_.AddNumber(snapshot.check.effects);
  }
  ++snapshots_;
  for (const TraceReader::Touched& touched : reader.TouchedAhead()) {
    if (!engine_->RevealTouched(touched.entries)) {
      return "it names an index entry that differs from what was there";
    }
  }
  return {};
}

std::string TraceReplayer::Compare(const TraceReader::Check& recorded) {
  if (events_ != recorded.events) return "events differ in number";
  if (digest_.value() != recorded.effects) return "its effects differ";
  if (engine_->StateDigest() != recorded.state) return "its state differs";
  ++checks_;
  checked_ = events_;
  return {};
}

}  // namespace orrery::sim
