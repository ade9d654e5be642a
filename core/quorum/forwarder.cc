#include "core/quorum/forwarder.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/invariant.h"
#include "core/protocol/request_handle.h"
#include "core/version/causal_context.h"

namespace orrery {

namespace {

// Refused before anything was applied, for a reason that is the owner's own.
bool AnotherMayTakeIt(const WriteReply& reply) {
  const auto* refused = std::get_if<Refused>(&reply);
  if (refused == nullptr) return false;
  switch (refused->why) {
    case Refused::Why::kNotReady:
    case Refused::Why::kRingClosed:
    case Refused::Why::kOverloaded:
    case Refused::Why::kDiskFull:
    case Refused::Why::kReadOnly:
    case Refused::Why::kShuttingDown:
    case Refused::Why::kDamaged:
    case Refused::Why::kClockUnknown:
    case Refused::Why::kClockAhead:
      return true;
    case Refused::Why::kTooFewOwners:
    case Refused::Why::kReadQuorumFailed:
    case Refused::Why::kBadContext:
    case Refused::Why::kBadOperation:
    case Refused::Why::kOperationReused:
    case Refused::Why::kBadCursor:
    case Refused::Why::kBadName:
    case Refused::Why::kNameTaken:
    case Refused::Why::kSnapshotRunning:
    case Refused::Why::kDiskFailed:
    case Refused::Why::kTooManySiblings:
      return false;
  }
  return false;
}

}  // namespace

Forwarder::Forwarder(Command command) : command_(std::move(command)) {
  ORRERY_INVARIANT(!command_.reply.client.IsNone());
}

void Forwarder::Start(Handle handle, Conversation& here) {
  handle_ = handle;
  here.turn.timers.Arm(TimerKind::kForwardDeadline, handle_, command_.deadline);
  if (SendToNext(here)) return;
  here.Mark("forward.no_owner");
  const QuorumSets sets = Sets(here);
  // An owner itself, it forwards because it may not mint.
  const bool lacks_time = !here.turn.cluster.may_mint &&
                          CoordinatesHere(command_.key, here.routing);
  End(Refused{.why = lacks_time ? Refused::Why::kClockUnknown
                                : Refused::Why::kTooFewOwners,
              .required = sets.empty() ? 0 : sets.front().required},
      here);
}

// To the best owner not tried yet, or false if there is none.
bool Forwarder::SendToNext(Conversation& here) {
  for (const Owner& owner : ReachableOwners(Sets(here), here.routing)) {
    const bool usable =
        owner.node != here.routing.self() &&
        std::find(tried_.begin(), tried_.end(), owner) == tried_.end();
    if (!usable) continue;
    here.Mark("forward.sent");
    target_ = owner;
    tried_.push_back(owner);
    const Duration left = command_.deadline - here.now();
    here.turn.effects.Send(
        here.routing.EndpointOf(owner.node),
        ForwardWrite{.request = Tagged(handle_, RequestPool::kForward),
                     .verb = command_.verb,
                     .key = command_.key,
                     .value = command_.value,
                     .read_level = command_.read_level,
                     .write_level = command_.write_level,
                     .sloppy = command_.sloppy,
                     .has_context = command_.seen.has_value(),
                     .context = command_.seen.value_or(SeenVersions{}),
                     .operation = command_.operation,
                     .client_operation = command_.client_operation,
                     .proposed_stamp = command_.proposed_stamp,
                     .retry = command_.retry,
                     .keep = command_.keep,
                     .basis = command_.basis,
                     // The rest is for the answer's way back.
                     .remaining = left - left / 8,
                     .sent = here.turn.cluster.known ? here.turn.cluster_wall()
                                                     : WallTime{}});
    return true;
  }
  return false;
}

void Forwarder::OnForwardAck(const Owner& from, const ForwardWriteAck& ack,
                             Conversation& here) {
  if (done_ || from != target_) return;
  const bool may_try_next =
      AnotherMayTakeIt(ack.reply) && here.now() < command_.deadline;
  if (may_try_next && SendToNext(here)) {
    here.Mark("forward.refused_tried_next");
    return;
  }
  here.Mark("forward.answered");
  End(ack.reply, here);
}

void Forwarder::OnPeerLost(NodeId node, Conversation& here) {
  if (done_ || node != target_.node) return;
  here.Mark("forward.peer_lost");
  AnswerUnknown(here);
}

void Forwarder::OnDeadline(Conversation& here) {
  here.Mark("forward.deadline");
  AnswerUnknown(here);
}

void Forwarder::AnswerUnknown(Conversation& here) {
  const QuorumSets sets = Sets(here);
  End(OutcomeUnknown{.required = sets.empty() ? 0 : sets.front().required,
                     .operation = SealOperation(here.cluster, command_.key,
                                                command_.operation,
                                                command_.proposed_stamp)},
      here);
}

void Forwarder::End(const WriteReply& reply, Conversation& here) {
  Answer(command_.reply,
         std::visit([](const auto& one) { return ClientReply(one); }, reply),
         {}, here);
  done_ = true;
}

QuorumSets Forwarder::Sets(const Conversation& here) const {
  return ActiveSets(command_.key, command_.write_level,
                    here.options.write_quorum, here.routing);
}

void Forwarder::AddTo(Hasher& hasher) const {
  hasher.AddText(command_.key);
  hasher.Add(command_.operation.hi);
  hasher.Add(target_.node.value);
  hasher.Add(uint64_t{tried_.size()});
}

}  // namespace orrery
