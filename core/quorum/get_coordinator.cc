#include "core/quorum/get_coordinator.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/invariant.h"
#include "core/protocol/request_handle.h"
#include "core/quorum/read_repair.h"
#include "core/ring/token.h"
#include "core/version/object_merge.h"

namespace orrery {

GetCoordinator::GetCoordinator(Command command)
    : command_(std::move(command)) {}

void GetCoordinator::Start(Handle handle, Conversation& here) {
  handle_ = handle;
  Plan(here);
  if (tally_->IsOutOfReach()) {
    here.Mark("get.out_of_reach");
    return Refuse(here);
  }
  here.turn.timers.Arm(TimerKind::kGetDeadline, handle_, command_.deadline);
  AskUntilEnough(here);
  ArmSpare(here);
}

// Whom to ask, best first.  Whoever cannot be asked has failed already.
void GetCoordinator::Plan(Conversation& here) {
  phase_ = Phase::kReading;
  differs_ = false;
  sets_ = ActiveSets(command_.key, command_.level, here.options.read_quorum,
                     here.routing);
  tally_.emplace(sets_);
  slots_.clear();
  for (const Owner& owner : ReachableOwners(sets_, here.routing)) {
    slots_.push_back({.owner = owner, .node = owner.node});
  }
  if (command_.sloppy) AddStandIns(here);
  for (const Owner& owner : OwnersOf(sets_)) {
    if (SlotOf(owner) == nullptr) tally_->RecordFailure(owner);
  }
}

// H2: the i-th stand-in is asked for hints of the i-th unreachable owner.
void GetCoordinator::AddStandIns(Conversation& here) {
  std::vector<NodeId> stand_ins;
  for (const Owner& owner : OwnersOf(sets_)) {
    if (SlotOf(owner) != nullptr) continue;
    if (stand_ins.empty()) {
      stand_ins =
          here.routing.ring()->NonOwnersClockwise(TokenOf(command_.key));
    }
    const auto usable =
        std::find_if(stand_ins.begin(), stand_ins.end(), [&](NodeId node) {
          return node != here.routing.self() &&
                 here.routing.IsReachable(node) && SlotAskedOf(node) == nullptr;
        });
    if (usable == stand_ins.end()) return;
    slots_.push_back({.owner = owner, .node = *usable});
    Ask(slots_.back(), ReadDepth::kObject, here);
  }
}

void GetCoordinator::Ask(Slot& slot, ReadDepth depth, Conversation& here) {
  if (slot.asked == Asked::kAnswered) {
    slot.fetching = true;
  } else {
    slot.asked = Asked::kWaiting;
    slot.asked_at = here.now();
  }
  slot.depth = depth;
  if (slot.node == here.routing.self()) {
    here.local.reads.push_back(
        {.ticket = {TicketOwner::kGetCoordinator, 0, handle_},
         .key = command_.key,
         .depth = depth});
    return;
  }
  here.turn.effects.Send(
      here.routing.EndpointOf(slot.node),
      ReplicaGet{.request = Tagged(handle_, RequestPool::kGet),
                 .key = command_.key,
                 .depth = depth,
                 .from_hints = slot.IsStandIn()});
}

bool GetCoordinator::AskNext(ReadDepth depth, Conversation& here) {
  for (Slot& slot : slots_) {
    if (slot.asked != Asked::kNot) continue;
    Ask(slot, depth, here);
    return true;
  }
  return false;
}

// The object from one owner, digests from the others.
ReadDepth GetCoordinator::NextDepth() const {
  const bool object_comes =
      std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
        return slot.depth == ReadDepth::kObject && slot.asked != Asked::kNot &&
               slot.asked != Asked::kFailed && !slot.IsStandIn();
      });
  return object_comes ? ReadDepth::kDigest : ReadDepth::kObject;
}

