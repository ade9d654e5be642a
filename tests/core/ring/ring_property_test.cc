// Properties of placement against the slow and obvious formula.

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/ring/ring.h"
#include "core/ring/token.h"
#include "gtest/gtest.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"
#include "tests/core/ring/ring_fixture.h"

namespace orrery {
namespace {

// CONTRACT section 5, word by word: of all tokens in order, walk from the
// first not below the key's, and take distinct nodes.
std::vector<NodeId> OwnersByFormula(const RingState& state, uint64_t key) {
  std::vector<std::pair<uint64_t, std::string>> tokens;
  for (const RingMember& member : state.members) {
    for (uint32_t i = 0; i < member.vnodes; ++i) {
      const std::string vnode = member.name + "#vnode" + std::to_string(i);
      tokens.emplace_back(TokenOf(vnode), member.name);
    }
  }
  std::sort(tokens.begin(), tokens.end());
  std::rotate(tokens.begin(),
              std::find_if(tokens.begin(), tokens.end(),
                           [key](const auto& t) { return t.first >= key; }),
              tokens.end());
  std::vector<NodeId> owners;
  for (const auto& [token, name] : tokens) {
    const NodeId node = NodeIdOf(name);
    if (owners.size() == state.params.replication) break;
    if (std::find(owners.begin(), owners.end(), node) == owners.end()) {
      owners.push_back(node);
    }
  }
  return owners;
}

std::vector<NodeId> NodesOf(const PreferenceList& owners) {
  std::vector<NodeId> nodes;
  for (const Owner& owner : owners) nodes.push_back(owner.node);
  return nodes;
}

RingState DrawState() {
  const auto nodes = *rc::gen::inRange<uint64_t>(1, 12);
  const auto vnodes = *rc::gen::inRange<uint32_t>(1, 40);
  const auto replication = *rc::gen::inRange<uint32_t>(1, 6);
  return MakeRingState(nodes, vnodes, replication);
}

// RNG-3 and the contract's formula.
RC_GTEST_PROP(RingPropertyTest, OwnersAreThoseOfTheFormula, ()) {
  const RingState state = DrawState();
  const Ring ring(state);

  for (int i = 0; i < 20; ++i) {
    const auto token = *rc::gen::arbitrary<uint64_t>();
    RC_ASSERT(NodesOf(ring.OwnersOf(token)) == OwnersByFormula(state, token));
  }
}

// RNG-2: the ranges meet each other and their own lookups.
RC_GTEST_PROP(RingPropertyTest, RangesPartitionTheRing, ()) {
  const Ring ring(DrawState());

  const std::vector<Ring::Range>& ranges = ring.ranges();
  for (size_t i = 0; i < ranges.size(); ++i) {
    const size_t before = (i + ranges.size() - 1) % ranges.size();
    RC_ASSERT(ranges[i].after == ranges[before].end);
    RC_ASSERT(&ring.RangeOf(ranges[i].end) == &ranges[i]);
    RC_ASSERT(&ring.RangeOf(ranges[i].after + 1) == &ranges[i]);
    RC_ASSERT(Ring::Contains(ranges[i].end, ranges[i].after, ranges[i].end));
  }
}

// A join takes from others and moves nothing between them: an old owner that
// lost a token lost it to the new node alone.
RC_GTEST_PROP(RingPropertyTest, AJoinMovesOnlyItsShare, ()) {
  RingState state = DrawState();
  const Ring before(state);
  AddMember(state, MakeMember(100, 20));
  const Ring after(state);
  const NodeId joiner = NodeIdOf(NameOf(100));

  for (int i = 0; i < 20; ++i) {
    const auto token = *rc::gen::arbitrary<uint64_t>();
    std::vector<NodeId> now = NodesOf(after.OwnersOf(token));
    std::vector<NodeId> then = NodesOf(before.OwnersOf(token));
    const auto place = std::find(now.begin(), now.end(), joiner);
    if (place == now.end()) {
      RC_ASSERT(now == then);
    } else {
      now.erase(place);
      then.resize(std::min(then.size(), now.size()));
      RC_ASSERT(now == then);
    }
  }
}

RC_GTEST_PROP(RingPropertyTest, DecodingArbitraryBytesNeverFails, ()) {
  const auto bytes = *rc::gen::arbitrary<std::string>();

  const auto decoded = DecodeRingState(ViewOf(bytes));

  if (decoded.has_value()) {
    RC_ASSERT(EncodeRingState(*decoded).text() == bytes);
  }
}

}  // namespace
}  // namespace orrery
