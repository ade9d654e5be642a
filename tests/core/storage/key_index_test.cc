#include "core/storage/key_index.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/base/prng.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

IndexEntry EntryOf(uint64_t i, uint64_t seq) {
  return {.hash = HashKey({1, 2}, "key-" + std::to_string(i)),
          .digest = i * 7 + seq,
          .timestamp = seq * 10,
          .seq = seq,
          .address = RecordAddress(static_cast<uint16_t>(i % 100), i * 8, 100),
          .tombstone = seq % 3 == 0};
}

TEST(RecordAddressTest, TheLengthIsNeverTooShortAndAtMostTooLongByOnePart) {
  for (uint64_t bytes = 8; bytes < (uint64_t{130} << 20);
       bytes += 8 + bytes / 50 / 8 * 8) {
    const RecordAddress address(65535, 8 * 0xfffffffeull, bytes);

    EXPECT_EQ(address.file_slot(), 65535);
    EXPECT_EQ(address.offset(), 8 * 0xfffffffeull);
    EXPECT_GE(address.bytes(), bytes);
    EXPECT_LE(address.bytes(), bytes + bytes / 128 + 8);
  }
}

TEST(KeyIndexTest, EqualsAMapThroughInsertsAndOverwrites) {
  for (const uint32_t segments : {1u, 4u, 1024u}) {
    KeyIndex index(segments);
    std::map<uint64_t, uint64_t> model;  // Key number, seq.
    Prng prng(segments);
    for (uint64_t seq = 1; seq < 5000; ++seq) {
      const uint64_t i = prng.Below(1500);
      IndexEntry old;
      EXPECT_EQ(index.Set(EntryOf(i, seq), &old), model.contains(i));
      if (model.contains(i)) {
        EXPECT_EQ(old.seq, model[i]);
      }
      model[i] = seq;
    }

    uint64_t tombstones = 0;
    for (uint64_t i = 0; i < 1600; ++i) {
      IndexEntry entry;
      ASSERT_EQ(index.Find(EntryOf(i, 0).hash, &entry), model.contains(i));
      if (!model.contains(i)) continue;
      EXPECT_EQ(entry.seq, model[i]);
      EXPECT_EQ(entry.digest, EntryOf(i, model[i]).digest);
      EXPECT_EQ(entry.address, EntryOf(i, model[i]).address);
      EXPECT_EQ(entry.tombstone, model[i] % 3 == 0);
      if (entry.tombstone) ++tombstones;
      IndexEntry at;
      ASSERT_TRUE(index.FindAt(entry.hash.token, entry.digest, &at));
      EXPECT_EQ(at.seq, entry.seq);
    }
    EXPECT_EQ(index.tombstones(), tombstones);
    EXPECT_EQ(index.live() + tombstones, model.size());
    index.CheckInvariants();
  }
}

TEST(KeyIndexTest, AWalkIsInTokenOrderAndResumable) {
  KeyIndex index(16);
  IndexEntry old;
  for (uint64_t i = 0; i < 1000; ++i) index.Set(EntryOf(i, i + 1), &old);
  std::vector<IndexEntry> all;
  uint64_t reached = 0;
  ASSERT_TRUE(index.Walk(0, UINT64_MAX, 5000, &all, &reached));
  ASSERT_EQ(all.size(), 1000u);

  std::vector<IndexEntry> parts;
  uint64_t from = 0;
  while (!index.Walk(from, UINT64_MAX, 13, &parts, &reached)) {
    from = reached + 1;
  }

  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(),
                             [](const IndexEntry& a, const IndexEntry& b) {
                               return a.hash.token < b.hash.token;
                             }));
  ASSERT_EQ(parts.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(parts[i].hash, all[i].hash);
  }
}

TEST(KeyIndexTest, WhatIsTouchedIsKeptOnceWhileItIsWatched) {
  KeyIndex index(4);
  IndexEntry entry;
  for (uint64_t i = 0; i < 10; ++i) index.Set(EntryOf(i, 1), &entry);
  EXPECT_TRUE(index.touched().empty());

  index.WatchTouches();
  for (const uint64_t i : {3u, 5u, 3u}) index.Find(EntryOf(i, 0).hash, &entry);
  index.Set(EntryOf(5, 2), &entry);
  ASSERT_EQ(index.touched().size(), 2u);
  EXPECT_EQ(index.touched()[1].seq, 1u);  // As it was.

  index.StopWatching();
  EXPECT_EQ(index.touched().capacity(), 0u);
  index.Find(EntryOf(7, 0).hash, &entry);
  EXPECT_TRUE(index.touched().empty());
}

