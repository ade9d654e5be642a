#include "sim/host/recorder.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/ring/token.h"
#include "sim/host/event_text.h"
#include "sim/host/text.h"
#include "sim/scenario_text.h"
#include "sim/sim_network.h"

namespace orrery::sim {
namespace {

int64_t Us(Instant now) { return now.ns / kMicrosecond.ns; }

constexpr std::string_view kDown = "down";
constexpr std::string_view kFrozen = "frozen";

}  // namespace

Recorder::Recorder(uint32_t nodes, uint32_t keys, Recording* recording)
    : nodes_(nodes),
      recording_(recording),
      arrived_(nodes),
      last_event_(nodes),
      held_(nodes) {
  for (uint32_t key = 0; key < keys; ++key) {
    key_of_token_[TokenOf(KeyText(key))] = key;
  }
}

// Messages of the core name the key, or answer one that did.
std::optional<uint32_t> Recorder::KeyOfMessage(uint32_t owner_of_answers,
                                               const PeerMessage& message) {
  const std::optional<uint32_t> sender =
      NodeOfEndpoint(message.envelope.reply_to);
  return std::visit(
      [&](const auto& body) -> std::optional<uint32_t> {
        if constexpr (requires { body.object; }) NoteVersions(body.object);
        if constexpr (requires {
                        body.key;
                        body.request.slot;
                      }) {
          const std::optional<uint32_t> key = KeyOfText(body.key);
          if (key.has_value() && sender.has_value()) {
            talks_[{*sender, body.request.slot, body.request.gen}] = *key;
          }
          return key;
        } else if constexpr (requires { body.request.slot; }) {
          const auto talk = talks_.find(
              {owner_of_answers, body.request.slot, body.request.gen});
          if (talk == talks_.end()) return std::nullopt;
          return talk->second;
        } else {
          return std::nullopt;
        }
      },
      message.body);
}

std::optional<uint32_t> Recorder::KeyOf(uint32_t node, const Event& event) {
  if (const auto* request = std::get_if<ClientRequest>(&event.body)) {
    return KeyOfText(request->key);
  }
  if (const auto* received = std::get_if<PeerMessageEvent>(&event.body)) {
    return KeyOfMessage(node, received->message);
  }
  return std::nullopt;
}

void Recorder::NoteVersions(const Object& object) {
  for (const Sibling& sibling : object.siblings) {
    const std::optional<uint32_t> op = OpOfValue(sibling.value.text());
    if (op.has_value()) named_.emplace(sibling.stamp, Cat("op", *op));
  }
}

void Recorder::OnStep(Instant now, uint32_t node, const Event& event,
                      const Effects& effects, uint64_t) {
  const auto index = static_cast<uint32_t>(recording_->events.size());
  if (std::holds_alternative<StartEvent>(event.body)) {
    End(kDown, node, now);
    arrived_[node].clear();
  }
  Recording::Happened happened{.at = Us(now),
                               .node = node,
                               .key = KeyOf(node, event),
                               .text = EventText(event),
                               .effects = {}};
  for (const std::string& line : EffectTexts(effects)) {
    if (!happened.effects.empty()) happened.effects += '\n';
    happened.effects += line;
  }
  if (effects.stopped) Begin(kDown, node, now);
  for (const SendEffect& send : effects.sends) {
    const std::optional<uint32_t> to = NodeOfEndpoint(send.to);
    const std::optional<uint32_t> key =
        KeyOfMessage(to.value_or(node), send.message);
    if (!happened.key.has_value()) happened.key = key;
  }
  const bool is_message =
      std::holds_alternative<PeerMessageEvent>(event.body) ||
      std::holds_alternative<DatagramEvent>(event.body);
  if (is_message && !arrived_[node].empty()) {
    recording_->messages[arrived_[node].front() - 1].received_by = index;
    arrived_[node].pop_front();
  }
  last_event_[node] = index;
  recording_->events.push_back(std::move(happened));
}

void Recorder::OnSent(Instant, const FlightView& flight) {
  recording_->messages.push_back(
      {.sent_by = last_event_[flight.from].value_or(0),
       .received_by = std::nullopt,
       .ended = -1,
       .to = flight.to,
       .gossip = flight.lane >= std::variant_size_v<PeerBody>,
       .lost = {}});
}

void Recorder::OnArrived(Instant now, uint64_t id) {
  Recording::Message& message = recording_->messages[id - 1];
  message.ended = Us(now);
  arrived_[message.to].push_back(id);
}

void Recorder::OnLost(Instant now, uint64_t id, std::string_view why) {
  Recording::Message& message = recording_->messages[id - 1];
  message.ended = Us(now);
  message.lost = why;
}

void Recorder::OnNote(Instant now, uint32_t node, const Note& note) {
  if (note.kind == Note::Kind::kFatal) Begin(kDown, node, now);
  if (!last_event_[node].has_value()) return;
  std::string& effects = recording_->events[*last_event_[node]].effects;
  if (!effects.empty()) effects += '\n';
  effects += "note " + NoteText(note);
}

void Recorder::OnEntries(Instant now, uint32_t node,
                         const std::vector<KeyEntry>& entries) {
  std::map<uint32_t, uint64_t>& before = held_[node];
  std::map<uint32_t, uint64_t> after;
  for (const KeyEntry& entry : entries) {
    const auto key = key_of_token_.find(entry.token);
    if (key == key_of_token_.end()) continue;
    after[key->second] = entry.timestamp;
    const auto known = before.find(key->second);
    if (known != before.end() && known->second == entry.timestamp) continue;
    recording_->values.push_back({.at = Us(now),
                                  .node = node,
                                  .key = key->second,
                                  .version = entry.timestamp,
                                  .tombstone = entry.tombstone});
  }
  for (const auto& [key, version] : before) {
    if (after.contains(key)) continue;
    recording_->values.push_back({.at = Us(now),
                                  .node = node,
                                  .key = key,
                                  .version = 0,
                                  .tombstone = false});
  }
  before = std::move(after);
}

void Recorder::Begin(std::string_view kind, uint32_t node, Instant now) {
  for (const Recording::Outage& outage : recording_->outages) {
    if (outage.node == node && outage.kind == kind && outage.until_us < 0) {
      return;
    }
  }
  recording_->outages.push_back(
      {.kind = kind, .from_us = Us(now), .until_us = -1, .node = node});
}

void Recorder::End(std::string_view kind, uint32_t node, Instant now) {
  for (Recording::Outage& outage : recording_->outages) {
    if (outage.node == node && outage.kind == kind && outage.until_us < 0) {
      outage.until_us = Us(now);
    }
  }
}

void Recorder::Break(std::string_view kind, const Link& link, Instant now) {
  const uint32_t from = link.from % nodes_;
  const uint32_t to = link.to % nodes_;
  if (from == to) return;
  recording_->link_faults.push_back({.kind = kind,
                                     .from_us = Us(now),
                                     .until_us = -1,
                                     .from = from,
                                     .to = to});
  if (link.both) Break(kind, {link.to, link.from, false}, now);
}

void Recorder::Mend(const std::optional<Link>& link, Instant now) {
  for (Recording::LinkFault& fault : recording_->link_faults) {
    if (fault.until_us >= 0) continue;
    if (link.has_value()) {
      const uint32_t from = link->from % nodes_;
      const uint32_t to = link->to % nodes_;
      const bool one = fault.from == from && fault.to == to;
      const bool other = link->both && fault.from == to && fault.to == from;
      if (!one && !other) continue;
    }
    fault.until_us = Us(now);
  }
}

// What a step of the scenario breaks or mends, as the picture shows it.
struct Recorder::StepRecorder {
  Recorder& recorder;
  Instant now;

