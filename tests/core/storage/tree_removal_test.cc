#include "core/storage/tree_removal.h"

#include <optional>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "tests/core/storage/memory_disk.h"

namespace orrery {
namespace {

using ::testing::ElementsAre;

// How many operations it took.
size_t Remove(MemoryDisk& disk, TreeRemoval& removal, std::string path) {
  std::optional<DiskEffect> next = removal.Begin(std::move(path));
  size_t operations = 0;
  while (next.has_value()) {
    disk.Submit(*std::move(next));
    next = removal.Continue(disk.Perform());
    ++operations;
  }
  return operations;
}

TEST(TreeRemovalTest, RemovesADirectoryWithAllThatIsInIt) {  // TRM-1
  MemoryDisk disk(1);
  disk.SetContent("t/a", "1");
  disk.SetContent("t/d/b", "2");
  disk.SetContent("t/d/e/c", "3");
  disk.MakeDirectory("t/empty");
  disk.SetContent("tt/keep", "4");
  disk.SetContent("keep", "5");
  TreeRemoval removal;

  const size_t operations = Remove(disk, removal, "t");

  EXPECT_THAT(disk.Paths(), ElementsAre("keep", "tt/keep"));
  EXPECT_FALSE(disk.Exists("t"));
  EXPECT_FALSE(removal.HasFailed());
  EXPECT_LE(operations, 2u * 3 + 3u * 4);  // TRM-2
}

TEST(TreeRemovalTest, WhatIsNotThereIsRemoved) {
  MemoryDisk disk(1);
  TreeRemoval removal;

  EXPECT_EQ(Remove(disk, removal, "t"), 1u);
  EXPECT_FALSE(removal.HasFailed());
}

TEST(TreeRemovalTest, LeavesWhatLiesTooDeep) {
  MemoryDisk disk(1);
  std::string path = "t";
  for (size_t i = 0; i < TreeRemoval::kDepthMax; ++i) path += "/d";
  disk.SetContent(path + "/deep", "1");
  disk.SetContent("t/a", "2");
  TreeRemoval removal;

  Remove(disk, removal, "t");

  EXPECT_TRUE(removal.HasFailed());
  EXPECT_THAT(disk.Paths(), ElementsAre(path + "/deep"));
}

}  // namespace
}  // namespace orrery
