// M3, M5 and the codec, over histories of a few owners that mint, delete,
// read with context and merge in any order.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/version/causal_context.h"
#include "core/version/object_codec.h"
#include "core/version/object_merge.h"
#include "gtest/gtest.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"
#include "tests/core/version/version_samples.h"

namespace orrery {
namespace {

constexpr uint64_t kOwners = 3;

// What each owner holds after a random history: every version's stamp is
// above all that it covers (M4), as C1 makes it.
class History {
 public:
  void Run() {
    const int steps = *rc::gen::inRange(1, 25);
    for (int i = 0; i < steps; ++i) Step();
  }
  const Object& at(uint64_t owner) const { return held_[owner]; }
  // All that was written; never empty.
  Object All() const {
    Object all = ObjectOf(ValueOf(DotOf(kOwners + 1, 1), 1, "first"));
    for (const Object& held : held_) all = Merge(all, held);
    return all;
  }

 private:
  void Step() {
    const uint64_t owner = *rc::gen::inRange<uint64_t>(0, kOwners);
    const uint64_t other = *rc::gen::inRange<uint64_t>(0, kOwners);
    if (*rc::gen::inRange(0, 3) == 0) {
      held_[owner] = Merge(held_[owner], held_[other]);
      return;
    }
    // The context is empty, or what another owner shows now.
    SeenVersions seen;
    if (*rc::gen::arbitrary<bool>()) seen = SeenOf(held_[other]);
    const uint64_t basis = std::max(seen.stamp, TopStamp(held_[owner]));
    const uint64_t stamp = basis + *rc::gen::inRange<uint64_t>(1, 4);
    Sibling fresh = ValueOf(DotOf(owner + 1, ++counters_[owner]), stamp,
                            std::to_string(*rc::gen::inRange(0, 9)));
    if (*rc::gen::inRange(0, 4) == 0) {
      fresh = TombstoneOf(fresh.dot, stamp);
    }
    fresh.keep = *rc::gen::arbitrary<bool>();
    fresh.operation = {{.hi = *rc::gen::inRange<uint64_t>(0, 3), .lo = 0}};
    held_[owner] = Mint(held_[owner], seen.vv, std::move(fresh));
  }

  Object held_[kOwners];
  uint64_t counters_[kOwners] = {};
};

RC_GTEST_PROP(VersionLawsTest, MergeIsCommutativeAssociativeIdempotent, ()) {
  History history;
  history.Run();
  const Object& a = history.at(0);
  const Object& b = history.at(1);
  const Object& c = history.at(2);

  RC_ASSERT(Merge(a, b) == Merge(b, a));
  RC_ASSERT(Merge(a, Merge(b, c)) == Merge(Merge(a, b), c));
  RC_ASSERT(Merge(a, a) == a);
  RC_ASSERT(IsWellFormed(Merge(a, b)));
}

RC_GTEST_PROP(VersionLawsTest, MergeLosesOnlyWhatIsCoveredOrOutranked, ()) {
  History history;
  history.Run();
  const Object& a = history.at(0);
  const Object& b = history.at(1);
  const Object merged = Merge(a, b);

  for (const Sibling& sibling : a.siblings) {
    const bool held = std::find(merged.siblings.begin(), merged.siblings.end(),
                                sibling) != merged.siblings.end();
    const bool covered = Covers(b.vv, sibling.dot);
    const bool outranked =
        !sibling.keep && RanksAbove(merged.siblings.front(), sibling);
    RC_ASSERT(held || covered || outranked);
  }
}

RC_GTEST_PROP(VersionLawsTest, RankIsATotalOrder, ()) {
  const auto draw = [] {
    Sibling sibling = ValueOf(DotOf(*rc::gen::inRange<uint64_t>(1, 3),
                                    *rc::gen::inRange<uint64_t>(1, 3)),
                              *rc::gen::inRange<uint64_t>(1, 3), "");
    sibling.tombstone = *rc::gen::arbitrary<bool>();
    sibling.checksum = *rc::gen::inRange<uint32_t>(0, 2);
    sibling.operation = {{.hi = 0, .lo = *rc::gen::inRange<uint64_t>(0, 2)}};
    return sibling;
  };
  const Sibling a = draw();
  const Sibling b = draw();
  const Sibling c = draw();

  RC_ASSERT(int{RanksAbove(a, b)} + int{RanksAbove(b, a)} + int{a == b} == 1);
  if (RanksAbove(a, b) && RanksAbove(b, c)) RC_ASSERT(RanksAbove(a, c));
}

RC_GTEST_PROP(VersionLawsTest, TheCodecGivesBackWhatItTook, ()) {
  History history;
  history.Run();
  const Object object = history.All();

  const EncodedObject encoded = EncodeObject(object);

  RC_ASSERT(DecodeObject(encoded.meta.view(), encoded.value) == object);
  RC_ASSERT(encoded.digest == DigestOf(object));
}

RC_GTEST_PROP(VersionLawsTest, HostileMetadataIsAnObjectOrNothing,
              (const std::vector<uint8_t>& noise, uint16_t at)) {
  History history;
  history.Run();
  const EncodedObject encoded = EncodeObject(history.All());
  std::string meta(encoded.meta.text());
  const size_t start = at % meta.size();
  for (size_t i = 0; i < noise.size() && start + i < meta.size(); ++i) {
    meta[start + i] = static_cast<char>(noise[i]);
  }

  const auto decoded = DecodeObject(ViewOf(meta), encoded.value);

  if (decoded.has_value()) RC_ASSERT(IsWellFormed(*decoded));
}

}  // namespace
}  // namespace orrery
