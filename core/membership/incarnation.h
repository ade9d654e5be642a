// core/membership/incarnation.h
//
// The rules by which one record of a member replaces another (membership
// section 3).  Pure functions over two records: no time, no table.
//
//   Rule 1  A higher incarnation wins; at equal incarnation
//           LEFT > DEAD > SUSPECT > ALIVE.
//   Rule 2  What is kept is the maximum over all evidence.
//   Rule 3  Only the member raises its incarnation: a third party's record
//           whose counter runs more than 2^16 ahead is refused.
//
// Cost: O(1).

#ifndef ORRERY_CORE_MEMBERSHIP_INCARNATION_H_
#define ORRERY_CORE_MEMBERSHIP_INCARNATION_H_

#include <cstdint>

#include "core/protocol/member.h"

namespace orrery {

// More refutations than an honest member makes between two meetings.
inline constexpr uint32_t kCounterLeapMax = 1u << 16;

enum class Judgement : uint8_t {
  kRefused = 1,  // Rule 3.
  kOlder = 2,    // Weaker than what is held.
  kSame = 3,     // Equal incarnation and state: accusers may differ.
  kNewer = 4,
};

bool IsAccusation(MemberState state);

// `from_subject`: the packet came from the member that `incoming` describes.
// REQUIRES: held.id == incoming.id.
Judgement Judge(const MemberRecord& held, const MemberRecord& incoming,
                bool from_subject);

// Whether a record can be believed at all: the name hashes to the id, limits
// are kept, an ALIVE says who and where.
bool IsPlausible(const MemberRecord& record);

// (id, incarnation, state, accusers): all that an accusation says in gossip.
MemberRecord AccusationOf(const MemberRecord& record);

// Copies what `described` says of its member (name, address, ...) into
// `record`, leaving its incarnation, state and accusers alone.
void Describe(MemberRecord& record, const MemberRecord& described);

// Unites two sets of accusers, sorted; the lowest kAccusersMax remain.
// Returns whether `into` changed.
bool UniteAccusers(MemberRecord& into, const MemberRecord& from);
bool AddAccuser(MemberRecord& record, NodeId accuser);

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_INCARNATION_H_