// Asks until those who answered and those who may would be enough.
void GetCoordinator::AskUntilEnough(Conversation& here) {
  for (;;) {
    GetTally hoped = *tally_;
    for (const Slot& slot : slots_) {
      const bool may_count = slot.asked == Asked::kWaiting && !slot.IsStandIn();
      if (may_count) hoped.RecordAnswer(slot.owner, {});
    }
    if (hoped.HasQuorum()) return;
    if (!AskNext(NextDepth(), here)) return;
  }
}

void GetCoordinator::OnReadOutcome(const ReadOutcome& outcome,
                                   Conversation& here) {
  Slot* slot = SlotOf({here.routing.self(), here.routing.self_storage()});
  if (slot == nullptr) return;
  OnReply(*slot,
          {.status = outcome.status,
           .depth = outcome.depth,
           .suspect = outcome.suspect,
           .doubted = outcome.doubted,
           .digest = outcome.digest,
           .object = outcome.object},
          here);
}

void GetCoordinator::OnGetAck(const Owner& from, const ReplicaGetAck& ack,
                              Conversation& here) {
  Slot* slot = SlotAskedOf(from.node);
  if (slot == nullptr) return;
  // A wiped disk under the owner's name is not that owner.
  if (!slot->IsStandIn() && slot->owner != from) return;
  if (slot->asked == Asked::kWaiting) {
    here.answer_times.Record(here.now() - slot->asked_at);
  }
  OnReply(*slot,
          {.status = ack.status,
           .depth = ack.depth,
           .suspect = ack.suspect,
           .doubted = ack.doubted,
           .digest = ack.digest,
           .object = ack.object},
          here);
}

void GetCoordinator::OnReply(Slot& slot, const Reply& reply,
                             Conversation& here) {
  if (slot.asked == Asked::kNot || slot.asked == Asked::kFailed) return;
  const bool has_nothing = slot.IsStandIn() && reply.digest == 0;
  const bool is_usable =
      reply.status == ReplicaStatus::kOk && IsWellFormed(reply.object);
  slot.wants_copy = !slot.IsStandIn() &&
                    (reply.doubted || reply.status == ReplicaStatus::kCorrupt);
  if (!is_usable || has_nothing) {  // R7
    here.Mark("get.owner_failed");
    FailSlot(slot);
    return Advance(here);
  }
  if (reply.suspect) here.Mark("get.suspect_answer");
  if (slot.IsStandIn()) here.Mark("get.hinted_answer");
  const bool is_whole = reply.depth == ReadDepth::kObject;
  if (!is_whole && slot.object.has_value()) return;  // Asked before the object.
  slot.asked = Asked::kAnswered;
  slot.suspect = reply.suspect;
  slot.digest = reply.digest;
  if (is_whole) {
    slot.fetching = false;
    slot.object = reply.digest == 0 ? Object{} : reply.object;
  }
  tally_->RecordAnswer(slot.owner,
                       {.digest = slot.digest, .suspect = slot.suspect});
  Advance(here);
}

void GetCoordinator::FailSlot(Slot& slot) {
  slot.asked = Asked::kFailed;
  slot.fetching = false;
  slot.object.reset();
  tally_->RecordFailure(slot.owner);
  if (phase_ != Phase::kRepairing || slot.written != Written::kNot) return;
  slot.written = Written::kFailed;
  holders_->RecordFailure(slot.owner);
}

void GetCoordinator::Advance(Conversation& here) {
  switch (phase_) {
    case Phase::kReading:
      return AdvanceReading(here);
    case Phase::kRepairing:
      for (Slot& slot : slots_) {  // Late answers may show holders.
        const bool holds = slot.asked == Asked::kAnswered &&
                           slot.digest == merged_digest_ && !slot.IsStandIn();
        if (!holds || slot.written == Written::kHolds) continue;
        slot.written = Written::kHolds;
        holders_->RecordAck(slot.owner, false);
      }
      return AdvanceRepair(here);
    case Phase::kDone:
      return;
  }
}

