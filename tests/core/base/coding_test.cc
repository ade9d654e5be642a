#include "core/base/coding.h"

#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace orrery {
namespace {

TEST(CodingTest, FixedIntegersAreLittleEndian) {
  ByteBuffer out;

  PutU8(out, 0x01);
  PutU16(out, 0x0302);
  PutU32(out, 0x07060504);
  PutU64(out, 0x0f0e0d0c0b0a0908);

  EXPECT_EQ(TextOf(out), std::string_view("\x01\x02\x03\x04\x05\x06\x07\x08"
                                          "\x09\x0a\x0b\x0c\x0d\x0e\x0f"));
}

TEST(CodingTest, AReaderReturnsWhatWasPut) {
  ByteBuffer out;
  PutU8(out, 7);
  PutU16(out, 700);
  PutU32(out, 70'000);
  PutU64(out, 1ULL << 40);
  PutVarint(out, 300);
  PutSizedBytes(out, ViewOf("key"));

  Reader reader{ByteView(out)};
  uint8_t a = 0;
  uint16_t b = 0;
  uint32_t c = 0;
  uint64_t d = 0;
  uint64_t e = 0;
  ByteView f;

  ASSERT_TRUE(reader.ReadU8(&a));
  ASSERT_TRUE(reader.ReadU16(&b));
  ASSERT_TRUE(reader.ReadU32(&c));
  ASSERT_TRUE(reader.ReadU64(&d));
  ASSERT_TRUE(reader.ReadVarint(&e));
  ASSERT_TRUE(reader.ReadSizedBytes(&f));
  EXPECT_EQ(a, 7);
  EXPECT_EQ(b, 700);
  EXPECT_EQ(c, 70'000U);
  EXPECT_EQ(d, 1ULL << 40);
  EXPECT_EQ(e, 300U);
  EXPECT_EQ(TextOf(f), "key");
  EXPECT_TRUE(reader.AtEnd());
}

TEST(CodingTest, AReadBeyondTheEndChangesNothing) {
  const ByteBuffer three(3);
  Reader reader{ByteView(three)};
  uint32_t value = 5;
  ByteView bytes;

  EXPECT_FALSE(reader.ReadU32(&value));
  EXPECT_FALSE(reader.ReadBytes(4, &bytes));
  EXPECT_FALSE(reader.Skip(4));

  EXPECT_EQ(value, 5U);
  EXPECT_EQ(reader.remaining(), 3U);
}

TEST(CodingTest, ALengthBeyondTheEndIsRefusedWhole) {
  ByteBuffer out;
  PutVarint(out, 4);
  PutBytes(out, ViewOf("abc"));
  Reader reader{ByteView(out)};
  ByteView bytes;

  EXPECT_FALSE(reader.ReadSizedBytes(&bytes));

  EXPECT_EQ(reader.remaining(), 4U);
}

TEST(CodingTest, VarintsRoundTripAtEveryWidth) {
  for (int bits = 0; bits < 64; ++bits) {
    for (const uint64_t value : {(1ULL << bits) - 1, 1ULL << bits}) {
      ByteBuffer out;
      PutVarint(out, value);
      Reader reader{ByteView(out)};
      uint64_t back = 0;
      ASSERT_TRUE(reader.ReadVarint(&back)) << value;
      EXPECT_EQ(back, value);
      EXPECT_TRUE(reader.AtEnd());
    }
  }
}

TEST(CodingTest, TheLargestVarintTakesTheNamedLimit) {
  ByteBuffer out;
  PutVarint(out, std::numeric_limits<uint64_t>::max());

  EXPECT_EQ(out.size(), kVarintBytesMax);
}

TEST(CodingTest, AVarintLongerThanNeedBeIsRefused) {
  Reader reader{ViewOf(std::string_view("\x81\x00", 2))};
  uint64_t value = 0;

  EXPECT_FALSE(reader.ReadVarint(&value));
}

TEST(CodingTest, AVarintBeyond64BitsIsRefused) {
  Reader reader{ViewOf("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")};
  uint64_t value = 0;

  EXPECT_FALSE(reader.ReadVarint(&value));
}

TEST(CodingTest, AnUnfinishedVarintIsRefused) {
  Reader reader{ViewOf("\xff\xff")};
  uint64_t value = 0;

  EXPECT_FALSE(reader.ReadVarint(&value));
  EXPECT_EQ(reader.remaining(), 2U);
}

}  // namespace
}  // namespace orrery
