#include "core/storage/index_snapshot.h"

#include <functional>
#include <string>
#include <vector>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/prng.h"
#include "core/base/total_order.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

constexpr SipKey kSeed{0x1234, 0x5678};

class IndexSnapshotTest : public testing::Test {
 protected:
  // So many records of 64 bytes; each third is a tombstone.
  void Fill(size_t count) {
    Prng prng(count);
    source_ = {.storage = {{7, 9}},
               .file = 5,
               .salt = 0x1122334455667788,
               .summary = {.digest = 77},
               .hash_check = SnapshotSource::HashCheckOf(kSeed)};
    rows_.clear();
    for (size_t i = 0; i < count; ++i) {
      const uint64_t token = prng.Next();
      const uint64_t keyed = prng.Next();
      const bool deleted = i % 3 == 0;
      rows_.push_back(
          {.hash = {token, keyed},
           .seq = 100 + i,
           .timestamp = 1'700'000'000'000'000'000 + i,
           .digest = i + 1,
           .offset_units = static_cast<uint32_t>(512 + i * 8),
           .length_units = 8 | (deleted ? SnapshotRow::kTombstone : 0)});
      source_.summary.Count({.seq = 100 + i,
                             .timestamp = rows_.back().timestamp,
                             .tombstone = deleted});
    }
    source_.summary.data_length = 4096 + count * 64;
    Sort(rows_.begin(), rows_.end(), IsBefore);
  }

  ByteBuffer Encode() const {
    ByteBuffer out(kHeaderBlockBytes);
    EncodeSnapshotHeader(source_, {.created = 3, .generation = 2}, out.data());
    SnapshotEncoder encoder;
    for (const SnapshotRow& row : rows_) encoder.Add(row, out);
    encoder.Finish(out);
    return out;
  }

  // Whether it is taken for a snapshot of source_; then *rows are its rows.
  bool Decode(ByteView bytes, std::vector<SnapshotRow>* rows) const {
    SnapshotDecoder decoder(source_);
    if (bytes.size() < kHeaderBlockBytes) return false;
    if (!decoder.TakeHeader(bytes.first(kHeaderBlockBytes))) return false;
    bytes = bytes.subspan(kHeaderBlockBytes);
    while (decoder.blocks_left() > 0) {
      if (!decoder.TakeBlock(bytes)) return false;
      SnapshotRow row;
      while (decoder.Next(&row)) rows->push_back(row);
      bytes = bytes.subspan(kSnapshotBlockBytes);
    }
    return decoder.IsWhole();
  }
  bool Holds(ByteView bytes) const {
    std::vector<SnapshotRow> rows;
    return Decode(bytes, &rows);
  }

  static void Reseal(ByteBuffer& bytes, size_t block) {
    std::byte* at =
        bytes.data() + kHeaderBlockBytes + block * kSnapshotBlockBytes;
    StoreU32(at, Crc32c(ByteView(at, kSnapshotBlockBytes).subspan(4)));
  }

  SnapshotSource source_;
  std::vector<SnapshotRow> rows_;
};

