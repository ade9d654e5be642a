#include "core/storage/file_table.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/protocol/effects.h"
#include "core/protocol/timers.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

class FileTableTest : public ::testing::Test {
 protected:
  // Of so many files, each being made and held by its maker.
  std::vector<uint16_t> MakeFiles(size_t count) {
    std::vector<uint16_t> slots;
    for (size_t i = 0; i < count; ++i) {
      uint16_t slot = 0;
      EXPECT_TRUE(
          files_.Add({.id = i + 1, .state = DataFile::State::kOpening}, &slot));
      files_.Pin(slot);
      files_.OnMade(slot);
      slots.push_back(slot);
    }
    return slots;
  }
  // Files that the table asked to close, all of which are closed now.
  size_t Close() {
    std::vector<uint32_t> closing;
    for (const DiskEffect& effect : effects_.disk) {
      EXPECT_EQ(effect.verb, DiskVerb::kClose);
      closing.push_back(effect.token.handle.slot);
    }
    effects_.Clear();
    for (const uint32_t slot : closing) {
      DiskDone done;
      done.token.handle.slot = slot;
      files_.OnDiskDone(done, turn_);
    }
    return closing.size();
  }

  Effects effects_;
  TimerHeap timers_;
  Turn turn_{{}, effects_, timers_};
  StoreDisk disk_{StoreId::kUser, "data"};
  FileTable files_{disk_};
};

TEST_F(FileTableTest, FilesStayOpenAsLongAsTheyAreFewEnough) {
  for (const uint16_t slot : MakeFiles(kOpenFilesMax)) {
    files_.Unpin(slot, turn_);
  }

  EXPECT_EQ(Close(), 0u);
}

// Catalogue D5.  FIL-2: whoever only writes makes files and never opens one.
TEST_F(FileTableTest, AFileThatWasMadeOnTopClosesTheOneUsedLongestAgo) {
  const std::vector<uint16_t> slots = MakeFiles(kOpenFilesMax + 1);
  EXPECT_EQ(Close(), 0u);  // Nobody closes what is in use (FIL-1).

  files_.Unpin(slots[7], turn_);

  EXPECT_EQ(Close(), 1u);
  EXPECT_EQ(files_.At(slots[7]).state, DataFile::State::kClosed);
  files_.Unpin(slots[8], turn_);
  EXPECT_EQ(Close(), 0u);
  EXPECT_EQ(files_.At(slots[8]).state, DataFile::State::kOpen);
}

TEST_F(FileTableTest, AClosedFileIsOpenedAgainForItsReader) {
  const std::vector<uint16_t> slots = MakeFiles(kOpenFilesMax + 1);
  files_.Unpin(slots[7], turn_);
  EXPECT_EQ(Close(), 1u);

  files_.Pin(slots[7]);

  EXPECT_FALSE(files_.EnsureOpen(slots[7], turn_));
  ASSERT_EQ(effects_.disk.size(), 1u);
  EXPECT_EQ(effects_.disk[0].verb, DiskVerb::kOpen);
}

// FIL-2: or ever fewer files would stay open.
TEST_F(FileTableTest, AFileThatCouldNotBeOpenedHoldsNoHandle) {
  const std::vector<uint16_t> slots = MakeFiles(kOpenFilesMax + 1);
  files_.Unpin(slots[7], turn_);
  ASSERT_EQ(Close(), 1U);
  files_.Pin(slots[7]);
  ASSERT_FALSE(files_.EnsureOpen(slots[7], turn_));
  effects_.Clear();
  DiskDone failed{.error = DiskError::kIo};
  failed.token.handle.slot = slots[7];

  files_.OnDiskDone(failed, turn_);

  EXPECT_EQ(files_.TakeFailed().size(), 1U);
  files_.Unpin(slots[7], turn_);
  files_.Unpin(slots[8], turn_);
  EXPECT_EQ(Close(), 0U);
}

}  // namespace
}  // namespace orrery
