// tests/core/ring/ring_fixture.h
//
// Rings for tests: member i is named "node{i}" and has storage {1, i}.

#ifndef ORRERY_TESTS_CORE_RING_RING_FIXTURE_H_
#define ORRERY_TESTS_CORE_RING_RING_FIXTURE_H_

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/ring/ring_state.h"
#include "core/ring/token.h"

namespace orrery {

inline StorageId StorageOf(uint64_t i) {
  StorageId storage;
  storage.hi = 1;
  storage.lo = i;
  return storage;
}

inline std::string NameOf(uint64_t i) { return "node" + std::to_string(i); }

inline RingMember MakeMember(uint64_t i, uint32_t vnodes) {
  RingMember member;
  member.name = NameOf(i);
  member.id = NodeIdOf(member.name);
  member.storage = StorageOf(i);
  member.vnodes = vnodes;
  member.status = MemberStatus::kNormal;
  return member;
}

inline void AddMember(RingState& state, const RingMember& member) {
  state.members.push_back(member);
  std::sort(
      state.members.begin(), state.members.end(),
      [](const RingMember& a, const RingMember& b) { return a.id < b.id; });
}

// Members 1 to `nodes`.
inline RingState MakeRingState(uint64_t nodes, uint32_t vnodes,
                               uint32_t replication) {
  RingState state;
  state.cluster.hi = 7;
  state.cluster.lo = 9;
  state.epoch = {.era = 1, .seq = 5};
  state.pristine = false;
  state.params.replication = replication;
  state.params.read_quorum = 1;
  state.params.write_quorum = 1;
  for (uint64_t i = 1; i <= nodes; ++i) {
    AddMember(state, MakeMember(i, vnodes));
  }
  state.council = {NodeIdOf(NameOf(1))};
  return state;
}

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_RING_RING_FIXTURE_H_
