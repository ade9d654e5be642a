#include "core/quorum/put_coordinator.h"

#include <algorithm>
#include <utility>

#include "core/base/invariant.h"
#include "core/protocol/request_handle.h"
#include "core/ring/token.h"
#include "core/version/causal_context.h"
#include "core/version/object_merge.h"
#include "core/version/version_vector.h"

namespace orrery {

namespace {

Refused::Why RefusalOf(ReplicaStatus status) {
  switch (status) {
    case ReplicaStatus::kFull:
      return Refused::Why::kDiskFull;
    case ReplicaStatus::kReadOnly:
      return Refused::Why::kReadOnly;
    case ReplicaStatus::kCorrupt:
    case ReplicaStatus::kReadError:
      return Refused::Why::kDamaged;
    case ReplicaStatus::kBusy:
      return Refused::Why::kOverloaded;
    case ReplicaStatus::kClockAhead:
      return Refused::Why::kClockAhead;
    case ReplicaStatus::kOk:
    case ReplicaStatus::kNotReady:
    case ReplicaStatus::kStaleRing:
    case ReplicaStatus::kRingBehind:
    case ReplicaStatus::kPristine:
    case ReplicaStatus::kBelowFloor:
    case ReplicaStatus::kUnknown:
    case ReplicaStatus::kTooManySiblings:
      break;
  }
  return Refused::Why::kNotReady;
}

}  // namespace

PutCoordinator::PutCoordinator(Command command)
    : command_(std::move(command)) {}

void PutCoordinator::Start(Handle handle, Conversation& here) {
  handle_ = handle;
  sets_ = ActiveSets(command_.key, command_.write_level,
                     here.options.write_quorum, here.routing);
  if (sets_.empty()) return Refuse(Refused::Why::kNotReady, 0, 0, here);
  tally_.emplace(PutTally::Options{.sets = sets_, .sloppy = command_.sloppy});
  for (const Owner& owner : OwnersOf(sets_)) {
    if (!IsSelf(owner, here.routing)) slots_.push_back({.owner = owner});
  }
  if (!Admit(here)) return;
  here.Mark("put.admitted");
  here.turn.timers.Arm(TimerKind::kPutDeadline, handle_, command_.deadline);
  const bool reads_first =
      command_.verb == ClientVerb::kDelete && !command_.seen.has_value();
  if (reads_first) return ReadVersions(here);
  Mint(here);
}

// W4: counted by belief; whether it was enough is counted by answers.
bool PutCoordinator::Admit(Conversation& here) {
  const PreferenceList reachable = ReachableOwners(sets_, here.routing);
  const auto can_reach = [&](const Owner& owner) {
    return std::find(reachable.begin(), reachable.end(), owner) !=
           reachable.end();
  };
  for (const QuorumSet& set : sets_) {
    const auto owners = static_cast<uint32_t>(
        std::count_if(set.owners.begin(), set.owners.end(), can_reach));
    uint32_t usable = owners;
    if (command_.sloppy && owners < set.required) {
      const auto absent = static_cast<uint32_t>(set.owners.size()) - owners;
      usable += std::min(absent, StandInsFor(here));
    }
    if (usable < set.required) {
      here.Mark("put.refused_before_sending");
      Refuse(Refused::Why::kTooFewOwners, set.required, owners, here);
      return false;
    }
  }
  return true;
}

void PutCoordinator::Refuse(Refused::Why why, uint32_t required,
                            uint32_t received, Conversation& here) {
  ORRERY_INVARIANT(phase_ == Phase::kReading ||
                   phase_ == Phase::kMinting);  // PUT-1
  Answer(command_.reply,
         Refused{.why = why, .required = required, .received = received}, {},
         here);
  phase_ = Phase::kDone;
}

// With what is there, so that the client can decide what is to be left of it.
void PutCoordinator::RefuseForSiblings(const Object& stored,
                                       Conversation& here) {
  here.Mark("put.too_many_siblings");
  Answer(command_.reply,
         Refused{.why = Refused::Why::kTooManySiblings,
                 .context =
                     SealContext(here.cluster, command_.key, SeenOf(stored))},
         {}, here);
  phase_ = Phase::kDone;
}

// A DELETE without context covers what R owners hold now.  All are asked: the
// answers are small, and the slowest does not matter.
void PutCoordinator::ReadVersions(Conversation& here) {
  here.Mark("put.delete_read");
  phase_ = Phase::kReading;
  versions_.emplace(ActiveSets(command_.key, command_.read_level,
                               here.options.read_quorum, here.routing));
  const PreferenceList reachable = ReachableOwners(sets_, here.routing);
  for (const Owner& owner : OwnersOf(sets_)) {
    const bool can_reach =
        std::find(reachable.begin(), reachable.end(), owner) != reachable.end();
    if (!can_reach) {
      versions_->RecordFailure(owner);
    } else if (IsSelf(owner, here.routing)) {
      here.local.reads.push_back(
          {.ticket = {TicketOwner::kPutCoordinator, 0, handle_},
           .key = command_.key,
           .depth = ReadDepth::kVersions});
    } else {
      here.turn.effects.Send(
          here.routing.EndpointOf(owner.node),
          ReplicaGet{.request = Tagged(handle_, RequestPool::kDeleteRead),
                     .key = command_.key,
                     .depth = ReadDepth::kVersions});
    }
  }
  FinishReading(here);
}

void PutCoordinator::OnReadOutcome(const ReadOutcome& outcome,
                                   Conversation& here) {
  OnVersions({here.routing.self(), here.routing.self_storage()}, outcome.status,
             outcome.suspect, outcome.object, here);
}

void PutCoordinator::OnGetAck(const Owner& from, const ReplicaGetAck& ack,
                              Conversation& here) {
  OnVersions(from, ack.status, ack.suspect, ack.object, here);
}

void PutCoordinator::OnVersions(const Owner& from, ReplicaStatus status,
                                bool suspect, const Object& versions,
                                Conversation& here) {
  if (phase_ != Phase::kReading) return;
  if (!IsSelf(from, here.routing) && SlotOf(from) == nullptr) return;
  if (status != ReplicaStatus::kOk || !IsWellFormed(versions)) {
    versions_->RecordFailure(from);
    return FinishReading(here);
  }
  versions_->RecordAnswer(from,
                          {.digest = DigestOf(versions), .suspect = suspect});
  versions_seen_ = Merge(versions_seen_, versions);
  FinishReading(here);
}

void PutCoordinator::FinishReading(Conversation& here) {
  if (versions_->HasQuorum()) {
    const SeenVersions seen = SeenOf(versions_seen_);
    // A repeated DELETE keeps its stamp, so it may not cover what is newer:
    // by rank it still beats all that its first attempt had to beat.
    const bool may_cover =
        !command_.retry || seen.stamp < command_.proposed_stamp;
    if (may_cover && !seen.vv.entries.empty()) command_.seen = seen;
    return Mint(here);
  }
  if (!versions_->IsOutOfReach()) return;
  here.Mark("put.delete_read_failed");
  Refuse(Refused::Why::kReadQuorumFailed, versions_->required(),
         versions_->received(), here);
}

void PutCoordinator::Mint(Conversation& here) {
  phase_ = Phase::kMinting;
  here.local.mints.push_back(
      {.ticket = {TicketOwner::kPutCoordinator, 0, handle_},
       .key = command_.key,
       .tombstone = command_.verb == ClientVerb::kDelete,
       .keep = command_.keep,
       .value = command_.value,
       .seen = command_.seen,
       .operation = command_.operation,
       .proposed_stamp = command_.proposed_stamp,
       .retry = command_.retry,
       .basis = command_.basis,
       .minted = command_.minted,
       .deadline = command_.deadline});
}

void PutCoordinator::OnWriteOutcome(const WriteOutcome& outcome,
                                    Conversation& here) {
  if (outcome.status != ReplicaStatus::kOk) {
    return OnMintRefused(outcome, here);
  }
  if (outcome.repeated) here.Mark("put.repeated");
  object_ = outcome.object;
  stamp_ = outcome.stamp;
  dot_ = outcome.dot;
  basis_ = outcome.basis;
  top_stamp_ = std::max(top_stamp_, outcome.top_stamp);
  promise_ = outcome.promise;
  tally_->RecordAck({here.routing.self(), here.routing.self_storage()},
                    outcome.synced);
  if (IsAnswered()) {  // The store took longer than the client waits.
    here.turn.timers.Arm(TimerKind::kPutDeadline, handle_,
                         here.now() + here.options.request_timeout);
  }
  Replicate(here);
  Decide(here);
}

void PutCoordinator::OnMintRefused(const WriteOutcome& outcome,
                                   Conversation& here) {
  const ReplicaStatus status = outcome.status;
  here.Mark("put.mint_refused");
  if (IsAnswered()) {  // The deadline came first: said to be unknown.
    phase_ = Phase::kDone;
    return;
  }
  const uint32_t required = tally_->required();
  switch (status) {
    case ReplicaStatus::kUnknown:
      AnswerUnknown(here);
      phase_ = Phase::kDone;
      return;
    case ReplicaStatus::kBusy:
      return Refuse(Refused::Why::kOverloaded, required, 0, here);
    case ReplicaStatus::kTooManySiblings:
      return RefuseForSiblings(outcome.object, here);
    case ReplicaStatus::kFull:
    case ReplicaStatus::kReadOnly:
    case ReplicaStatus::kCorrupt:
    case ReplicaStatus::kReadError:
    case ReplicaStatus::kNotReady:
    case ReplicaStatus::kClockAhead:
      break;
    case ReplicaStatus::kOk:
    case ReplicaStatus::kStaleRing:
    case ReplicaStatus::kRingBehind:
    case ReplicaStatus::kPristine:
    case ReplicaStatus::kBelowFloor:
      ORRERY_UNREACHABLE("the own store knows no ring");
  }
  // Nothing was stored; another owner may be able to take it.
  const bool may_hand_over = !command_.reply.client.IsNone() &&
                             ReachableOwners(sets_, here.routing).size() > 1;
  if (may_hand_over) {
    phase_ = Phase::kHandingOver;
    return;
  }
  Refuse(RefusalOf(status), required, 0, here);
}

void PutCoordinator::Replicate(Conversation& here) {
  if (!IsAnswered()) phase_ = Phase::kReplicating;
  for (Slot& slot : slots_) {
    if (here.routing.IsReachable(slot.owner.node)) {
      SendTo(slot, here);
    } else {
      GiveUp(slot, here);
    }
  }
}

void PutCoordinator::SendTo(Slot& slot, Conversation& here) {
  slot.state = SlotState::kSent;
  here.turn.effects.Send(here.routing.EndpointOf(slot.owner.node),
                         ReplicaPut{.request = handle_,
                                    .origin = PutOrigin::kFresh,
                                    .key = command_.key,
                                    .object = object_,
                                    .basis = basis_});
}

void PutCoordinator::GiveUp(Slot& slot, Conversation& here) {
  tally_->RecordFailure(slot.owner);
  HintFor(slot, here);
}

// H1, H3: on the next stand-in, or here, where it never counts.
void PutCoordinator::HintFor(Slot& slot, Conversation& here) {
  slot.stand_in = NextStandIn(here);
  if (slot.stand_in.IsZero()) {
    here.Mark("put.hint_kept_here");
    slot.state = SlotState::kHinted;
    tally_->RecordHintFailure(slot.owner);
    here.local.hints.push_back(
        {.ticket = {TicketOwner::kPutCoordinator, 0, handle_},
         .target = slot.owner.node,
         .storage = slot.owner.storage,
         .key = command_.key,
         .object = object_,
         .epoch = here.routing.ring()->epoch()});
    return;
  }
  here.Mark("put.hint_sent");
  slot.state = SlotState::kHinting;
  here.turn.effects.Send(here.routing.EndpointOf(slot.stand_in),
                         HintPut{.request = handle_,
                                 .target = slot.owner.node,
                                 .target_storage = slot.owner.storage,
                                 .key = command_.key,
                                 .object = object_,
                                 .counted = command_.sloppy});
}

uint32_t PutCoordinator::StandInsFor(const Conversation& here) {
  if (!stand_ins_known_) {
    stand_ins_known_ = true;
    stand_ins_ = here.routing.ring()->NonOwnersClockwise(TokenOf(command_.key));
    std::erase_if(stand_ins_,
                  [&](NodeId node) { return !here.routing.IsReachable(node); });
  }
  return static_cast<uint32_t>(stand_ins_.size());
}

NodeId PutCoordinator::NextStandIn(const Conversation& here) {
  const uint32_t count = StandInsFor(here);
  while (next_stand_in_ < count) {
    const NodeId node = stand_ins_[next_stand_in_++];
    if (here.routing.IsReachable(node)) return node;
  }
  return {};
}

void PutCoordinator::OnPutAck(const Owner& from, const ReplicaPutAck& ack,
                              Conversation& here) {
  Slot* slot = SlotOf(from);
  if (slot == nullptr || slot->state == SlotState::kIdle) return;
  if (IsAnswered()) here.Mark("put.answer_after_verdict");
  switch (ack.status) {
    case ReplicaStatus::kOk:
      top_stamp_ = std::max(top_stamp_, ack.top_stamp);
      tally_->RecordAck(slot->owner, ack.synced);
      slot->state = SlotState::kMerged;
      break;
    case ReplicaStatus::kStaleRing:
    case ReplicaStatus::kRingBehind:
    case ReplicaStatus::kPristine:
      if (slot->state != SlotState::kSent) return;
      if (slot->asked_again) {
        GiveUp(*slot, here);
        break;
      }
      slot->state = SlotState::kWaiting;
      here.turn.timers.Arm(TimerKind::kPutRetry, handle_,
                           here.now() + kPutRetryDelay);
      return;
    case ReplicaStatus::kNotReady:
    case ReplicaStatus::kCorrupt:
    case ReplicaStatus::kReadError:
    case ReplicaStatus::kBusy:
    case ReplicaStatus::kFull:
    case ReplicaStatus::kReadOnly:
    case ReplicaStatus::kBelowFloor:
    case ReplicaStatus::kUnknown:
    case ReplicaStatus::kTooManySiblings:
    case ReplicaStatus::kClockAhead:
      if (slot->state != SlotState::kSent) return;
      GiveUp(*slot, here);
      break;
  }
  Decide(here);
}

void PutCoordinator::OnHintAck(NodeId stand_in, const HintPutAck& ack,
                               Conversation& here) {
  for (Slot& slot : slots_) {
    if (slot.state != SlotState::kHinting || slot.stand_in != stand_in) {
      continue;
    }
    if (ack.status == ReplicaStatus::kOk) {
      if (command_.sloppy && ack.synced) here.Mark("put.hint_counted");
      slot.state = SlotState::kHinted;
      tally_->RecordHint(slot.owner, stand_in, ack.synced);
    } else {
      HintFor(slot, here);
    }
    return Decide(here);
  }
}

void PutCoordinator::OnRetry(Conversation& here) {
  for (Slot& slot : slots_) {
    if (slot.state != SlotState::kWaiting) continue;
    here.Mark("put.asked_again");
    slot.asked_again = true;
    SendTo(slot, here);
  }
}

void PutCoordinator::OnPeerLost(NodeId node, Conversation& here) {
  if (phase_ == Phase::kReading) {
    for (const Slot& slot : slots_) {
      if (slot.owner.node == node) versions_->RecordFailure(slot.owner);
    }
    return FinishReading(here);
  }
  for (Slot& slot : slots_) {
    const bool awaited =
        slot.state == SlotState::kSent || slot.state == SlotState::kWaiting;
    if (awaited && slot.owner.node == node) {
      here.Mark("put.peer_lost");
      GiveUp(slot, here);
    } else if (slot.state == SlotState::kHinting && slot.stand_in == node) {
      HintFor(slot, here);
    }
  }
  if (phase_ >= Phase::kReplicating) Decide(here);
}

void PutCoordinator::OnDeadline(Conversation& here) {
  here.Mark("put.deadline");
  switch (phase_) {
    case Phase::kReading:
      return Refuse(Refused::Why::kReadQuorumFailed, versions_->required(),
                    versions_->received(), here);
    case Phase::kMinting:
      // The store was asked and may have it already; its outcome goes on to
      // the others, for a write that surfaces must surface everywhere.
      return AnswerUnknown(here);
    case Phase::kReplicating:
      AnswerUnknown(here);
      return Cut(here);
    case Phase::kLingering:
      // Without an object the store still owes its outcome.
      if (stamp_ != 0) Cut(here);
      return;
    case Phase::kHandingOver:
    case Phase::kDone:
      return;
  }
}

void PutCoordinator::Cut(Conversation& here) {
  for (Slot& slot : slots_) {
    if (slot.state == SlotState::kSent || slot.state == SlotState::kWaiting) {
      GiveUp(slot, here);
    }
  }
  phase_ = Phase::kDone;
}

void PutCoordinator::OnRingInstalled(Conversation& here) {
  QuorumSets sets = ActiveSets(command_.key, command_.write_level,
                               here.options.write_quorum, here.routing);
  if (sets.empty()) return;
  here.Mark("put.recounted");
  sets_ = std::move(sets);
  tally_->Recount(sets_);
  for (const Owner& owner : OwnersOf(sets_)) {
    if (IsSelf(owner, here.routing) || SlotOf(owner) != nullptr) continue;
    slots_.push_back({.owner = owner});
    if (stamp_ == 0) continue;  // Sent when minted.
    if (here.routing.IsReachable(owner.node)) {
      SendTo(slots_.back(), here);
    } else {
      GiveUp(slots_.back(), here);
    }
  }
  if (phase_ >= Phase::kReplicating) Decide(here);
}

// From here on: what is known decides whether to answer and whether to stay.
void PutCoordinator::Decide(Conversation& here) {
  if (phase_ == Phase::kReplicating) {
    switch (tally_->verdict()) {
      case PutTally::Verdict::kPending:
        return;
      case PutTally::Verdict::kSucceeded:
        AnswerDone(here);
        break;
      case PutTally::Verdict::kOutOfReach:
        here.Mark("put.out_of_reach");
        AnswerUnknown(here);
        break;
    }
  }
  const bool settled =
      std::all_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
        return slot.state == SlotState::kMerged ||
               slot.state == SlotState::kHinted;
      });
  if (phase_ == Phase::kLingering && settled) phase_ = Phase::kDone;
}

