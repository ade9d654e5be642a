// clang-format off
#include "gtest/gtest.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"
// clang-format on

#include <set>
#include <vector>

#include "core/quorum/get_tally.h"
#include "core/quorum/put_tally.h"

namespace orrery {
namespace {

constexpr uint32_t kNodes = 7;

Owner OwnerOf(uint32_t i) { return {{i + 1}, {{.hi = i + 1, .lo = 1}}}; }

struct Scene {
  uint32_t size = 3;
  uint32_t required = 2;
  QuorumSets sets;
};

Scene DrawScene() {
  Scene scene;
  scene.size = *rc::gen::inRange<uint32_t>(1, kNodes - 1);
  scene.required = *rc::gen::inRange<uint32_t>(1, scene.size + 1);
  QuorumSet set{.required = scene.required};
  for (uint32_t i = 0; i < scene.size; ++i) set.owners.push_back(OwnerOf(i));
  scene.sets.push_back(set);
  return scene;
}

// TALLY-1, TALLY-2: against sets of who holds what.
RC_GTEST_PROP(PutTallyProperty, AgreesWithPlainSets, ()) {
  const Scene scene = DrawScene();
  const bool sloppy = *rc::gen::arbitrary<bool>();
  PutTally tally({.sets = scene.sets, .sloppy = sloppy});
  std::set<uint32_t> merged;
  std::set<uint32_t> hinted;
  std::set<uint32_t> holders;

  const auto steps = *rc::gen::inRange(0, 30);
  for (int step = 0; step < steps; ++step) {
    const auto kind = *rc::gen::inRange(0, 3);
    const auto who = *rc::gen::inRange<uint32_t>(0, kNodes);
    const auto synced = *rc::gen::arbitrary<bool>();
    if (kind == 0) {
      tally.RecordAck(OwnerOf(who), synced);
      if (who < scene.size) merged.insert(who);
    } else if (kind == 1) {
      tally.RecordFailure(OwnerOf(who));
    } else {
      const auto target = *rc::gen::inRange<uint32_t>(0, scene.size);
      tally.RecordHint(OwnerOf(target), OwnerOf(who).node, synced);
      const bool is_new = who >= scene.size && holders.insert(who).second;
      if (is_new && sloppy && synced) hinted.insert(target);
    }
    tally.CheckInvariants();
    std::set<uint32_t> counted = merged;
    counted.insert(hinted.begin(), hinted.end());
    const bool enough = counted.size() >= scene.required && !merged.empty();
    RC_ASSERT((tally.verdict() == PutTally::Verdict::kSucceeded) == enough);
    RC_ASSERT(tally.received() == merged.size());
    RC_ASSERT(tally.acks().hints == holders.size());
  }
}

// GTL-1 to GTL-3.
RC_GTEST_PROP(GetTallyProperty, AgreesWithPlainSets, ()) {
  const Scene scene = DrawScene();
  GetTally tally(scene.sets);
  std::set<uint32_t> counted;
  std::set<uint32_t> spoilt;

  const auto steps = *rc::gen::inRange(0, 30);
  for (int step = 0; step < steps; ++step) {
    const auto who = *rc::gen::inRange<uint32_t>(0, scene.size);
    const auto suspect = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>()) {
      tally.RecordAnswer(OwnerOf(who), {.digest = 1, .suspect = suspect});
      suspect ? counted.erase(who) : counted.insert(who).second;
      suspect ? spoilt.insert(who).second : spoilt.erase(who);
    } else {
      tally.RecordFailure(OwnerOf(who));
      counted.erase(who);
      spoilt.insert(who);
    }
    RC_ASSERT(tally.received() == counted.size());
    RC_ASSERT(tally.HasQuorum() == (counted.size() >= scene.required));
    RC_ASSERT(tally.IsOutOfReach() ==
              (scene.size - spoilt.size() < scene.required));
    RC_ASSERT(tally.AllAgree());
  }
}

}  // namespace
}  // namespace orrery