void GetCoordinator::AdvanceReading(Conversation& here) {
  if (tally_->IsOutOfReach()) {
    here.Mark("get.out_of_reach");
    return Refuse(here);
  }
  if (!tally_->HasQuorum()) return AskUntilEnough(here);
  if (tally_->AllAgree()) {
    const auto answered = std::find_if(
        slots_.begin(), slots_.end(),
        [](const Slot& slot) { return slot.asked == Asked::kAnswered; });
    const Object* object = ObjectWith(answered->digest);
    if (object == nullptr) return FetchOne(here);
    if (!differs_) here.Mark("get.digests_agree");
    return AnswerWith(*object, here);
  }
  if (!differs_) here.Mark("get.digest_mismatch");
  differs_ = true;
  if (!WholeAnswers().HasQuorum()) return FetchMissing(here);
  MergeAnswers();
  // A quorum holds nothing; what another owner holds was never acknowledged
  // by a quorum, and there is nothing to write back.
  if (merged_.IsEmpty()) return AnswerWith(merged_, here);
  const bool repair_first =
      PromisesMonotonicity(sets_) && !command_.sloppy;  // R4
  if (repair_first) return StartRepair(here);
  RepairAfterAnswer(here);
}

// All agree, but whoever was asked for the object is slow or failed.
void GetCoordinator::FetchOne(Conversation& here) {
  const bool comes =
      std::any_of(slots_.begin(), slots_.end(),
                  [](const Slot& slot) { return slot.fetching; });
  if (comes) return;
  for (Slot& slot : slots_) {
    if (slot.asked != Asked::kAnswered) continue;
    here.Mark("get.fetch");
    Ask(slot, ReadDepth::kObject, here);
    return ArmSpare(here);
  }
}

void GetCoordinator::FetchMissing(Conversation& here) {
  for (Slot& slot : slots_) {
    const bool missing = slot.asked == Asked::kAnswered && !slot.fetching &&
                         ObjectWith(slot.digest) == nullptr;
    if (!missing) continue;
    here.Mark("get.fetch");
    Ask(slot, ReadDepth::kObject, here);
  }
}

// Those whose object is in hand, from them or from one with equal digest.
GetTally GetCoordinator::WholeAnswers() const {
  GetTally whole(sets_);
  for (const Slot& slot : slots_) {
    const bool in_hand =
        slot.asked == Asked::kAnswered && ObjectWith(slot.digest) != nullptr;
    if (!in_hand) continue;
    whole.RecordAnswer(slot.owner,
                       {.digest = slot.digest, .suspect = slot.suspect});
  }
  return whole;
}

const Object* GetCoordinator::ObjectWith(uint64_t digest) const {
  static constexpr uint64_t kAbsent = 0;
  for (const Slot& slot : slots_) {
    if (slot.object.has_value() && slot.digest == digest) return &*slot.object;
  }
  return digest == kAbsent ? &merged_ : nullptr;  // Empty while reading.
}

void GetCoordinator::MergeAnswers() {
  Object merged;
  for (const Slot& slot : slots_) {
    if (slot.object.has_value()) merged = Merge(merged, *slot.object);
  }
  merged_ = std::move(merged);
  merged_digest_ = DigestOf(merged_);
}

void GetCoordinator::RepairAfterAnswer(Conversation& here) {
  here.Mark("get.repair_after_answer");
  ++here.counters.read_repairs;
  for (Slot& slot : slots_) {
    const bool stale = slot.asked == Asked::kAnswered &&
                       slot.digest != merged_digest_ && !slot.IsStandIn();
    if (stale) WriteBack(slot, here);
  }
  AnswerWith(merged_, here);
}

void GetCoordinator::StartRepair(Conversation& here) {
  phase_ = Phase::kRepairing;
  ++here.counters.read_repairs;
  holders_.emplace(PutTally::Options{.sets = RepairSets(sets_)});
  for (const Owner& owner : OwnersOf(sets_)) {
    const Slot* slot = SlotOf(owner);
    const bool cannot =
        slot == nullptr || slot->IsStandIn() || slot->asked == Asked::kFailed;
    if (cannot) holders_->RecordFailure(owner);
  }
  for (Slot& slot : slots_) {
    const bool stale = slot.asked == Asked::kAnswered &&
                       slot.digest != merged_digest_ && !slot.IsStandIn();
    if (stale) WriteBack(slot, here);
  }
  ArmSpare(here);
  Advance(here);
}

