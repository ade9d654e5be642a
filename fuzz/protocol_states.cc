#include "fuzz/protocol_states.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <variant>

#include "core/base/hash.h"

namespace orrery::sim {
namespace {

// FNV-1a: marks are short literals.
uint64_t HashOf(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  }
  return hash;
}

bool IsAcknowledgement(const Event& event) {
  const auto* peer = std::get_if<PeerMessageEvent>(&event.body);
  if (peer == nullptr) return false;
  const PeerBody& body = peer->message.body;
  return std::holds_alternative<ReplicaPutAck>(body) ||
         std::holds_alternative<ReplicaGetAck>(body) ||
         std::holds_alternative<HintPutAck>(body);
}

}  // namespace

void ProtocolStates::OnStep(Instant, uint32_t node, const Event& event,
                            const Effects& effects, uint64_t) {
  NodeState& state = nodes_[node % kNodesMax];
  for (const SendEffect& send : effects.sends) {
    state.epoch = send.message.envelope.epoch.seq;
    newest_epoch_ = std::max(newest_epoch_, state.epoch);
  }
  if (!has_begun_) return;
  if (std::holds_alternative<StartEvent>(event.body)) state = {};
  if (std::holds_alternative<ClientRequest>(event.body)) state.acks = 0;
  if (IsAcknowledgement(event)) {
    state.acks = std::min(state.acks + 1, kAcksMax);
  }
  for (const std::string_view mark : effects.marks) {
    state.phase = HashOf(mark);
    Count(state);
  }
  if (effects.marks.empty() && IsAcknowledgement(event)) Count(state);
}

void ProtocolStates::OnScenarioStep(Instant, const Step&) { has_begun_ = true; }

void ProtocolStates::OnNote(Instant, uint32_t node, const Note& note) {
  if (note.kind != Note::Kind::kMemberState) return;
  // Which member is which does not matter, only that they differ.
  const uint64_t shift = Mix64(note.member.value) % 32 * 2;
  uint64_t& liveness = nodes_[node % kNodesMax].liveness;
  liveness &= ~(uint64_t{3} << shift);
  liveness |= uint64_t{note.detail & 3} << shift;
}

void ProtocolStates::Count(const NodeState& state) {
  const uint64_t behind = std::min<uint64_t>(newest_epoch_ - state.epoch, 3);
  const uint64_t tuple =
      Mix64(state.phase + Mix64(state.liveness * 16 + behind * 4 + state.acks));
  uint8_t& counter = counters_[tuple & (counters_.size() - 1)];
  if (counter == 0) ++distinct_;
  if (counter != std::numeric_limits<uint8_t>::max()) ++counter;
}

}  // namespace orrery::sim