  void operator()(const OpStep&) const {}
  void operator()(const NodeStep& step) const {
    const uint32_t node = step.node % recorder.nodes_;
    switch (step.kind) {
      case NodeStep::Kind::kCrash:
      case NodeStep::Kind::kWipe:
      case NodeStep::Kind::kRestore:
        recorder.End(kFrozen, node, now);
        recorder.Begin(kDown, node, now);
        return;
      case NodeStep::Kind::kPause:
        recorder.Begin(kFrozen, node, now);
        return;
      case NodeStep::Kind::kResume:
        recorder.End(kFrozen, node, now);
        return;
      case NodeStep::Kind::kRestart:
      case NodeStep::Kind::kStop:
      case NodeStep::Kind::kStorm:
      case NodeStep::Kind::kDeaf:
      case NodeStep::Kind::kMute:
      case NodeStep::Kind::kHeard:
      case NodeStep::Kind::kSnapshot:
        return;  // Its start event says so, and its last effects.
    }
  }
  void operator()(const PowerLossStep& step) const {
    const uint32_t node = step.node % recorder.nodes_;
    recorder.End(kFrozen, node, now);
    recorder.Begin(kDown, node, now);
  }
  void operator()(const LinkStep& step) const {
    switch (step.kind) {
      case LinkStep::Kind::kCut:
        return recorder.Break("cut", step.link, now);
      case LinkStep::Kind::kClog:
        return recorder.Break("slow", step.link, now);
      case LinkStep::Kind::kHold:
        return recorder.Break("held", step.link, now);
      case LinkStep::Kind::kChoke:
        return recorder.Break("choked", step.link, now);
      case LinkStep::Kind::kRelease:
        return recorder.Mend(step.link, now);
      case LinkStep::Kind::kHalfOpen:
      case LinkStep::Kind::kReset:
        return;  // Of one connection: its messages show it.
    }
  }
  void operator()(const SplitStep& step) const {
    for (const uint32_t left : step.left) {
      for (const uint32_t right : step.right) {
        recorder.Break("cut", {left, right, true}, now);
      }
    }
  }
  void operator()(const HealStep& step) const { recorder.Mend(step.link, now); }
  void operator()(const ClockStep&) const {}
  void operator()(const DiskStep&) const {}
  void operator()(const KnobStep&) const {}
};

void Recorder::OnScenarioStep(Instant now, const Step& step) {
  std::visit(StepRecorder{*this, now}, step);
  if (std::holds_alternative<OpStep>(step)) return;
  recording_->steps.push_back({Us(now), PrintStep(step)});
}

std::vector<Recording::VersionName> Recorder::Versions() const {
  std::vector<Recording::VersionName> versions;
  versions.reserve(named_.size());
  for (const auto& [version, name] : named_) {
    versions.push_back({version, name});
  }
  return versions;
}

Recording Record(const std::string& name, const Scenario& scenario) {
  Recording recording;
  recording.name = name;
  recording.scenario = scenario;
  const Config config = SettingsOf(scenario).config;
  Recorder recorder(config.nodes, config.keys, &recording);
  RunOptions options;
  options.listener = &recorder;
  World world(scenario, options);
  recording.result = world.Run();
  recording.operations = world.evidence().history.operations();
  recording.versions = recorder.Versions();
  return recording;
}

}  // namespace orrery::sim
