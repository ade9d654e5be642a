#include "core/quorum/stamp_query.h"

#include <algorithm>

#include "core/base/invariant.h"
#include "core/protocol/request_handle.h"

namespace orrery {

namespace {

// It will have another ring soon, or this node will.
bool IsOfAnotherRing(ReplicaStatus status) {
  return status == ReplicaStatus::kStaleRing ||
         status == ReplicaStatus::kRingBehind ||
         status == ReplicaStatus::kPristine;
}

}  // namespace

StampQuery::StampQuery(Command command) : command_(std::move(command)) {
  ORRERY_INVARIANT(!command_.reply.client.IsNone());
}

void StampQuery::Start(Handle handle, Conversation& here) {
  handle_ = handle;
  here.Mark("stamp.asked");
  here.turn.timers.Arm(TimerKind::kStampDeadline, handle_, command_.deadline);
  AskAll(here);
}

void StampQuery::AskAll(Conversation& here) {
  sets_ = ActiveSets(command_.key, {Level::Kind::kQuorum, 0},
                     here.options.read_quorum, here.routing);
  tally_.emplace(sets_);
  waiting_.clear();
  const PreferenceList reachable = ReachableOwners(sets_, here.routing);
  for (const Owner& owner : OwnersOf(sets_)) {
    const bool can_reach =
        std::find(reachable.begin(), reachable.end(), owner) != reachable.end();
    if (can_reach) {
      Ask(owner, here);
    } else {
      tally_->RecordFailure(owner);
    }
  }
  Decide(here);
}

void StampQuery::Ask(const Owner& owner, Conversation& here) {
  if (IsSelf(owner, here.routing)) {
    here.local.reads.push_back(
        {.ticket = {TicketOwner::kStampQuery, 0, handle_},
         .key = command_.key,
         .depth = ReadDepth::kDigest});
    return;
  }
  here.turn.effects.Send(
      here.routing.EndpointOf(owner.node),
      ReplicaGet{.request = Tagged(handle_, RequestPool::kStampQuery),
                 .key = command_.key,
                 .depth = ReadDepth::kDigest});
}

void StampQuery::OnReadOutcome(const ReadOutcome& outcome, Conversation& here) {
  const Owner self{here.routing.self(), here.routing.self_storage()};
  if (outcome.status != ReplicaStatus::kOk) return Fail(self, here);
  Hear(self, outcome.suspect, outcome.top_stamp, here);
}

void StampQuery::OnGetAck(const Owner& from, const ReplicaGetAck& ack,
                          Conversation& here) {
  if (ack.status == ReplicaStatus::kOk) {
    return Hear(from, ack.suspect, ack.top_stamp, here);
  }
  if (IsOfAnotherRing(ack.status) && !asked_again_) {
    waiting_.push_back(from);
    here.turn.timers.Arm(TimerKind::kStampRetry, handle_,
                         here.now() + kPutRetryDelay);
    return;
  }
  Fail(from, here);
}

// Who is in doubt may lack the highest: what it has counts, its word does not.
void StampQuery::Hear(const Owner& owner, bool suspect, uint64_t top_stamp,
                      Conversation& here) {
  if (phase_ != Phase::kAsking || top_stamp > kStampMax) return;
  command_.basis = std::max(command_.basis, top_stamp);
  tally_->RecordAnswer(owner, {.suspect = suspect});
  Decide(here);
}

void StampQuery::Fail(const Owner& owner, Conversation& here) {
  if (phase_ != Phase::kAsking) return;
  tally_->RecordFailure(owner);
  Decide(here);
}

void StampQuery::OnPeerLost(NodeId node, Conversation& here) {
  for (const Owner& owner : OwnersOf(sets_)) {
    if (owner.node == node) Fail(owner, here);
  }
}

void StampQuery::OnRetry(Conversation& here) {
  here.Mark("stamp.asked_again");
  asked_again_ = true;
  for (const Owner& owner : waiting_) Ask(owner, here);
  waiting_.clear();
}

void StampQuery::OnDeadline(Conversation& here) {
  here.Mark("stamp.deadline");
  Refuse(here);
}

void StampQuery::OnRingInstalled(Conversation& here) {
  here.Mark("stamp.restarted");
  AskAll(here);
}

void StampQuery::Decide(Conversation& here) {
  if (tally_->HasQuorum()) {
    here.Mark("stamp.known");
    phase_ = Phase::kReady;
  } else if (tally_->IsOutOfReach()) {
    here.Mark("stamp.out_of_reach");
    Refuse(here);
  }
}

void StampQuery::Refuse(Conversation& here) {
  phase_ = Phase::kRefused;
  Answer(command_.reply,
         Refused{.why = Refused::Why::kReadQuorumFailed,
                 .required = tally_->required(),
                 .received = tally_->received()},
         {}, here);
}

// Behind a fast clock it is the basis that decides; two nodes that build on the
// same one are kept apart as C1 says.
StampQuery::Command StampQuery::TakeCommand(HybridClock& clock, WallTime wall,
                                            const Owner& self) {
  ORRERY_INVARIANT(phase_ == Phase::kReady);
  const uint64_t seen = command_.seen.has_value() ? command_.seen->stamp : 0;
  const uint64_t basis = std::max(command_.basis, seen);
  const uint64_t next = clock.Next(wall);
  const Actor actor{.storage = self.storage.hi};
  command_.proposed_stamp = next > basis ? next : StampAbove(basis, actor);
  command_.retry = true;
  return std::move(command_);
}

void StampQuery::AddTo(Hasher& hasher) const {
  hasher.AddText(command_.key);
  hasher.Add(command_.basis);
  hasher.Add(uint64_t{waiting_.size()});
}

}  // namespace orrery