void GetCoordinator::AdvanceRepair(Conversation& here) {
  switch (holders_->verdict()) {
    case PutTally::Verdict::kSucceeded:
      here.Mark("get.repaired");
      return AnswerWith(merged_, here);
    case PutTally::Verdict::kOutOfReach:
      here.Mark("get.repair_out_of_reach");
      return Refuse(here);  // R5: nothing is shown that may be un-shown.
    case PutTally::Verdict::kPending:
      break;
  }
  for (;;) {
    PutTally hoped = *holders_;
    for (const Slot& slot : slots_) {
      if (slot.written == Written::kWaiting) hoped.RecordAck(slot.owner, false);
    }
    if (hoped.verdict() == PutTally::Verdict::kSucceeded) return;
    if (!WriteBackToNext(here)) return;
  }
}

void GetCoordinator::WriteBack(Slot& slot, Conversation& here) {
  here.Mark("get.write_back");
  slot.written = Written::kWaiting;
  if (slot.node == here.routing.self()) {
    here.local.merges.push_back(
        {.ticket = {TicketOwner::kGetCoordinator, 0, handle_},
         .key = command_.key,
         .object = merged_,
         .origin = PutOrigin::kWriteBack});
    return;
  }
  here.turn.effects.Send(
      here.routing.EndpointOf(slot.node),
      ReplicaPut{.request = Tagged(handle_, RequestPool::kGet),
                 .origin = PutOrigin::kWriteBack,
                 .key = command_.key,
                 .object = merged_});
}

bool GetCoordinator::WriteBackToNext(Conversation& here) {
  for (Slot& slot : slots_) {
    const bool usable = slot.written == Written::kNot && !slot.IsStandIn() &&
                        slot.asked != Asked::kFailed;
    if (!usable) continue;
    WriteBack(slot, here);
    return true;
  }
  return false;
}

void GetCoordinator::OnWriteOutcome(const WriteOutcome& outcome,
                                    Conversation& here) {
  if (outcome.status == ReplicaStatus::kOk) promise_ = outcome.promise;
  OnPutAck({here.routing.self(), here.routing.self_storage()},
           {.status = outcome.status, .synced = outcome.synced}, here);
}

void GetCoordinator::OnPutAck(const Owner& from, const ReplicaPutAck& ack,
                              Conversation& here) {
  Slot* slot = SlotOf(from);
  if (slot == nullptr || slot->written != Written::kWaiting) return;
  if (phase_ != Phase::kRepairing) return;
  if (ack.status == ReplicaStatus::kOk) {
    slot->written = Written::kHolds;
    holders_->RecordAck(slot->owner, ack.synced);
  } else {
    slot->written = Written::kFailed;
    holders_->RecordFailure(slot->owner);
  }
  AdvanceRepair(here);
}

void GetCoordinator::OnPeerLost(NodeId node, Conversation& here) {
  for (Slot& slot : slots_) {
    if (slot.node != node) continue;
    const bool awaited = slot.asked == Asked::kWaiting || slot.fetching;
    if (awaited) FailSlot(slot);
    if (slot.written == Written::kWaiting) {
      slot.written = Written::kFailed;
      holders_->RecordFailure(slot.owner);
    }
  }
  Advance(here);
}

void GetCoordinator::OnSpare(Conversation& here) {
  bool did = false;
  if (phase_ == Phase::kRepairing) {
    did = WriteBackToNext(here);
  } else {
    const bool needs_object =
        std::none_of(slots_.begin(), slots_.end(),
                     [](const Slot& slot) { return slot.object.has_value(); });
    const bool whole = needs_object || differs_;
    did = AskNext(whole ? ReadDepth::kObject : ReadDepth::kDigest, here) ||
          FetchElsewhere(here);
  }
  if (!did) return;
  here.Mark("get.spare");
  ArmSpare(here);
}

