#include "core/membership/founding.h"

#include <vector>

#include "gtest/gtest.h"
#include "tests/core/membership/member_cluster.h"

namespace orrery {
namespace {

constexpr Instant kStart{0};
const Endpoint kA = PortOf(1);
const Endpoint kB = PortOf(2);
const Endpoint kC = PortOf(3);

TEST(FoundingTest, NobodyFoundsBeforeItsSeedsAreKnown) {
  EXPECT_FALSE(Founding().MayFound(kStart + kHour));
}

TEST(FoundingTest, AnEmptyListFoundsAtOnce) {
  Founding founding;
  founding.SetSeeds(kA, {}, true, kStart);

  EXPECT_TRUE(founding.MayFound(kStart));
}

TEST(FoundingTest, TheFirstOfItsListWaitsForAnswersOrSilence) {
  Founding founding;
  founding.SetSeeds(kA, {kA, kB, kC}, true, kStart);
  founding.OnNoCluster(kB, {kA, kB, kC}, false, kStart);
  EXPECT_FALSE(founding.MayFound(kStart));

  founding.OnNoCluster(kC, {kA, kB, kC}, false, kStart);
  EXPECT_TRUE(founding.MayFound(kStart));

  // The answers age, and those who gave them fall silent.
  EXPECT_FALSE(founding.MayFound(kStart + 5 * kSecond));
  EXPECT_TRUE(founding.MayFound(kStart + 10 * kSecond));
}

TEST(FoundingTest, ASmallerSelfFirstSeedGoesFirst) {
  Founding founding;
  founding.SetSeeds(kB, {kB, kA}, true, kStart);
  founding.OnNoCluster(kA, {kA, kB}, true, kStart);
  EXPECT_FALSE(founding.MayFound(kStart));

  founding.OnNoCluster(kA, {kB, kA}, false, kStart);
  EXPECT_TRUE(founding.MayFound(kStart)) << "it is not first of its own list";
}

TEST(FoundingTest, WithoutSelfFirstOnlyEqualSetsFound) {
  Founding founding;
  founding.SetSeeds(kA, {kB, kC}, false, kStart);
  founding.OnNoCluster(kB, {kA, kC}, false, kStart);
  EXPECT_FALSE(founding.MayFound(kStart)) << "one has not answered";
  founding.OnNoCluster(kC, {kB}, false, kStart);
  EXPECT_FALSE(founding.MayFound(kStart)) << "its set is another";
  founding.OnNoCluster(kC, {kB, kA}, false, kStart);
  EXPECT_TRUE(founding.MayFound(kStart));

  EXPECT_FALSE(founding.MayFound(kStart + kHour)) << "silence is no answer";
}

TEST(FoundingTest, WithoutSelfFirstALargerAddressWaits) {
  Founding founding;
  founding.SetSeeds(kB, {kA}, false, kStart);
  founding.OnNoCluster(kA, {kB}, false, kStart);

  EXPECT_FALSE(founding.MayFound(kStart));
}

TEST(FoundingTest, AResolvedAgainListKeepsWhatIsKnown) {
  Founding founding;
  founding.SetSeeds(kA, {kA, kB}, true, kStart);
  founding.SetSeeds(kA, {kA, kB, kC}, true, kStart + 9 * kSecond);

  EXPECT_FALSE(founding.MayFound(kStart + 10 * kSecond)) << "C is new";
  EXPECT_TRUE(founding.IsSilent(kB, kStart + 10 * kSecond));
  EXPECT_TRUE(founding.MayFound(kStart + 19 * kSecond));
}

}  // namespace
}  // namespace orrery
