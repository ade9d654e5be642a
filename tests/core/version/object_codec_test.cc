#include "core/version/object_codec.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/core/version/version_samples.h"

namespace orrery {
namespace {

std::optional<Object> Decode(const EncodedObject& encoded) {
  return DecodeObject(encoded.meta.view(), encoded.value);
}

TEST(ObjectCodecTest, AValueComesBackWithoutBeingCopied) {
  const Object object = ObjectOf(ValueOf(DotOf(1, 7), 42, "hello"));

  const EncodedObject encoded = EncodeObject(object);

  EXPECT_EQ(encoded.value.data(), object.siblings[0].value.data());
  EXPECT_EQ(encoded.timestamp, 42U);
  EXPECT_FALSE(encoded.deleted);
  EXPECT_EQ(encoded.digest, DigestOf(object));
  const std::optional<Object> decoded = Decode(encoded);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, object);
  EXPECT_EQ(decoded->siblings[0].value.data(), encoded.value.data());
}

TEST(ObjectCodecTest, ATombstoneIsMarkedDeletedAndHasNoValue) {
  const Object object = ObjectOf(TombstoneOf(DotOf(1, 1), 5));

  const EncodedObject encoded = EncodeObject(object);

  EXPECT_TRUE(encoded.deleted);
  EXPECT_TRUE(encoded.value.empty());
  EXPECT_EQ(Decode(encoded), object);
}

TEST(ObjectCodecTest, SiblingsStandNewestFirst) {
  const Object object = Merge(ObjectOf(KeptValueOf(DotOf(1, 1), 10, "older")),
                              ObjectOf(KeptValueOf(DotOf(2, 1), 20, "newer")));

  const EncodedObject encoded = EncodeObject(object);

  EXPECT_EQ(encoded.value.text(), "newerolder");
  EXPECT_EQ(encoded.timestamp, 20U);
  EXPECT_EQ(Decode(encoded), object);
}

TEST(ObjectCodecTest, EveryCutOfTheMetadataIsRefused) {
  const EncodedObject encoded =
      EncodeObject(ObjectOf(ValueOf(DotOf(1, 7), 42, "hello")));

  for (size_t size = 0; size < encoded.meta.size(); ++size) {
    EXPECT_FALSE(DecodeObject(encoded.meta.view().first(size), encoded.value))
        << size;
  }
}

TEST(ObjectCodecTest, TrailingBytesAreRefused) {
  const EncodedObject encoded =
      EncodeObject(ObjectOf(ValueOf(DotOf(1, 7), 42, "hello")));
  const std::string longer = std::string(encoded.meta.text()) + '\0';

  EXPECT_FALSE(DecodeObject(ViewOf(longer), encoded.value));
}

TEST(ObjectCodecTest, AnUnknownLayoutIsRefused) {
  const EncodedObject encoded =
      EncodeObject(ObjectOf(ValueOf(DotOf(1, 7), 42, "hello")));
  std::string meta(encoded.meta.text());
  meta[0] = 2;

  EXPECT_FALSE(DecodeObject(ViewOf(meta), encoded.value));
}

TEST(ObjectCodecTest, ARottenOrShortenedValueIsRefused) {
  const EncodedObject encoded =
      EncodeObject(ObjectOf(ValueOf(DotOf(1, 7), 42, "hello")));

  EXPECT_FALSE(DecodeObject(encoded.meta.view(), Bytes::CopyOf("hellO")));
  EXPECT_FALSE(DecodeObject(encoded.meta.view(), Bytes::CopyOf("hell")));
  EXPECT_FALSE(DecodeObject(encoded.meta.view(), Bytes::CopyOf("hello!")));
}

// M9: a vector beyond the metadata loses the lowest counters of actors that
// no sibling carries.
TEST(ObjectCodecTest, AnOverlongVectorLosesItsLowestCountersOnly) {
  Object object = ObjectOf(ValueOf(DotOf(1, 1), 10, "x"));
  for (uint64_t actor = 2; actor < 6000; ++actor) {
    Raise(&object.vv, DotOf(actor, actor));
  }

  const EncodedObject encoded = EncodeObject(object);

  ASSERT_LE(encoded.meta.size(), kObjectMetaBytesMax);
  const std::optional<Object> decoded = Decode(encoded);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->siblings, object.siblings);
  EXPECT_TRUE(Covers(decoded->vv, DotOf(5999, 5999)));
  EXPECT_FALSE(Covers(decoded->vv, DotOf(2, 2)));
  EXPECT_EQ(encoded.digest, DigestOf(*decoded));
}

}  // namespace
}  // namespace orrery