// All agree, and the one asked for the object keeps us waiting.
bool GetCoordinator::FetchElsewhere(Conversation& here) {
  if (!tally_->HasQuorum() || !tally_->AllAgree()) return false;
  for (Slot& slot : slots_) {
    if (!CanBeFetched(slot)) continue;
    Ask(slot, ReadDepth::kObject, here);
    return true;
  }
  return false;
}

bool GetCoordinator::CanBeFetched(const Slot& slot) {
  return slot.asked == Asked::kAnswered && !slot.fetching &&
         !slot.object.has_value();
}

void GetCoordinator::ArmSpare(Conversation& here) {
  const bool has_spare =
      std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
        return slot.asked == Asked::kNot || CanBeFetched(slot);
      });
  if (!has_spare || phase_ == Phase::kDone) return;
  here.turn.timers.Arm(TimerKind::kGetSpare, handle_,
                       here.now() + here.answer_times.SpareDelay());
}

void GetCoordinator::OnDeadline(Conversation& here) {
  here.Mark("get.deadline");
  Refuse(here);
}

void GetCoordinator::OnRingInstalled(Conversation& here) {
  const QuorumSets sets = ActiveSets(command_.key, command_.level,
                                     here.options.read_quorum, here.routing);
  if (OwnersOf(sets) == OwnersOf(sets_)) return;
  here.Mark("get.restarted");
  merged_ = {};
  holders_.reset();
  Start(handle_, here);
}

// Nobody waits for it: an owner that lost its record, or doubts what stands in
// for it, gets what the others have (semantics S44).
void GetCoordinator::HealOwners(const Object& object, Conversation& here) {
  if (object.IsEmpty()) return;
  const bool any =
      std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
        return slot.wants_copy && slot.written == Written::kNot;
      });
  if (!any) return;
  here.Mark("get.owner_healed");
  if (&object != &merged_) merged_ = object;
  for (Slot& slot : slots_) {
    if (slot.wants_copy && slot.written == Written::kNot) WriteBack(slot, here);
  }
}

void GetCoordinator::AnswerWith(const Object& object, Conversation& here) {
  Answer(command_.reply, ReadDoneOf(here.cluster, command_.key, object),
         promise_, here);
  HealOwners(object, here);
  phase_ = Phase::kDone;
}

void GetCoordinator::Refuse(Conversation& here) {
  const bool repairing = phase_ == Phase::kRepairing;
  Answer(command_.reply,
         Refused{
             .why = Refused::Why::kReadQuorumFailed,
             .required = repairing ? holders_->required() : tally_->required(),
             .received = repairing ? holders_->received() : tally_->received()},
         {}, here);
  phase_ = Phase::kDone;
}

GetCoordinator::Slot* GetCoordinator::SlotOf(const Owner& owner) {
  for (Slot& slot : slots_) {
    if (slot.owner == owner) return &slot;
  }
  return nullptr;
}

GetCoordinator::Slot* GetCoordinator::SlotAskedOf(NodeId node) {
  for (Slot& slot : slots_) {
    if (slot.node == node) return &slot;
  }
  return nullptr;
}

void GetCoordinator::AddTo(Hasher& hasher) const {
  hasher.Add(uint64_t{static_cast<uint8_t>(phase_)});
  hasher.AddText(command_.key);
  hasher.Add(merged_digest_);
  for (const Slot& slot : slots_) {
    hasher.Add(slot.node.value);
    hasher.Add(uint64_t{static_cast<uint8_t>(slot.asked)});
    hasher.Add(uint64_t{static_cast<uint8_t>(slot.written)});
    hasher.Add(slot.digest);
  }
}

void GetCoordinator::CheckInvariants() const {
  if (phase_ == Phase::kRepairing) ORRERY_INVARIANT(holders_.has_value());
  for (const Slot& slot : slots_) {
    if (slot.fetching) ORRERY_INVARIANT(slot.asked == Asked::kAnswered);
  }
}

}  // namespace orrery
