#include "core/membership/suspicion.h"

#include <algorithm>

#include "core/base/invariant.h"
#include "core/base/total_order.h"
#include "core/membership/incarnation.h"

namespace orrery {

namespace {

// A member is reminded of its accusation at most this often.
constexpr Duration kTellInterval = 200 * kMillisecond;
constexpr uint32_t kConfirmationsMax = 2;
// Fewer accusers than needed: 1.37 x dead_timeout (41 s of 30 s).
constexpr int64_t kLonePercent = 137;
constexpr int64_t kUnaccusedPercent = 200;
constexpr size_t kIsolatedPercent = 60;

uint64_t NumberOf(Incarnation incarnation) {
  return uint64_t{incarnation.generation} << 32 | incarnation.counter;
}

}  // namespace

Handle TimerHandleOf(NodeId id) {
  return {static_cast<uint32_t>(id.value >> 32),
          static_cast<uint32_t>(id.value)};
}

NodeId NodeOfTimer(Handle handle) {
  return {uint64_t{handle.slot} << 32 | handle.gen};
}

Suspicion::Suspicion(const Wiring& wiring) : in_(wiring) {}

void Suspicion::Introduce(const MemberRecord& self, Turn& turn) {
  ORRERY_INVARIANT(self.id == in_.local.id);
  in_.table.Insert(self, turn.now());
  topology_changed_ = true;
}

void Suspicion::Reannounce(RingStatus ring_status, uint32_t vnodes) {
  Member* self = in_.table.Mutable(in_.local.id);
  MemberRecord record = self->record;
  record.ring_status = ring_status;
  record.vnodes = vnodes;
  ++record.incarnation.counter;
  in_.table.SetRecord(record);
  in_.gossiper.Queue(record.id);
}

void Suspicion::Merge(const MemberRecord& incoming, NodeId from, Turn& turn) {
  if (!IsPlausible(incoming)) {
    turn.effects.Mark("membership.record_refused");
    return;
  }
  if (incoming.id == in_.local.id) {
    OnNewsOfSelf(incoming, turn);
    return;
  }
  Member* member = in_.table.Mutable(incoming.id);
  if (member == nullptr) {
    Admit(incoming, turn);
    return;
  }
  const MemberRecord weighed = Corroborated(incoming);
  switch (Judge(member->record, weighed, from == incoming.id)) {
    case Judgement::kRefused:
      turn.effects.Mark("membership.record_refused");
      return;
    case Judgement::kOlder:
      OnOlder(*member, weighed, turn);
      return;
    case Judgement::kSame:
      OnSame(*member, weighed, turn);
      return;
    case Judgement::kNewer:
      Replace(*member, weighed, turn);
      return;
  }
}

// Rule 4.  A record of a later process of this storage means that an older
// copy of this identity is running, and it is this one.
void Suspicion::OnNewsOfSelf(const MemberRecord& incoming, Turn& turn) {
  Member* self = in_.table.Mutable(in_.local.id);
  const Incarnation mine = self->record.incarnation;
  const bool another_process =
      incoming.boot_salt != 0 && incoming.boot_salt != in_.local.boot_salt;
  if (another_process && incoming.storage == in_.local.storage &&
      incoming.incarnation.generation >= mine.generation) {
    OnDouble(incoming.incarnation.generation, turn);
  }
  if (!IsAccusation(incoming.state)) return;
  if (incoming.incarnation.generation != mine.generation) return;
  if (incoming.incarnation < mine) return;
  if (incoming.incarnation.counter > mine.counter + kCounterLeapMax) {
    turn.effects.Mark("membership.record_refused");
    return;
  }
  MemberRecord record = self->record;
  record.incarnation.counter = incoming.incarnation.counter + 1;
  in_.table.SetRecord(record);
  in_.gossiper.Queue(record.id);
  turn.effects.Mark("membership.suspect_refuted");
}

void Suspicion::OnDouble(uint32_t generation, Turn& turn) {
  if (generation < in_.local.generation || fenced_) return;
  fenced_ = true;
  turn.effects.Mark("membership.identity_conflict");
  turn.effects.notes.push_back({.kind = Note::Kind::kIdentityConflict,
                                .member = in_.local.id,
                                .number = generation,
                                .text = in_.local.name});
}

void Suspicion::Admit(const MemberRecord& incoming, Turn& turn) {
  if (in_.table.IsFull()) {
    turn.effects.Mark("membership.record_refused");
    return;
  }
  const MemberRecord weighed = Corroborated(incoming);
  Member& member = in_.table.Insert(weighed, turn.now());
  if (weighed.name.empty()) turn.effects.Mark("membership.stub_kept");
  if (weighed.state == MemberState::kSuspect) {
    member.suspected_at = turn.now();
  }
  in_.gossiper.Queue(weighed.id);
  NoteState(member, turn);
  Arm(member, turn);
}

void Suspicion::Replace(Member& member, MemberRecord incoming, Turn& turn) {
  if (incoming.name.empty()) Describe(incoming, member.record);
  in_.table.SetRecord(incoming);
  in_.gossiper.Queue(incoming.id);
  switch (incoming.state) {
    case MemberState::kAlive:
      member.heard_at = turn.now();  // A refutation is proof of life.
      break;
    case MemberState::kSuspect:
      member.suspected_at = turn.now();
      break;
    case MemberState::kDead:
    case MemberState::kLeft:
      break;
  }
  routing_changed_ = true;  // The address may be new.
  SetState(member, incoming.state, turn);
  Arm(member, turn);
}

// Accusers unite; a stub learns who it is about.
void Suspicion::OnSame(Member& member, const MemberRecord& incoming,
                       Turn& turn) {
  MemberRecord record = member.record;
  const bool described = (record.name.empty() || record.boot_salt == 0) &&
                         !incoming.name.empty() && incoming.boot_salt != 0;
  if (described) Describe(record, incoming);
  const bool united =
      IsAccusation(record.state) && UniteAccusers(record, incoming);
  if (!described && !united) {
    if (incoming.boot_salt != record.boot_salt && !incoming.name.empty()) {
      turn.effects.Mark("membership.identity_conflict");
      Tell(member, incoming.gossip, turn);  // Two processes: tell the other.
    }
    return;
  }
  in_.table.SetRecord(record);
  in_.gossiper.Queue(record.id);
  routing_changed_ = routing_changed_ || described;
  Arm(member, turn);
}

// Rule 5: no accusation is dropped silently.  Whoever still believes the older
// record learns better by its view_hash; the subject is told at once.
void Suspicion::OnOlder(Member& member, const MemberRecord& incoming,
                        Turn& turn) {
  if (incoming.state != MemberState::kAlive) return;
  if (member.record.name.empty()) {
    MemberRecord record = member.record;
    Describe(record, incoming);
    in_.table.SetRecord(record);
    routing_changed_ = true;
  }
  Tell(member, incoming.gossip, turn);
}

// Rule 8.
bool Suspicion::OnEvidence(NodeId id, uint32_t generation, uint64_t boot_salt,
                           Turn& turn) {
  Member* member = in_.table.Mutable(id);
  if (member == nullptr) return false;
  const MemberRecord& record = member->record;
  if (record.incarnation.generation != generation) return false;
  if (record.boot_salt != 0 && boot_salt != 0 &&
      record.boot_salt != boot_salt) {
    turn.effects.Mark("membership.identity_conflict");
    return false;
  }
  member->heard_at = turn.now();
  member->in_doubt = false;
  member->ping_seq = 0;
  if (!IsAccusation(record.state)) return true;

  if (member->state != MemberState::kAlive) {
    turn.effects.Mark("membership.overheard");
    SetState(*member, MemberState::kAlive, turn);
    Arm(*member, turn);
  }
  Tell(*member, record.gossip, turn);
  return true;
}

bool Suspicion::OnMoreEvidence(NodeId id, uint32_t generation,
                               uint64_t boot_salt, Instant now) {
  Member* member = in_.table.Mutable(id);
  if (member == nullptr) return false;
  const MemberRecord& record = member->record;
  const bool is_usual = record.incarnation.generation == generation &&
                        record.boot_salt == boot_salt &&
                        record.state == MemberState::kAlive &&
                        member->state == MemberState::kAlive &&
                        !member->in_doubt && member->ping_seq == 0;
  if (is_usual) member->heard_at = now;
  return is_usual;
}

void Suspicion::OnTimer(NodeId id, Turn& turn) {
  Member* member = in_.table.Mutable(id);
  if (member == nullptr) return;
  switch (member->state) {
    case MemberState::kAlive:
      if (turn.now() < member->heard_at + in_.local.options.suspect_timeout) {
        Arm(*member, turn);
      } else {
        OnSilence(*member, turn);
      }
      return;
    case MemberState::kSuspect:
      OnSuspectTimer(*member, turn);
      return;
    case MemberState::kDead:
    case MemberState::kLeft:
      return;
  }
}

void Suspicion::OnSilence(Member& member, Turn& turn) {
  if (member.record.state != MemberState::kAlive) {
    // Accused by others, overheard here, and now silent here too.
    AccuseToo(member);
    member.suspected_at = turn.now();
    SetState(member, member.record.state, turn);
  } else if (IsObservedHere(member.record.id)) {
    MemberRecord record = member.record;
    record.state = MemberState::kSuspect;
    record.accusers = {in_.local.id};
    in_.table.SetRecord(record);
    in_.gossiper.Queue(record.id);
    member.suspected_at = turn.now();
    SetState(member, MemberState::kSuspect, turn);
    turn.effects.Mark("membership.suspected");
  } else {
    member.heard_at = turn.now();  // Its observers have the say.
  }
  Arm(member, turn);
}

void Suspicion::OnSuspectTimer(Member& member, Turn& turn) {
  if (turn.now() >= member.heard_at + in_.local.options.suspect_timeout) {
    AccuseToo(member);
  }
  if (turn.now() < member.suspected_at + DeadAfter(member)) {
    Arm(member, turn);
    return;
  }
  MemberRecord record = member.record;
  record.state = MemberState::kDead;
  in_.table.SetRecord(record);
  in_.gossiper.Queue(record.id);
  SetState(member, MemberState::kDead, turn);
  turn.effects.Mark("membership.buried");
}

void Suspicion::AccuseToo(Member& member) {
  if (!IsObservedHere(member.record.id)) return;
  MemberRecord record = member.record;
  if (!AddAccuser(record, in_.local.id)) return;
  in_.table.SetRecord(record);
  in_.gossiper.Queue(record.id);
}

void Suspicion::Tell(Member& member, const Endpoint& to, Turn& turn) {
  if (to.IsNone()) return;
  if (turn.now() < member.told_at + kTellInterval) return;
  member.told_at = turn.now();
  in_.sender.SendRecord(to, member.record, turn);
}

void Suspicion::SetState(Member& member, MemberState state, Turn& turn) {
  if (state == MemberState::kAlive) member.in_doubt = false;
  if (member.state == state) return;
  if (member.state == MemberState::kDead && state == MemberState::kAlive) {
    turn.effects.Mark("membership.revived");
  }
  member.state = state;
  NoteState(member, turn);
}

void Suspicion::NoteState(const Member& member, Turn& turn) {
  routing_changed_ = true;
  topology_changed_ = true;
  turn.effects.notes.push_back({.kind = Note::Kind::kMemberState,
                                .member = member.record.id,
                                .detail = static_cast<uint32_t>(member.state),
                                .number = NumberOf(member.record.incarnation),
                                .text = member.record.name});
}

// SUS-3.  The next moment at which the opinion may change by itself.
void Suspicion::Arm(const Member& member, Turn& turn) {
  const Handle handle = TimerHandleOf(member.record.id);
  const Instant silent = member.heard_at + in_.local.options.suspect_timeout;
  switch (member.state) {
    case MemberState::kAlive:
      turn.timers.Arm(TimerKind::kSuspicion, handle,
                      std::max(silent, turn.now()));
      return;
    case MemberState::kSuspect: {
      Instant next = NextBurialCheck(member, turn.now());
      if (silent > turn.now()) next = std::min(next, silent);
      turn.timers.Arm(TimerKind::kSuspicion, handle, next);
      return;
    }
    case MemberState::kDead:
    case MemberState::kLeft:
      turn.timers.Cancel(TimerKind::kSuspicion, handle);
      return;
  }
}

// Who accuses and who observes may change meanwhile, so each of the three
// moments is looked at when it comes.
Instant Suspicion::NextBurialCheck(const Member& member, Instant now) const {
  const Duration dead = in_.local.options.dead_timeout;
  for (const int64_t percent :
       {int64_t{100}, kLonePercent, kUnaccusedPercent}) {
    const Instant check = member.suspected_at + dead * percent / 100;
    if (check > now) return check;
  }
  return now;
}

Duration Suspicion::DeadAfter(const Member& member) const {
  const Duration dead = in_.local.options.dead_timeout;
  const NodeId subject = member.record.id;
  uint32_t accusers = 0;
  for (const NodeId accuser : member.record.accusers) {
    if (observers_.Watches(accuser, subject)) ++accusers;
  }
  const uint32_t needed = isolated_ ? 1 : ConfirmationsFor(subject);
  if (accusers >= needed) return dead;
  return dead * (accusers == 0 ? kUnaccusedPercent : kLonePercent) / 100;
}

// C: its observers that are held ALIVE here, this node included, at most two.
// Of a member that nobody observes yet: any live members.
uint32_t Suspicion::ConfirmationsFor(NodeId subject) const {
  uint32_t alive = 0;
  const Observers::Set& set = observers_.Of(subject);
  if (set.empty()) {
    for (const auto& [id, member] : in_.table.entries()) {
      if (id != subject && member.state == MemberState::kAlive) ++alive;
      if (alive == kConfirmationsMax) break;
    }
  }
  for (const NodeId observer : set) {
    const Member* member = in_.table.Find(observer);
    if (member != nullptr && member->state == MemberState::kAlive) ++alive;
  }
  return std::clamp(alive, 1u, kConfirmationsMax);
}

// SUS-2 (rule 7).
MemberRecord Suspicion::Corroborated(const MemberRecord& incoming) const {
  MemberRecord weighed = incoming;
  Sort(weighed.accusers.begin(), weighed.accusers.end());
  weighed.accusers.erase(
      std::unique(weighed.accusers.begin(), weighed.accusers.end()),
      weighed.accusers.end());
  if (weighed.state == MemberState::kAlive) weighed.accusers.clear();
  if (weighed.state == MemberState::kDead &&
      weighed.accusers.size() < ConfirmationsFor(weighed.id)) {
    weighed.state = MemberState::kSuspect;
  }
  return weighed;
}

bool Suspicion::IsObservedHere(NodeId subject) const {
  return observers_.Watches(in_.local.id, subject);
}

bool Suspicion::HearsAnyone() const {
  for (const auto& [id, member] : in_.table.entries()) {
    if (id != in_.local.id && member.state == MemberState::kAlive) return true;
  }
  return false;
}

bool Suspicion::Settle(Turn& turn) {
  const bool changed = std::exchange(topology_changed_, false);
  if (changed) observers_.Rebuild(in_.table);

  if (changed) CollectSubjects();
  size_t in_doubt = 0;
  for (const NodeId id : subjects_) {
    if (in_.table.Find(id)->in_doubt) ++in_doubt;
  }
  const bool isolated =
      in_doubt > 0 && in_doubt * 100 >= subjects_.size() * kIsolatedPercent;
  if (isolated != isolated_) SetIsolated(isolated, turn);
  return changed;
}

void Suspicion::CollectSubjects() {
  subjects_.clear();
  for (const auto& [id, member] : in_.table.entries()) {
    if (IsObservedHere(id)) subjects_.push_back(id);
  }
}

void Suspicion::SetIsolated(bool isolated, Turn& turn) {
  isolated_ = isolated;
  in_.gossiper.SetIsolated(isolated);
  if (isolated) {
    turn.effects.Mark("membership.isolated");
    return;
  }
  // What was kept back may be said now.
  for (const auto& [id, member] : in_.table.entries()) {
    if (IsAccusation(member.record.state)) in_.gossiper.Queue(id);
  }
}

void Suspicion::CheckInvariants() const {
  const Member* self = in_.table.Find(in_.local.id);
  ORRERY_INVARIANT(self != nullptr);
  ORRERY_INVARIANT(self->state == MemberState::kAlive);  // SUS-1
  ORRERY_INVARIANT(self->record.state == MemberState::kAlive);
  ORRERY_INVARIANT(self->record.incarnation.generation == in_.local.generation);
}

}  // namespace orrery
