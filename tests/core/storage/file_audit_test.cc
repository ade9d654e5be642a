#include "core/storage/file_audit.h"

#include <cstdint>
#include <set>

#include "gtest/gtest.h"

namespace orrery {
namespace {

// More than one look at the index covers.
constexpr uint64_t kAuditedKeys = 10'000;

class FileAuditTest : public ::testing::Test {
 protected:
  // So many records of 64 bytes in the file of this slot, and their entries.
  void Fill(uint16_t slot) {
    for (uint64_t i = 0; i < kAuditedKeys; ++i) {
      const uint64_t hash = (i * 2 + slot) << 49;
      IndexEntry old;
      index_.Set(
          {.hash = {hash, hash + slot},
           .digest = 1,
           .timestamp = 1,
           .seq = i + 1,
           .address = RecordAddress(slot, kHeaderBlockBytes + 64 * i, 64)},
          &old);
    }
  }
  // Tokens of those whose records a scan that saw nothing did not show.
  std::set<uint64_t> WantingOf(uint64_t file, uint16_t slot) {
    audit_.Begin(file, slot);
    EXPECT_EQ(audit_.Finish(listed_, kLength), FileAudit::Verdict::kDamaged);
    ReadyList<DamagedEntry> wanting;
    while (!audit_.FindWanting(index_, &wanting)) {
    }
    std::set<uint64_t> tokens;
    for (const DamagedEntry& damaged : wanting.Take()) {
      EXPECT_EQ(damaged.file, file);
      EXPECT_EQ(damaged.entry.address.file_slot(), slot);
      tokens.insert(damaged.entry.hash.token);
    }
    return tokens;
  }

  static constexpr uint64_t kLength = kHeaderBlockBytes + 64 * kAuditedKeys;
  KeyIndex index_{4};
  ManifestState listed_;
  FileAudit audit_;
};

// AUD-2: a write that never came leaves no gap that a scan sees.
TEST_F(FileAuditTest, DamageWithoutAGapIsTheWholeFile) {
  listed_.files[7] = {.id = 7,
                      .sealed = true,
                      .summary = {.record_count = 3},
                      .poison_offset = {}};
  audit_.Begin(7, 0);
  EXPECT_EQ(audit_.Finish(listed_, kLength), FileAudit::Verdict::kDamaged);
  ASSERT_EQ(audit_.gaps().size(), 1U);
  EXPECT_EQ(audit_.gaps()[0].file, 7U);
  EXPECT_EQ(audit_.gaps()[0].from, kHeaderBlockBytes);
  EXPECT_EQ(audit_.gaps()[0].upto, kLength);
}

// One audit serves a job's files one after the other.
TEST_F(FileAuditTest, EachFileIsLookedForInTheWholeIndex) {
  Fill(0);
  Fill(1);

  EXPECT_EQ(WantingOf(7, 0).size(), kAuditedKeys);
  audit_.Clear();
  EXPECT_EQ(WantingOf(8, 1).size(), kAuditedKeys);
}

}  // namespace
}  // namespace orrery