void PutCoordinator::AnswerDone(Conversation& here) {
  here.Mark("put.answered");
  WriteDone done{
      .version = stamp_,
      .context = SealContext(here.cluster, command_.key, SeenOf(object_)),
      .acks = tally_->acks()};
  // Beside one that is kept another may rank first and take nothing from it.
  if (top_stamp_ > stamp_ && !command_.keep) {
    here.Mark("put.superseded");
    done.superseded_by = top_stamp_;
  }
  phase_ = Phase::kLingering;
  Answer(command_.reply, std::move(done), promise_, here);
}

void PutCoordinator::AnswerUnknown(Conversation& here) {
  const uint64_t stamp = stamp_ != 0 ? stamp_ : command_.proposed_stamp;
  phase_ = Phase::kLingering;
  Answer(command_.reply,
         OutcomeUnknown{.required = tally_->required(),
                        .received = tally_->received(),
                        .operation = SealOperation(here.cluster, command_.key,
                                                   command_.operation, stamp)},
         {}, here);
}

PutCoordinator::Slot* PutCoordinator::SlotOf(const Owner& owner) {
  for (Slot& slot : slots_) {
    if (slot.owner == owner) return &slot;
  }
  return nullptr;
}

void PutCoordinator::AddTo(Hasher& hasher) const {
  hasher.Add(uint64_t{static_cast<uint8_t>(phase_)});
  hasher.AddText(command_.key);
  hasher.Add(command_.operation.hi);
  hasher.Add(command_.operation.lo);
  hasher.Add(stamp_);
  hasher.Add(top_stamp_);
  for (const Slot& slot : slots_) {
    hasher.Add(slot.owner.node.value);
    hasher.Add(uint64_t{static_cast<uint8_t>(slot.state)});
  }
}

void PutCoordinator::CheckInvariants() const {
  if (tally_.has_value()) tally_->CheckInvariants();
  if (phase_ == Phase::kReplicating) ORRERY_INVARIANT(stamp_ != 0);  // PUT-4
  for (const Slot& slot : slots_) {                                  // PUT-1
    const bool idle = slot.state == SlotState::kIdle;
    if (phase_ < Phase::kReplicating) ORRERY_INVARIANT(idle);
  }
}

}  // namespace orrery
