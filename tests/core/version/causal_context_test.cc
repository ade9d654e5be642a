#include "core/version/causal_context.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/core/version/version_samples.h"

namespace orrery {
namespace {

const ClusterId kCluster{{.hi = 0x1111, .lo = 0x2222}};
const ClusterId kOtherCluster{{.hi = 0x1111, .lo = 0x2223}};

SeenVersions SomeSeen() {
  return {.vv = VectorOf({DotOf(1, 5), DotOf(2, 300)}), .stamp = 99};
}

TEST(CausalContextTest, WhatWasSealedIsOpened) {
  const Bytes token = SealContext(kCluster, "key", SomeSeen());

  EXPECT_EQ(OpenContext(kCluster, "key", token.view()), SomeSeen());
}

TEST(CausalContextTest, AnEmptyContextIsOneToo) {
  const Bytes token = SealContext(kCluster, "key", {});

  EXPECT_EQ(OpenContext(kCluster, "key", token.view()), SeenVersions{});
}

// S18: misuse changes nothing.
TEST(CausalContextTest, AnotherKeyOrClusterIsRefused) {
  const Bytes token = SealContext(kCluster, "key", SomeSeen());

  EXPECT_FALSE(OpenContext(kCluster, "other", token.view()));
  EXPECT_FALSE(OpenContext(kOtherCluster, "key", token.view()));
}

TEST(CausalContextTest, EveryTruncationIsRefused) {
  const Bytes token = SealContext(kCluster, "key", SomeSeen());

  for (size_t size = 0; size < token.size(); ++size) {
    EXPECT_FALSE(OpenContext(kCluster, "key", token.view().first(size)));
  }
}

TEST(CausalContextTest, EveryFlippedBitIsRefused) {
  const Bytes token = SealContext(kCluster, "key", SomeSeen());

  for (size_t bit = 0; bit < token.size() * 8; ++bit) {
    std::string forged(token.text());
    forged[bit / 8] = static_cast<char>(forged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(OpenContext(kCluster, "key", ViewOf(forged))) << bit;
  }
}

TEST(CausalContextTest, AnOversizedTokenIsRefused) {
  const std::string huge(10 << 20, 'x');

  EXPECT_FALSE(OpenContext(kCluster, "key", ViewOf(huge)));
}

TEST(CausalContextTest, AVectorTooLongForTheTokenCoversLess) {
  SeenVersions seen;
  for (uint64_t actor = 1; actor <= 3000; ++actor) {
    Raise(&seen.vv, DotOf(actor, actor));
  }

  const Bytes token = SealContext(kCluster, "key", seen);

  EXPECT_LE(token.size(), kContextRawBytesMax);
  const auto opened = OpenContext(kCluster, "key", token.view());
  ASSERT_TRUE(opened.has_value());
  EXPECT_TRUE(Descends(seen.vv, opened->vv));
  EXPECT_TRUE(Covers(opened->vv, DotOf(3000, 3000)));
}

TEST(OperationTokenTest, WhatWasSealedIsOpened) {
  const OperationId operation{{.hi = 7, .lo = 8}};

  const Bytes token = SealOperation(kCluster, "key", operation, 55);

  const auto opened = OpenOperation(kCluster, "key", token.view());
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->first, operation);
  EXPECT_EQ(opened->second, 55U);
  EXPECT_FALSE(OpenOperation(kCluster, "other", token.view()));
  EXPECT_FALSE(OpenOperation(kOtherCluster, "key", token.view()));
}

TEST(OperationTokenTest, OneKindOfTokenIsNotTheOther) {
  const Bytes context = SealContext(kCluster, "key", SomeSeen());
  const Bytes operation = SealOperation(kCluster, "key", {}, 1);

  EXPECT_FALSE(OpenOperation(kCluster, "key", context.view()));
  EXPECT_FALSE(OpenContext(kCluster, "key", operation.view()));
}

}  // namespace
}  // namespace orrery
