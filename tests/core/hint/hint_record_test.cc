#include "core/hint/hint_record.h"

#include "gtest/gtest.h"
#include "tests/core/version/version_samples.h"

namespace orrery {
namespace {

Hint SampleHint() {
  return {.target = {77},
          .storage = {{.hi = 0x0102030405060708, .lo = 9}},
          .key = std::string("a\0b", 3),
          .object = Merge(ObjectOf(ValueOf(DotOf(1, 1), 50, "old")),
                          ObjectOf(ValueOf(DotOf(2, 4), 60, "new"))),
          .counted = true,
          .floor = 12,
          .epoch = {.era = 1, .seq = 5}};
}

TEST(HintRecordTest, AHintComesBackAsItWas) {
  const Hint hint = SampleHint();
  const EncodedHint encoded = EncodeHint(hint);

  const auto back = DecodeHint(HintKeyOf(hint.storage, hint.key),
                               encoded.meta.view(), encoded.value);

  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->target, hint.target);
  EXPECT_EQ(back->storage, hint.storage);
  EXPECT_EQ(back->key, hint.key);
  EXPECT_EQ(back->object, hint.object);
  EXPECT_TRUE(back->counted);
  EXPECT_EQ(back->floor, 12U);
  EXPECT_EQ(back->epoch, hint.epoch);
  EXPECT_EQ(encoded.digest, DigestOf(hint.object));
  EXPECT_EQ(encoded.timestamp, 60U);
}

TEST(HintRecordTest, TheKeyBeginsWithTheTargetsStorageBigEndian) {
  const std::string key = HintKeyOf({{.hi = 0x0102030405060708, .lo = 9}}, "k");

  EXPECT_EQ(key, std::string("\1\2\3\4\5\6\7\10\0\0\0\0\0\0\0\11k", 17));
  EXPECT_EQ(StorageOf(key), (StorageId{{.hi = 0x0102030405060708, .lo = 9}}));
}

TEST(HintRecordTest, ATombstoneIsHeldLikeAValue) {
  Hint hint = SampleHint();
  hint.object = ObjectOf(TombstoneOf(DotOf(1, 1), 70));
  const EncodedHint encoded = EncodeHint(hint);

  const auto back = DecodeHint(HintKeyOf(hint.storage, hint.key),
                               encoded.meta.view(), encoded.value);

  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->object, hint.object);
}

TEST(HintRecordTest, WhatIsCutOrOfAnotherVersionIsNoHint) {
  const Hint hint = SampleHint();
  const EncodedHint encoded = EncodeHint(hint);
  const std::string key = HintKeyOf(hint.storage, hint.key);

  for (size_t size = 0; size < encoded.meta.size(); ++size) {
    EXPECT_FALSE(
        DecodeHint(key, encoded.meta.view().first(size), encoded.value));
  }
  std::string other(encoded.meta.text());
  other[0] = 2;
  EXPECT_FALSE(DecodeHint(key, ViewOf(other), encoded.value));
  std::string flags(encoded.meta.text());
  flags[1] = 2;
  EXPECT_FALSE(DecodeHint(key, ViewOf(flags), encoded.value));
  EXPECT_FALSE(DecodeHint(key.substr(0, kHintKeyPrefixBytes),
                          encoded.meta.view(), encoded.value));
}

}  // namespace
}  // namespace orrery
