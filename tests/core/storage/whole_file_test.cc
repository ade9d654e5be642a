#include "core/storage/whole_file.h"

#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tests/core/storage/memory_disk.h"

namespace orrery {
namespace {

DiskError Write(MemoryDisk& disk, WholeFile& file, const std::string& text) {
  std::optional<DiskEffect> next =
      file.Begin({.number = {1},
                  .path = "f",
                  .data = {Bytes::CopyOf(text), Bytes::CopyOf(text)}});
  while (next.has_value()) {
    disk.Submit(*std::move(next));
    next = file.Continue(disk.Perform());
  }
  return file.error();
}

TEST(WholeFileTest, IsWrittenSyncedAndClosed) {
  MemoryDisk disk(1);
  disk.set_short_writes(true);
  WholeFile file;
  const std::string text(20'000, 't');

  EXPECT_EQ(Write(disk, file, text), DiskError::kNone);
  disk.Submit({.verb = DiskVerb::kSyncDir, .path = "."});
  disk.Perform();
  disk.LosePower();

  EXPECT_EQ(disk.Content("f"), text + text);
}

TEST(WholeFileTest, SaysWhyItFailedAndLeavesNothingOpen) {
  MemoryDisk disk(1);
  WholeFile file;
  disk.FailNextSync(DiskError::kIo);
  EXPECT_EQ(Write(disk, file, "text"), DiskError::kIo);
  // Its number is free, and its name is not.
  EXPECT_EQ(Write(disk, file, "text"), DiskError::kExists);
  disk.Remove("f");
  disk.set_capacity(5);
  EXPECT_EQ(Write(disk, file, "text"), DiskError::kNoSpace);
  disk.Remove("f");
  disk.set_capacity(100);
  EXPECT_EQ(Write(disk, file, "text"), DiskError::kNone);
}

}  // namespace
}  // namespace orrery
