#include "core/membership/incarnation.h"

#include <algorithm>

#include "core/base/invariant.h"
#include "core/protocol/limits.h"
#include "core/ring/ring_state.h"
#include "core/ring/token.h"

namespace orrery {

bool IsAccusation(MemberState state) {
  return state == MemberState::kSuspect || state == MemberState::kDead;
}

Judgement Judge(const MemberRecord& held, const MemberRecord& incoming,
                bool from_subject) {
  ORRERY_INVARIANT(held.id == incoming.id);
  const bool same_process =
      held.incarnation.generation == incoming.incarnation.generation;
  const uint64_t known = same_process ? held.incarnation.counter : 0;
  if (!from_subject && incoming.incarnation.counter > known + kCounterLeapMax) {
    return Judgement::kRefused;
  }
  if (incoming.incarnation != held.incarnation) {
    return incoming.incarnation > held.incarnation ? Judgement::kNewer
                                                   : Judgement::kOlder;
  }
  if (incoming.state == held.state) return Judgement::kSame;
  return incoming.state > held.state ? Judgement::kNewer : Judgement::kOlder;
}

bool IsPlausible(const MemberRecord& record) {
  if (record.id.IsZero()) return false;
  if (record.accusers.size() > kAccusersMax) return false;
  if (record.zone.size() > kZoneBytesMax) return false;
  if (record.name.empty()) return record.state != MemberState::kAlive;
  if (record.name.size() > kNodeNameBytesMax) return false;
  if (record.gossip.IsNone()) return false;
  return record.id == NodeIdOf(record.name);
}

MemberRecord AccusationOf(const MemberRecord& record) {
  MemberRecord accusation;
  accusation.id = record.id;
  accusation.incarnation = record.incarnation;
  accusation.state = record.state;
  accusation.accusers = record.accusers;
  return accusation;
}

void Describe(MemberRecord& record, const MemberRecord& described) {
  MemberRecord merged = described;
  merged.incarnation = record.incarnation;
  merged.state = record.state;
  merged.accusers = record.accusers;
  // An accusation of a later process does not say its salt, and the salt of an
  // earlier one would make that process look like a double.
  if (record.incarnation.generation != described.incarnation.generation) {
    merged.boot_salt = 0;
  }
  record = merged;
}

bool UniteAccusers(MemberRecord& into, const MemberRecord& from) {
  const std::vector<NodeId> before = into.accusers;
  for (const NodeId accuser : from.accusers) AddAccuser(into, accuser);
  return into.accusers != before;
}

bool AddAccuser(MemberRecord& record, NodeId accuser) {
  std::vector<NodeId>& accusers = record.accusers;
  const auto place =
      std::lower_bound(accusers.begin(), accusers.end(), accuser);
  if (place != accusers.end() && *place == accuser) return false;
  if (place == accusers.end() && accusers.size() == kAccusersMax) return false;
  accusers.insert(place, accuser);
  if (accusers.size() > kAccusersMax) accusers.pop_back();
  return true;
}

}  // namespace orrery