// Byte by byte, as docs/disk-format.md says.
TEST_F(IndexSnapshotTest, TheBytesAreThoseOfTheFormat) {
  source_ = {.storage = {{7, 9}},
             .file = 5,
             .salt = 0x1122334455667788,
             .summary = {.data_length = 4280,
                         .record_count = 2,
                         .tombstone_count = 1,
                         .min_seq = 42,
                         .max_seq = 43,
                         .min_timestamp = 1000,
                         .max_timestamp = 1001,
                         .digest = 0xaabbccdd},
             .hash_check = 0x0102030405060708};
  rows_ = {{.hash = {0x10, 0x20},
            .seq = 42,
            .timestamp = 1000,
            .digest = 0x9d3c5a7e1f20b846,
            .offset_units = 4160 / 8,
            .length_units = 8},
           {.hash = {0x10, 0x20},
            .seq = 43,
            .timestamp = 1001,
            .digest = 0x27c1e80b64f5930a,
            .offset_units = 4224 / 8,
            .length_units = 7 | SnapshotRow::kTombstone}};

  const ByteBuffer bytes = Encode();

  ASSERT_EQ(bytes.size(), SnapshotBytesOf(1));
  const std::byte* at = bytes.data();
  EXPECT_EQ(TextOf(ByteView(at, 8)), "ORRERYIX");
  EXPECT_EQ(LoadU64(at + 48), 5u);
  EXPECT_EQ(LoadU64(at + 56), 0x1122334455667788u);
  EXPECT_EQ(LoadU64(at + 80), 4280u);
  EXPECT_EQ(LoadU32(at + 88), 0xaabbccddu);
  EXPECT_EQ(LoadU32(at + 92), 48u);
  EXPECT_EQ(LoadU32(at + 96), 2u);
  EXPECT_EQ(LoadU32(at + 100), 1u);
  EXPECT_EQ(LoadU64(at + 104), 42u);
  EXPECT_EQ(LoadU64(at + 112), 43u);
  EXPECT_EQ(LoadU64(at + 120), 1000u);
  EXPECT_EQ(LoadU64(at + 128), 1001u);
  EXPECT_EQ(LoadU64(at + 136), 0x0102030405060708u);
  EXPECT_EQ(LoadU32(at + 144), 1u);
  const std::byte* block = at + 4096;
  EXPECT_EQ(LoadU32(block), Crc32c(ByteView(block, 65536).subspan(4)));
  EXPECT_EQ(LoadU32(block + 4), 2u);
  const std::byte* row = block + 8 + 48;
  EXPECT_EQ(LoadU64(row), 0x10u);
  EXPECT_EQ(LoadU64(row + 8), 0x20u);
  EXPECT_EQ(LoadU64(row + 16), 43u);
  EXPECT_EQ(LoadU64(row + 24), 1001u);
  EXPECT_EQ(LoadU32(row + 32), 4224u / 8);
  EXPECT_EQ(LoadU32(row + 36) & 0xffffff, 7u);
  EXPECT_EQ(row[39], std::byte{1});
  EXPECT_EQ(LoadU64(row + 40), 0x27c1e80b64f5930au);
}

TEST_F(IndexSnapshotTest, WhatIsWrittenIsRead) {
  const size_t block = kSnapshotRowsPerBlock;
  for (const size_t count : {size_t{0}, size_t{1}, block - 1, block, block + 1,
                             3 * block, 3 * block + 7}) {
    Fill(count);
    const ByteBuffer bytes = Encode();
    std::vector<SnapshotRow> rows;

    EXPECT_EQ(bytes.size(), SnapshotBytesOf(SnapshotBlocksOf(count)));
    EXPECT_TRUE(Decode(bytes, &rows)) << count;
    EXPECT_EQ(rows, rows_) << count;
  }
}

// IXS-1: of every byte, but for what follows the header's fields by a newer
// minor version, a flip is found.
TEST_F(IndexSnapshotTest, AFlippedBitAnywhereMakesItNone) {
  Fill(kSnapshotRowsPerBlock + 20);
  const ByteBuffer good = Encode();
  Prng prng(1);
  for (int i = 0; i < 3000; ++i) {
    ByteBuffer bytes = good;
    const auto at = static_cast<size_t>(prng.Below(bytes.size()));
    bytes[at] ^= static_cast<std::byte>(1 << prng.Below(8));

    ASSERT_FALSE(Holds(bytes)) << at;
  }
}

TEST_F(IndexSnapshotTest, ATruncatedOneIsNone) {
  Fill(2 * kSnapshotRowsPerBlock);
  const ByteBuffer good = Encode();
  for (size_t keep = 0; keep < good.size(); keep += 2048) {
    ASSERT_FALSE(Holds(ByteView(good).first(keep))) << keep;
  }
}

// IXS-2.
TEST_F(IndexSnapshotTest, OneOfSomethingElseIsNone) {
  using Change = std::function<void(SnapshotSource&)>;
  const std::vector<Change> changes = {
      [](SnapshotSource& of) { of.storage.hi ^= 1; },
      [](SnapshotSource& of) { of.file ^= 1; },
      [](SnapshotSource& of) { of.salt ^= 1; },
      [](SnapshotSource& of) { of.hash_check ^= 1; },
      [](SnapshotSource& of) { of.summary.data_length += 8; },
      [](SnapshotSource& of) { of.summary.digest ^= 1; },
      [](SnapshotSource& of) { ++of.summary.record_count; },
      [](SnapshotSource& of) { ++of.summary.tombstone_count; },
      [](SnapshotSource& of) { ++of.summary.max_seq; },
  };
  Fill(20);
  const ByteBuffer good = Encode();
  ASSERT_TRUE(Holds(good));
  for (size_t i = 0; i < changes.size(); ++i) {
    const SnapshotSource was = source_;
    changes[i](source_);
    EXPECT_FALSE(Holds(good)) << i;
    source_ = was;
  }
}