TEST(KeyIndexTest, RelocationComparesAndKeepsTheFlags) {
  KeyIndex index(4);
  IndexEntry entry = EntryOf(1, 3);
  entry.doubted = true;
  IndexEntry old;
  index.Set(entry, &old);
  const RecordAddress to(7, 800, 100);

  EXPECT_FALSE(index.Relocate(entry.hash, to, entry.address));
  EXPECT_TRUE(index.Relocate(entry.hash, entry.address, to));
  EXPECT_FALSE(index.Relocate(entry.hash, entry.address, to));

  ASSERT_TRUE(index.Find(entry.hash, &old));
  EXPECT_EQ(old.address, to);
  EXPECT_TRUE(old.tombstone);
  EXPECT_TRUE(old.doubted);
}

// IDX-2
TEST(KeyIndexTest, OnlyTheEntryThatPointsThereIsErased) {
  KeyIndex index(4);
  IndexEntry old;
  index.Set(EntryOf(1, 3), &old);
  const uint64_t empty = KeyIndex(4).ContentHash();

  EXPECT_FALSE(index.Erase(EntryOf(2, 3).hash, EntryOf(1, 3).address, &old));
  EXPECT_FALSE(index.Erase(EntryOf(1, 3).hash, EntryOf(2, 3).address, &old));
  EXPECT_EQ(index.tombstones(), 1u);
  EXPECT_TRUE(index.Erase(EntryOf(1, 3).hash, EntryOf(1, 3).address, &old));
  EXPECT_EQ(old.seq, 3u);
  EXPECT_FALSE(index.Erase(EntryOf(1, 3).hash, EntryOf(1, 3).address, &old));
  EXPECT_EQ(index.live() + index.tombstones(), 0u);
  EXPECT_EQ(index.ContentHash(), empty);
  index.CheckInvariants();
}

// Whatever stood behind the erased ones is still found: one segment, so that
// many entries are pushed from their homes, around the end of the table too.
TEST(KeyIndexTest, EqualsAMapThroughInsertsAndErasures) {
  KeyIndex index(1);
  std::map<uint64_t, uint64_t> model;
  Prng prng(3);
  for (uint64_t seq = 1; seq < 6000; ++seq) {
    const uint64_t i = prng.Below(60);
    IndexEntry old;
    if (prng.Chance(1, 2)) {
      index.Set(EntryOf(i, seq), &old);
      model[i] = seq;
    } else {
      EXPECT_EQ(index.Erase(EntryOf(i, 0).hash, EntryOf(i, 0).address, &old),
                model.erase(i) == 1);
    }
    if (seq % 7 != 0) continue;
    for (uint64_t k = 0; k < 60; ++k) {
      IndexEntry entry;
      ASSERT_EQ(index.Find(EntryOf(k, 0).hash, &entry), model.contains(k));
      if (model.contains(k)) {
        ASSERT_EQ(entry.seq, model[k]);
      }
    }
    index.CheckInvariants();
  }
}

// What was kept stays kept, wherever its entry moved; a key that came back
// later was not there when the watch began.
TEST(KeyIndexTest, AnErasureKeepsTrackOfWhatWasTouched) {
  KeyIndex index(1);
  IndexEntry entry;
  for (uint64_t i = 0; i < 40; ++i) index.Set(EntryOf(i, 1), &entry);
  index.WatchTouches();
  Prng prng(5);
  for (uint64_t seq = 2; seq < 2000; ++seq) {
    const uint64_t i = prng.Below(80);
    if (prng.Chance(1, 3)) {
      index.Erase(EntryOf(i, 0).hash, EntryOf(i, 0).address, &entry);
    } else if (prng.Chance(1, 2)) {
      index.Set(EntryOf(i, seq), &entry);
    } else {
      index.Find(EntryOf(i, 0).hash, &entry);
    }
  }
  std::vector<KeyHash> kept;
  for (const IndexEntry& touched : index.touched()) {
    EXPECT_EQ(touched.seq, 1u);
    kept.push_back(touched.hash);
  }
  std::sort(kept.begin(), kept.end());
  EXPECT_EQ(std::unique(kept.begin(), kept.end()), kept.end());
  EXPECT_EQ(kept.size(), 40u);
}

}  // namespace
}  // namespace orrery
