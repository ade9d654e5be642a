#include "core/storage/victim_chooser.h"

#include <vector>

#include "core/storage/store_disk.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr uint64_t kNs = 1000000000;

class VictimChooserTest : public testing::Test {
 protected:
  struct File {
    uint64_t used = 0;  // Behind the header block.
    uint64_t live = 0;
    uint32_t records = 10;
    uint32_t tombstones = 0;
    uint64_t min_seq = 1;
    uint64_t max_seq = 1;
    uint64_t newest = 900 * kNs;
  };
  // Files count from 1.
  DataFile& Add(const File& file) {
    const uint64_t id = ++count_;
    const uint64_t length = kHeaderBlockBytes + file.used;
    uint16_t slot = 0;
    EXPECT_TRUE(files_.Add({.id = id,
                            .state = DataFile::State::kClosed,
                            .sealed = true,
                            .length = length,
                            .live_bytes = file.live},
                           &slot));
    listed_.files[id] = {.id = id,
                         .sealed = true,
                         .summary = {.record_count = file.records,
                                     .tombstone_count = file.tombstones,
                                     .min_seq = file.min_seq,
                                     .max_seq = file.max_seq,
                                     .max_timestamp = file.newest},
                         .length = length,
                         .poison_offset = {}};
    return files_.At(slot);
  }
  std::vector<uint64_t> Choose() {
    std::vector<uint64_t> ids;
    for (const uint16_t slot : ChooseVictims(files_, listed_, query_)) {
      ids.push_back(files_.At(slot).id);
    }
    return ids;
  }

  StoreDisk disk_{StoreId::kUser, "shard-0000"};
  FileTable files_{disk_};
  ManifestState listed_;
  VictimQuery query_{
      .max_file_bytes = 100000, .now = Instant{1000}, .wall_ns = 1000 * kNs};
  uint64_t count_ = 0;
};

TEST_F(VictimChooserTest, HalfOfAFileMustBeDead) {
  Add({.used = 50000, .live = 25001});
  Add({.used = 50000, .live = 25000});
  EXPECT_THAT(Choose(), ElementsAre(2));
}

TEST_F(VictimChooserTest, WhatIsMoreDeadAndOlderGoesFirst) {
  Add({.used = 50000, .live = 20000});
  Add({.used = 50000, .live = 10000});
  // Half as much of it is dead, and it is nine times as old.
  Add({.used = 50000, .live = 20000, .newest = 100 * kNs});
  EXPECT_THAT(Choose(), ElementsAre(3, 2, 1));
}

TEST_F(VictimChooserTest, ASmallFileNeedsAnotherToJoin) {
  Add({.used = 2000, .live = 2000});
  EXPECT_THAT(Choose(), IsEmpty());
  Add({.used = 3000, .live = 3000});
  EXPECT_THAT(Choose(), SizeIs(2));
}

// Catalogue A17.
TEST_F(VictimChooserTest, TheDamagedTheOpenAndThoseWithCellsAreLeftAlone) {
  Add({.used = 50000}).damaged = true;
  Add({.used = 50000}).sealed = false;
  Add({.used = 50000}).has_cells = true;
  Add({.used = 50000}).is_doomed = true;
  EXPECT_THAT(Choose(), IsEmpty());
}

TEST_F(VictimChooserTest, WhatIsRepairedGoesWhenTheManifestKnowsAll) {
  Add({.used = 50000}).damaged = true;
  Add({.used = 50000}).damaged = true;
  Add({.used = 50000}).shows_doubt = true;
  listed_.damages = {
      {.file = 1, .from = 1, .upto = 2, .state = DamageRange::State::kRepaired},
      {.file = 2, .from = 1, .upto = 2, .state = DamageRange::State::kRepaired},
      {.file = 2, .from = 5, .upto = 6, .state = DamageRange::State::kOpen}};
  EXPECT_THAT(Choose(), IsEmpty());
  query_.takes_repaired = true;
  EXPECT_THAT(Choose(), ElementsAre(1));
}

TEST_F(VictimChooserTest, AnOperatorGetsATwentiethOfEachFileThereWas) {
  Add({.used = 50000, .live = 47500});
  Add({.used = 50000, .live = 47501});
  Add({.used = 50000, .live = 47500});
  EXPECT_THAT(Choose(), IsEmpty());
  query_.thorough_below = 3;
  EXPECT_THAT(Choose(), ElementsAre(1));
}