// Catalogue B11, IXS-3: all checksums hold, and what it says cannot be.
TEST_F(IndexSnapshotTest, RowsThatCannotBeMakeItNone) {
  const auto row_at = [](ByteBuffer& bytes, size_t row) {
    return bytes.data() + kHeaderBlockBytes + kSnapshotBlockHeadBytes +
           row * kSnapshotRowBytes;
  };
  const std::vector<std::function<void(ByteBuffer&)>> changes = {
      // Past the end of the data; in the header block; shorter than a header.
      [&](ByteBuffer& b) { StoreU32(row_at(b, 3) + 32, (4096 + 2000) / 8); },
      [&](ByteBuffer& b) { StoreU32(row_at(b, 3) + 32, 500); },
      [&](ByteBuffer& b) { StoreU32(row_at(b, 3) + 36, 1); },
      // Out of order.
      [&](ByteBuffer& b) { StoreU64(row_at(b, 3), 0); },
      // One more a tombstone than counted, or of another time.
      [&](ByteBuffer& b) { row_at(b, 3)[39] ^= std::byte{1}; },
      [&](ByteBuffer& b) { StoreU64(row_at(b, 3) + 24, 5); },
      // Fewer rows than records, and more than a block can have.
      [&](ByteBuffer& b) { StoreU32(b.data() + 4096 + 4, 19); },
      [&](ByteBuffer& b) { StoreU32(b.data() + 4096 + 4, 1u << 31); },
  };
  Fill(20);
  for (size_t i = 0; i < changes.size(); ++i) {
    ByteBuffer bytes = Encode();
    changes[i](bytes);
    Reseal(bytes, 0);
    EXPECT_FALSE(Holds(bytes)) << i;
  }
}

// A newer version may say more of each record.
TEST_F(IndexSnapshotTest, LongerRowsAreReadAsFarAsTheyAreKnown) {
  Fill(20);
  ByteBuffer bytes = Encode();
  std::byte* block = bytes.data() + kHeaderBlockBytes;
  const ByteBuffer was(block, block + kSnapshotBlockBytes);
  for (size_t i = 0; i < 20; ++i) {
    std::byte* row = block + kSnapshotBlockHeadBytes + i * 64;
    std::copy_n(was.data() + kSnapshotBlockHeadBytes + i * 48, 48, row);
    std::fill_n(row + 48, 16, std::byte{0xee});
  }
  StoreU32(bytes.data() + 92, 64);
  StoreU32(bytes.data() + kHeaderCrcAt,
           Crc32c(ByteView(bytes).first(kHeaderCrcAt)));
  Reseal(bytes, 0);
  std::vector<SnapshotRow> rows;

  EXPECT_TRUE(Decode(bytes, &rows));

  EXPECT_EQ(rows, rows_);
}

// I12.
TEST_F(IndexSnapshotTest, NoBytesAreTooStrange) {
  Prng prng(7);
  for (int i = 0; i < 2000; ++i) {
    Fill(20);
    ByteBuffer bytes = Encode();
    for (int n = 0; n < 8; ++n) {
      bytes[static_cast<size_t>(prng.Below(150))] =
          static_cast<std::byte>(prng.Below(256));
    }
    StoreU32(bytes.data() + kHeaderCrcAt,
             Crc32c(ByteView(bytes).first(kHeaderCrcAt)));
    for (int n = 0; n < 8; ++n) {
      bytes[4096 + 4 + static_cast<size_t>(prng.Below(1000))] =
          static_cast<std::byte>(prng.Below(256));
    }
    Reseal(bytes, 0);
    Holds(bytes);
  }
}

}  // namespace
}  // namespace orrery
