#include "core/membership/failure_detector.h"

#include <algorithm>
#include <span>

#include "core/base/invariant.h"
#include "core/membership/incarnation.h"

namespace orrery {

namespace {

constexpr size_t kHelpers = 3;
constexpr Duration kRelayLifetime = 2 * kSecond;
constexpr Duration kFramePingInterval = 2 * kSecond;
constexpr int64_t kPeriodJitterPercent = 10;

}  // namespace

FailureDetector::FailureDetector(const Wiring& wiring) : in_(wiring) {}

void FailureDetector::Start(Prng random, Turn& turn) {
  random_ = random;
  turn.timers.Arm(TimerKind::kProbe, Handle{},
                  turn.now() + in_.local.options.gossip_interval);
}

void FailureDetector::OnTopology(Turn& turn) {
  for (const auto& [id, member] : in_.table.entries()) {
    if (id == in_.local.id) continue;
    const Handle handle = TimerHandleOf(id);
    if (!in_.suspicion.IsObservedHere(id)) {
      turn.timers.Cancel(TimerKind::kProbe, handle);
      turn.timers.Cancel(TimerKind::kProbeTimeout, handle);
      continue;
    }
    if (turn.timers.IsArmed(TimerKind::kProbe, handle)) continue;
    // Spread over one interval, so that a cluster does not ping in step.
    const int64_t delay =
        random_.Between(0, in_.local.options.gossip_interval.ns - 1);
    turn.timers.Arm(TimerKind::kProbe, handle, turn.now() + Duration{delay});
  }
}

void FailureDetector::OnTimer(const TimerHeap::Due& due, Turn& turn) {
  if (due.kind == TimerKind::kProbeTimeout) {
    OnProbeTimeout(NodeOfTimer(due.handle), turn);
  } else if (due.handle == Handle{}) {
    OnExtraProbe(turn);
  } else {
    OnProbe(NodeOfTimer(due.handle), turn);
  }
}

void FailureDetector::OnHeard(NodeId id, Turn& turn) {
  turn.timers.Cancel(TimerKind::kProbeTimeout, TimerHandleOf(id));
}

void FailureDetector::OnProbe(NodeId id, Turn& turn) {
  Member* subject = in_.table.Mutable(id);
  if (subject == nullptr || !in_.suspicion.IsObservedHere(id)) return;
  const Duration interval = in_.local.options.gossip_interval;
  turn.timers.Arm(TimerKind::kProbe, TimerHandleOf(id),
                  turn.now() + Jittered(interval));
  if (subject->record.gossip.IsNone()) return;  // A stub.

  const uint32_t seq = SendPing(subject->record.gossip, id, turn);
  if (subject->ping_seq == 0) {
    subject->ping_seq = seq;
    turn.timers.Arm(TimerKind::kProbeTimeout, TimerHandleOf(id),
                    turn.now() + interval / 2);
  }
}

void FailureDetector::OnExtraProbe(Turn& turn) {
  turn.timers.Arm(TimerKind::kProbe, Handle{},
                  turn.now() + Jittered(in_.local.options.gossip_interval));
  if (in_.suspicion.observers().IsComplete()) return;
  const MemberTable::Entries& entries = in_.table.entries();
  auto next = entries.upper_bound(last_extra_);
  for (size_t step = 0; step < entries.size(); ++step) {
    if (next == entries.end()) next = entries.begin();
    const Member& member = next->second;
    last_extra_ = next->first;
    ++next;
    const bool live = member.state == MemberState::kAlive ||
                      member.state == MemberState::kSuspect;
    if (last_extra_ == in_.local.id || !live) continue;
    if (member.record.gossip.IsNone()) continue;
    if (in_.suspicion.IsObservedHere(last_extra_)) continue;
    SendPing(member.record.gossip, last_extra_, turn);
    return;
  }
}

// DOUBT.  Ends when the subject is heard, or no longer watched.
void FailureDetector::OnProbeTimeout(NodeId id, Turn& turn) {
  Member* subject = in_.table.Mutable(id);
  if (subject == nullptr || !in_.suspicion.IsObservedHere(id)) return;
  if (subject->ping_seq == 0) return;
  subject->in_doubt = true;
  turn.timers.Arm(TimerKind::kProbeTimeout, TimerHandleOf(id),
                  turn.now() + in_.local.options.gossip_interval * 3 / 10);
  SendPing(subject->record.gossip, id, turn);
  AskHelpers(*subject, turn);
  PingOverFrames(*subject, turn);
}

void FailureDetector::AskHelpers(const Member& subject, Turn& turn) {
  std::vector<const Member*> helpers;
  for (const auto& [id, member] : in_.table.entries()) {
    if (id == in_.local.id || id == subject.record.id) continue;
    if (member.state != MemberState::kAlive || member.in_doubt) continue;
    if (!member.record.gossip.IsNone()) helpers.push_back(&member);
  }
  random_.Shuffle(std::span<const Member*>(helpers));
  if (helpers.size() > kHelpers) helpers.resize(kHelpers);
  for (const Member* helper : helpers) {
    turn.effects.Mark("membership.indirect_ping");
    in_.sender.Send(helper->record.gossip, helper->record.id,
                    PingRequest{.seq = subject.ping_seq,
                                .target = subject.record.id,
                                .target_endpoint = subject.record.gossip},
                    turn);
  }
}

// UDP alone may be lost on the way: a frame that asks for an answer.
void FailureDetector::PingOverFrames(Member& subject, Turn& turn) {
  if (turn.now() < subject.frame_ping_at + kFramePingInterval) return;
  subject.frame_ping_at = turn.now();
  MemberSync ping{.answer_wanted = true, .records = {subject.record}};
  turn.effects.Send(subject.record.gossip, std::move(ping));
}

uint32_t FailureDetector::SendPing(const Endpoint& to, NodeId target,
                                   Turn& turn) {
  const uint32_t seq = next_seq_++;
  if (next_seq_ == 0) next_seq_ = 1;  // 0 is "no ping in flight".
  in_.clock.OnPingSent(seq, target, turn);
  const Member* member = in_.table.Find(target);
  const uint32_t generation =
      member == nullptr ? 0 : member->record.incarnation.generation;
  in_.sender.Send(to, target,
                  Ping{.seq = seq,
                       .target = target,
                       .expected_generation = generation,
                       .view_hash = in_.table.ViewHash(),
                       .wall_ns = turn.wall().ns},
                  turn);
  return seq;
}

void FailureDetector::PingOnce(const Endpoint& to, NodeId target, Turn& turn) {
  SendPing(to, target, turn);
}

// A ping meant for another node's address is not answered: its sender would
// take this node for the one it looks for.
void FailureDetector::OnPing(const Ping& ping, NodeId from,
                             const Endpoint& source, Turn& turn) {
  if (!ping.target.IsZero() && ping.target != in_.local.id) return;
  in_.sender.Send(source, from,
                  Ack{.seq = ping.seq,
                      .view_hash = in_.table.ViewHash(),
                      .receive_delay_us = 0,
                      .wall_ns = turn.wall().ns},
                  turn);
}

void FailureDetector::OnAck(const Ack& ack, NodeId from, Turn& turn) {
  while (!relays_.empty() && relays_.front().expires <= turn.now()) {
    relays_.pop_front();
  }
  for (auto relay = relays_.begin(); relay != relays_.end(); ++relay) {
    if (relay->seq != ack.seq || relay->target != from) continue;
    const Member* member = in_.table.Find(from);
    if (member != nullptr) {
      turn.effects.Mark("membership.relayed_ack");
      in_.sender.Send(relay->origin, relay->origin_id,
                      ForwardedAck{.seq = relay->origin_seq,
                                   .target = from,
                                   .target_generation =
                                       member->record.incarnation.generation},
                      turn);
    }
    relays_.erase(relay);
    return;
  }
}

// Pings the target at the address known here, never at one from a payload.
void FailureDetector::OnPingRequest(const PingRequest& request, NodeId from,
                                    const Endpoint& source, Turn& turn) {
  const Member* target = in_.table.Find(request.target);
  if (target == nullptr || target->record.gossip.IsNone()) return;
  if (request.target == in_.local.id) return;
  if (relays_.size() == kRelaysMax) relays_.pop_front();  // FDT-2
  const uint32_t seq = SendPing(target->record.gossip, request.target, turn);
  relays_.push_back({seq, request.target, source, from, request.seq,
                     turn.now() + kRelayLifetime});
}

void FailureDetector::OnForwardedAck(const ForwardedAck& ack, Turn& turn) {
  if (in_.suspicion.OnEvidence(ack.target, ack.target_generation, 0, turn)) {
    OnHeard(ack.target, turn);
  }
}

Duration FailureDetector::Jittered(Duration period) {
  const int64_t spread = period.ns * kPeriodJitterPercent / 100;
  return Duration{period.ns + random_.Between(-spread, spread)};
}

void FailureDetector::Postpone(Duration late) {
  for (Relay& relay : relays_) relay.expires = relay.expires + late;
}

}  // namespace orrery
