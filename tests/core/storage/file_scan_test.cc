#include "core/storage/file_scan.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "gtest/gtest.h"
#include "tests/core/storage/segment_image.h"

namespace orrery {
namespace {

constexpr uint64_t kFileScanPage = 4096;
constexpr uint64_t kAllAtOnce = uint64_t{1} << 30;

// A disk with one file, that gives at most `most` bytes at once and fails where
// it was told to.
struct ScannedDisk {
  SegmentImage image;
  uint64_t most = kAllAtOnce;
  std::set<uint64_t> bad_pages;
  std::vector<uint64_t> lengths;  // That were asked for.

  DiskDone Read(const DiskEffect& effect) {
    EXPECT_EQ(effect.verb, DiskVerb::kRead);
    lengths.push_back(effect.length);
    DiskDone done{.verb = DiskVerb::kRead};
    const uint64_t size = image.size();
    uint64_t end = std::min(effect.offset + effect.length, size);
    end = std::min(end, effect.offset + most);
    for (const uint64_t page : bad_pages) {
      if (page + kFileScanPage <= effect.offset || page >= end) continue;
      done.error = DiskError::kIo;
      end = std::max(page, effect.offset);  // What came before it.
      break;
    }
    end = std::max(end, effect.offset);
    const ByteView all = image.view();
    if (effect.offset < size) {
      done.data =
          Bytes::CopyOf(all.subspan(static_cast<size_t>(effect.offset),
                                    static_cast<size_t>(end - effect.offset)));
    }
    done.count = done.data.size();
    return done;
  }
};

struct FileScanSeen {
  std::vector<std::string> keys;
  std::vector<std::pair<uint64_t, uint64_t>> gaps;
  std::optional<uint64_t> failed_at;
  friend bool operator==(const FileScanSeen&, const FileScanSeen&) = default;
};

enum class Order { kLookFirst, kReadFirst, kReloadEachTime };

FileScan ScanOf(const ScannedDisk& disk, FileScan::OnError on_error) {
  return FileScan({.file = {7},
                   .on_error = on_error,
                   .segment = {.salt = SegmentImage::kSalt,
                               .from = kFileScanPage,
                               .upto = disk.image.size(),
                               .key_bytes_max = 100,
                               .piece_bytes = 3 * kFileScanPage}});
}

void LookAt(FileScan& scan, FileScanSeen* seen) {
  SegmentScan::Item item;
  while (scan.Next(&item)) {
    if (item.kind == SegmentScan::Item::Kind::kRecord) {
      seen->keys.emplace_back(TextOf(ViewRecord(item.header, item.record).key));
    } else {
      seen->gaps.emplace_back(item.from, item.upto);
    }
  }
}

FileScan Reloaded(const FileScan& scan) {
  ByteSink bytes;
  FieldSaver save(bytes);
  save(scan);
  FileScan again(Blank{});
  Reader in(bytes.view());
  FieldLoader load(in);
  load(again);
  EXPECT_TRUE(load.ok());
  return again;
}

FileScanSeen RunScan(ScannedDisk& disk, FileScan::OnError on_error,
                     Order order = Order::kLookFirst) {
  FileScan scan = ScanOf(disk, on_error);
  FileScanSeen seen;
  std::optional<DiskEffect> under_way = scan.Read();
  while (true) {
    if (under_way.has_value()) {
      if (order == Order::kReloadEachTime) scan = Reloaded(scan);
      under_way = scan.Take(disk.Read(*under_way));
      if (under_way.has_value()) continue;
    }
    if (scan.HasFailed()) {
      seen.failed_at = scan.failed_at();
      return seen;
    }
    const bool reads_first = order != Order::kLookFirst;
    if (reads_first && scan.WantsMore()) under_way = scan.Read();
    LookAt(scan, &seen);
    if (scan.IsDone()) return seen;
    if (!under_way.has_value()) under_way = scan.Read();
  }
}

SegmentImage TwentyRecords() {
  SegmentImage image;
  for (int i = 0; i < 20; ++i) {
    image.Add("key" + std::to_string(i), std::string(3000, 'v'));
  }
  return image;
}

FileScanSeen AllTwenty() {
  FileScanSeen seen;
  for (int i = 0; i < 20; ++i) seen.keys.push_back("key" + std::to_string(i));
  return seen;
}

TEST(FileScanTest, GivesAllItemsWhateverThePartsAndTheOrder) {
  for (const Order order :
       {Order::kLookFirst, Order::kReadFirst, Order::kReloadEachTime}) {
    for (const uint64_t most : {uint64_t{1000}, uint64_t{5000}, kAllAtOnce}) {
      ScannedDisk disk{.image = TwentyRecords(), .most = most};
      EXPECT_EQ(RunScan(disk, FileScan::OnError::kFail, order), AllTwenty())
          << most;
    }
  }
}

// What one read gives is not asked for again (FSC-1).
TEST(FileScanTest, ReadsEachByteOnce) {
  ScannedDisk disk{.image = TwentyRecords()};
  RunScan(disk, FileScan::OnError::kFail, Order::kReadFirst);
  uint64_t asked = 0;
  for (const uint64_t length : disk.lengths) asked += length;
  EXPECT_EQ(asked, disk.image.size() - kFileScanPage);
}

TEST(FileScanTest, EndsWhereAFileEndsTooEarly) {
  ScannedDisk disk{.image = TwentyRecords()};
  FileScan scan = ScanOf(disk, FileScan::OnError::kPassPage);
  disk.image.Cut(disk.image.size() - 2 * kFileScanPage);
  FileScanSeen seen;
  while (!scan.IsDone()) {
    std::optional<DiskEffect> read = scan.Read();
    while (read.has_value()) read = scan.Take(disk.Read(*read));
    LookAt(scan, &seen);
  }
  EXPECT_EQ(seen.keys.size(), 17U);
  ASSERT_EQ(seen.gaps.size(), 1U);
  EXPECT_EQ(seen.gaps[0].second, disk.image.size());
}

TEST(FileScanTest, AnErrorCostsAPage) {
  ScannedDisk disk{.image = TwentyRecords()};
  const uint64_t bad = 8 * kFileScanPage;
  disk.bad_pages = {bad};
  for (const Order order : {Order::kLookFirst, Order::kReadFirst}) {
    const FileScanSeen seen =
        RunScan(disk, FileScan::OnError::kPassPage, order);
    // Of 3,056 bytes each: two or three stand in a page.
    EXPECT_GE(seen.keys.size(), 17U);
    EXPECT_LT(seen.keys.size(), 20U);
    ASSERT_EQ(seen.gaps.size(), 1U);
    EXPECT_LE(seen.gaps[0].first, bad);
    EXPECT_GE(seen.gaps[0].second, bad + kFileScanPage);
    EXPECT_FALSE(seen.failed_at.has_value());
  }
}

// A bad sector somewhere in a page: pread(2) gives what is before it.
TEST(FileScanTest, WhatTheDiskGaveBeforeAnErrorIsNotLost) {
  ScannedDisk disk{.image = {}};
  uint64_t bad = 0;
  for (int i = 0; i < 20; ++i) {
    const uint64_t begins =
        disk.image.Add("key" + std::to_string(i), std::string(3000, 'v'));
    if (i == 6) bad = begins;
  }
  ASSERT_NE(bad % kFileScanPage, 0U);
  disk.bad_pages = {bad};  // It ends in the next page, which is lost too.

  const FileScanSeen seen = RunScan(disk, FileScan::OnError::kPassPage);

  FileScanSeen expected = AllTwenty();
  expected.keys.erase(expected.keys.begin() + 6, expected.keys.begin() + 9);
  EXPECT_EQ(seen.keys, expected.keys);
  ASSERT_EQ(seen.gaps.size(), 1U);
  EXPECT_EQ(seen.gaps[0].first, bad);
}

TEST(FileScanTest, FailsAtThePageOrThePiece) {
  ScannedDisk disk{.image = TwentyRecords()};
  const uint64_t bad = 8 * kFileScanPage;
  disk.bad_pages = {bad};
  EXPECT_EQ(RunScan(disk, FileScan::OnError::kFailAtPage).failed_at, bad);
  // Pieces of three pages, behind the header block.
  EXPECT_EQ(RunScan(disk, FileScan::OnError::kFail).failed_at,
            7 * kFileScanPage);
}

}  // namespace
}  // namespace orrery