// Catalogue A15.  VIC-1
TEST_F(VictimChooserTest, WhatCoolsDownIsTakenOnlyForWhatIsDead) {
  Add({.used = 2000, .live = 2000}).cools_until = Instant{1001};
  Add({.used = 2000, .live = 2000}).cools_until = Instant{1001};
  EXPECT_THAT(Choose(), IsEmpty());
  Add({.used = 50000, .live = 20000}).cools_until = Instant{1001};
  EXPECT_THAT(Choose(), ElementsAre(3));
  query_.now = Instant{1001};
  EXPECT_THAT(Choose(), SizeIs(3));
}

TEST_F(VictimChooserTest, TheCoolDownDoublesUpToADay) {
  EXPECT_EQ(LongerCoolDown({}, kMinute), 2 * kMinute);
  EXPECT_EQ(LongerCoolDown(2 * kMinute, kMinute), 4 * kMinute);
  EXPECT_EQ(LongerCoolDown(20 * kHour, kMinute), 24 * kHour);
}

// VIC-2
TEST_F(VictimChooserTest, AJobIsBounded) {
  for (int i = 0; i < 20; ++i) Add({.used = 50000});
  EXPECT_THAT(Choose(), SizeIs(kVictimsMax));
  query_.max_file_bytes = uint64_t{1} << 30;
  Add({.used = kVictimBytesMax, .live = kVictimLiveBytesMax + 1, .newest = 1});
  EXPECT_THAT(Choose(), SizeIs(kVictimsMax));
}

// VIC-2: or the copies would fill the disk.
TEST_F(VictimChooserTest, WhereSpaceIsShortAJobCopiesWhatHasRoom) {
  for (int i = 0; i < 4; ++i) Add({.used = 50000, .live = 20000});
  query_.live_bytes_max = 59999;
  EXPECT_THAT(Choose(), SizeIs(2));
  query_.live_bytes_max = 0;
  EXPECT_THAT(Choose(), SizeIs(1));
}

TEST_F(VictimChooserTest, OneFileMayBeLargerThanAJob) {
  Add({.used = 4 * kVictimBytesMax, .live = 2 * kVictimBytesMax});
  Add({.used = 50000, .live = 25000});
  EXPECT_THAT(Choose(), ElementsAre(1));
}

TEST_F(VictimChooserTest, ATombstoneComesWithWhatItMayHide) {
  Add({.used = 50000, .live = 50000, .min_seq = 10, .max_seq = 19});
  Add({.used = 50000,
       .live = 50000,
       .tombstones = 5,
       .min_seq = 20,
       .max_seq = 29});
  Add({.used = 50000, .live = 50000, .min_seq = 30, .max_seq = 39});
  EXPECT_THAT(Choose(), IsEmpty());
  query_.drops_tombstones = true;
  EXPECT_THAT(Choose(), UnorderedElementsAre(1, 2));
  // Compacted after the tombstones came, it holds nothing of what they hide.
  listed_.files[1].kind = DataFileKind::kCompacted;
  listed_.files[1].base_seq = 30;
  EXPECT_THAT(Choose(), ElementsAre(2));
}

// Or a job would copy the oldest files for ever and never come to it.
TEST_F(VictimChooserTest, ATombstoneComesAloneIfNotAllHaveRoom) {
  for (size_t i = 0; i < kVictimsMax; ++i) {
    Add({.used = 50000, .live = 50000, .min_seq = 10, .max_seq = 19});
  }
  Add({.used = 50000,
       .live = 50000,
       .tombstones = 5,
       .min_seq = 20,
       .max_seq = 29});
  query_.drops_tombstones = true;
  EXPECT_THAT(Choose(), ElementsAre(kVictimsMax + 1));
}

// A job that ends for want of space frees nothing: its output has a header, a
// SEAL and a last page too.
TEST_F(VictimChooserTest, ReliefCopiesOnlyWhatHasRoomWithAllThatGoesWithIt) {
  Add({.used = 50000, .live = 20000});
  const uint64_t needed = 20000 + 4 * kHeaderBlockBytes;

  const Relief refused = ChooseRelief(files_, needed - 1);
  EXPECT_THAT(refused.slots, IsEmpty());
  EXPECT_TRUE(refused.wants_room);
  const Relief copied = ChooseRelief(files_, needed);
  EXPECT_THAT(copied.slots, SizeIs(1));
  EXPECT_TRUE(copied.copies);
}

}  // namespace
}  // namespace orrery
