#include "core/storage/segment_scan.h"

#include <string>
#include <utility>
#include <vector>

#include "core/base/prng.h"
#include "gtest/gtest.h"
#include "tests/core/storage/segment_image.h"

namespace orrery {
namespace {

constexpr size_t kHolesMax = 16;

struct Seen {
  std::vector<std::string> keys;
  std::vector<std::pair<uint64_t, uint64_t>> damage;
  std::vector<std::pair<uint64_t, uint64_t>> holes;
};

Seen Scan(ByteView file, size_t piece_bytes = 64) {
  SegmentScan scan({.salt = SegmentImage::kSalt,
                    .from = 4096,
                    .upto = file.size(),
                    .key_bytes_max = 100,
                    .piece_bytes = piece_bytes});
  Seen seen;
  while (!scan.IsDone()) {
    const SegmentScan::Piece piece = scan.wanted();
    scan.Feed(file.subspan(static_cast<size_t>(piece.offset),
                           static_cast<size_t>(piece.length)));
    SegmentScan::Item item;
    while (scan.Next(&item)) {
      if (seen.holes.size() > kHolesMax) return seen;  // It does not move on.
      switch (item.kind) {
        case SegmentScan::Item::Kind::kRecord:
          seen.keys.emplace_back(
              TextOf(ViewRecord(item.header, item.record).key));
          break;
        case SegmentScan::Item::Kind::kDamage:
          seen.damage.emplace_back(item.from, item.upto);
          break;
        case SegmentScan::Item::Kind::kHole:
          seen.holes.emplace_back(item.from, item.upto);
          break;
      }
    }
  }
  return seen;
}

using Names = std::vector<std::string>;

TEST(SegmentScanTest, RecordsComeInFileOrderWhateverThePieces) {
  SegmentImage image;
  for (int i = 0; i < 20; ++i) image.Add("k", std::string(37, 'v'));

  for (const size_t piece : {8u, 40u, 64u, 1000u, 100'000u}) {
    const Seen seen = Scan(image.view(), piece);
    EXPECT_EQ(seen.keys.size(), 20u);
    EXPECT_TRUE(seen.damage.empty());
    EXPECT_TRUE(seen.holes.empty());
  }
}

// Catalogue B2.
TEST(SegmentScanTest, ZerosBehindTheLastRecordAreTheEnd) {
  SegmentImage image;
  image.Add("a", "1");
  image.AddZeros(20'000);

  const Seen seen = Scan(image.view());

  EXPECT_EQ(seen.keys, Names{"a"});
  EXPECT_TRUE(seen.damage.empty());
  EXPECT_TRUE(seen.holes.empty());
}

TEST(SegmentScanTest, PaddingToThePageIsNoHole) {
  SegmentImage image;
  image.Add("a", "1");
  image.AddZeros(8192 - image.size());
  image.Add("b", "2");

  const Seen seen = Scan(image.view());

  EXPECT_EQ(seen.keys, (Names{"a", "b"}));
  EXPECT_TRUE(seen.holes.empty());
}

TEST(SegmentScanTest, WholeZeroPagesBeforeARecordAreAHole) {
  SegmentImage image;
  image.Add("a", "1");
  image.AddZeros(16384 - image.size());
  image.Add("b", "2");

  const Seen seen = Scan(image.view());

  EXPECT_EQ(seen.keys, (Names{"a", "b"}));
  ASSERT_EQ(seen.holes.size(), 1u);
  EXPECT_EQ(seen.holes[0], (std::pair<uint64_t, uint64_t>{8192, 16384}));
}

// One record of 256 has a checksum whose first byte is zero.
TEST(SegmentScanTest, AZeroThatARecordBeginsWithIsNotOfTheHoleBeforeIt) {
  int begin_with_zero = 0;
  for (int i = 0; i < 2048; ++i) {
    SegmentImage image;
    image.Add("a", "1");
    image.AddZeros(16384 - image.size());
    const uint64_t at = image.Add("b", std::to_string(i));
    if (image.view()[static_cast<size_t>(at)] != std::byte{0}) continue;
    ++begin_with_zero;

    const Seen seen = Scan(image.view());

    EXPECT_EQ(seen.keys, (Names{"a", "b"}));
    EXPECT_EQ(seen.holes.size(), 1u);
  }
  EXPECT_GT(begin_with_zero, 0);
}

TEST(SegmentScanTest, AZeroThatARecordBeginsWithIsNotOfTheDamageBeforeIt) {
  int begin_with_zero = 0;
  for (int i = 0; i < 2048; ++i) {
    SegmentImage image;
    image.Flip(image.Add("a", "1") + 8);
    image.AddZeros(16384 - image.size());
    const uint64_t at = image.Add("b", std::to_string(i));
    if (image.view()[static_cast<size_t>(at)] != std::byte{0}) continue;
    ++begin_with_zero;

    const Seen seen = Scan(image.view());

    EXPECT_EQ(seen.keys, Names{"b"});
    EXPECT_EQ(seen.damage.size(), 1u);
    EXPECT_TRUE(seen.holes.empty());
  }
  EXPECT_GT(begin_with_zero, 0);
}

TEST(SegmentScanTest, ADamagedValueCostsOneRecord) {
  SegmentImage image;
  image.Add("a", "1");
  const uint64_t at = image.Add("b", std::string(100, 'v'));
  const uint64_t end = image.size();
  image.Add("c", "3");
  image.Flip(at + 60);

  const Seen seen = Scan(image.view());

  EXPECT_EQ(seen.keys, (Names{"a", "c"}));
  ASSERT_EQ(seen.damage.size(), 1u);
  EXPECT_EQ(seen.damage[0], (std::pair{at, end}));
}

TEST(SegmentScanTest, BehindADamagedHeaderTheScanGoesOn) {
  SegmentImage image;
  image.Add("a", "1");
  const uint64_t at = image.Add("b", std::string(100, 'v'));
  const uint64_t end = image.size();
  image.Add("c", "3");
  image.Flip(at + 16);  // value_len

  const Seen seen = Scan(image.view());

  EXPECT_EQ(seen.keys, (Names{"a", "c"}));
  ASSERT_EQ(seen.damage.size(), 1u);
  EXPECT_EQ(seen.damage[0].first, at);
  EXPECT_LE(seen.damage[0].second, end);
}

// Catalogue B1.
TEST(SegmentScanTest, ARecordCutAtAnyByteIsNoRecord) {
  SegmentImage whole;
  whole.Add("a", "1");
  const uint64_t at = whole.Add("b", "0123456789");
  for (uint64_t size = at; size + 5 < whole.size(); ++size) {
    SegmentImage image = whole;
    image.Cut(size);

    EXPECT_EQ(Scan(image.view()).keys, Names{"a"}) << size;
  }
}

TEST(SegmentScanTest, ARecordInsideAValueIsNotFound) {
  SegmentImage inner;
  inner.Add("inner", "x");
  const std::string text(TextOf(inner.view().subspan(4096)));
  SegmentImage image;
  const uint64_t at = image.Add("outer", "1234" + text);
  image.Add("after", "2");
  image.Flip(at + 40);

  EXPECT_EQ(Scan(image.view()).keys, Names{"after"});
}

TEST(SegmentScanTest, ArbitraryBytesEndInBoundedSteps) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Prng prng(seed);
    ByteBuffer bytes(4096 + prng.Below(20'000));
    for (std::byte& b : bytes) {
      b = prng.Chance(1, 3) ? std::byte{0}
                            : static_cast<std::byte>(prng.Next());
    }

    const Seen seen = Scan(bytes, 1 + prng.Below(5000));

    EXPECT_TRUE(seen.keys.empty());
  }
}

}  // namespace
}  // namespace orrery
