#include "sim/directory_tree.h"

#include <optional>
#include <string>
#include <string_view>

#include "gmock/gmock.h"

namespace orrery::sim {
namespace {

using ::testing::ElementsAre;
using Inode = DirectoryTree::Inode;

TEST(DirectoryTreeTest, ListsTheNamesOfOneDirectoryInOrder) {
  DirectoryTree tree;
  tree.Set("b", 2);
  tree.Set("a", 1);
  tree.Set("d", DirectoryTree::kDirectory);
  tree.Set("d/x", 3);

  EXPECT_THAT(tree.List(""), ElementsAre("a", "b", "d"));
  EXPECT_THAT(tree.List("d"), ElementsAre("x"));
}

TEST(DirectoryTreeTest, ARenameReplacesAtomically) {
  DirectoryTree tree;
  tree.Set("new", 2);
  tree.Set("name", 1);

  tree.Rename("new", "name");

  EXPECT_EQ(tree.Find("name"), std::optional<Inode>(2));
  EXPECT_EQ(tree.Find("new"), std::nullopt);
}

TEST(DirectoryTreeTest, SyncedEntriesSurviveAPowerLoss) {  // DIR-1
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    DirectoryTree tree;
    tree.Set("d", DirectoryTree::kDirectory);
    tree.MarkSynced("", tree.changes());
    tree.Set("d/x", 1);
    tree.MarkSynced("d", tree.changes());

    tree.LosePower(seed);

    EXPECT_EQ(tree.Find("d/x"), std::optional<Inode>(1));
  }
}

TEST(DirectoryTreeTest, AnUnsyncedRenameMayComeUndoneButNotByHalf) {
  bool undone = false;
  bool kept = false;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    DirectoryTree tree;
    tree.Set("old", 1);
    tree.Set("tmp", 2);
    tree.MarkSynced("", tree.changes());
    tree.Rename("tmp", "old");

    tree.LosePower(seed);

    if (tree.Find("old") == std::optional<Inode>(1)) {
      EXPECT_EQ(tree.Find("tmp"), std::optional<Inode>(2));
      undone = true;
    } else {
      EXPECT_EQ(tree.Find("old"), std::optional<Inode>(2));
      EXPECT_EQ(tree.Find("tmp"), std::nullopt);
      kept = true;
    }
  }
  EXPECT_TRUE(undone);
  EXPECT_TRUE(kept);
}

TEST(DirectoryTreeTest, ALostDirectoryTakesWhatLiesInIt) {
  bool lost = false;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    DirectoryTree tree;
    tree.Set("d", DirectoryTree::kDirectory);
    tree.Set("d/x", 1);
    tree.MarkSynced("d", tree.changes());

    tree.LosePower(seed);

    const bool exists = tree.IsDirectory("d");
    EXPECT_EQ(tree.Find("d/x").has_value(), exists);
    lost = lost || !exists;
  }
  EXPECT_TRUE(lost);
}

// Of a directory that was made, filled and synced, and then renamed.
DirectoryTree RenamedDirectory(bool synced_before) {
  DirectoryTree tree;
  tree.Set("tmp", DirectoryTree::kDirectory);
  tree.MarkSynced("", tree.changes());
  tree.Set("tmp/x", 1);
  tree.Set("tmp/d", DirectoryTree::kDirectory);
  tree.Set("tmp/d/y", 2);
  if (synced_before) {
    tree.MarkSynced("tmp", tree.changes());
    tree.MarkSynced("tmp/d", tree.changes());
  }
  tree.Rename("tmp", "name");
  return tree;
}

TEST(DirectoryTreeTest, ARenamedDirectoryTakesItsContentAlong) {
  const DirectoryTree tree = RenamedDirectory(false);

  EXPECT_THAT(tree.List(""), ElementsAre("name"));
  EXPECT_THAT(tree.List("name"), ElementsAre("d", "x"));
  EXPECT_EQ(tree.Find("name/d/y"), std::optional<Inode>(2));
  EXPECT_EQ(tree.Find("tmp/x"), std::nullopt);
}

TEST(DirectoryTreeTest, AnUnsyncedRenameOfADirectoryIsUndoneWhole) {
  bool undone = false;
  bool kept = false;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    DirectoryTree tree = RenamedDirectory(true);

    tree.LosePower(seed);

    const std::string_view name = tree.IsDirectory("tmp") ? "tmp" : "name";
    EXPECT_THAT(tree.List(""), ElementsAre(name));
    EXPECT_THAT(tree.List(name), ElementsAre("d", "x"));
    EXPECT_THAT(tree.List(std::string(name) + "/d"), ElementsAre("y"));
    undone |= name == "tmp";
    kept |= name == "name";
  }
  EXPECT_TRUE(undone);
  EXPECT_TRUE(kept);
}

// Nor does a sync of the directory under its new name come too late.
TEST(DirectoryTreeTest, WhatWasNotSyncedInARenamedDirectoryMayBeLost) {
  bool lost_where_kept = false;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    DirectoryTree tree = RenamedDirectory(false);
    tree.LosePower(seed);
    for (const std::string_view name : {"tmp", "name"}) {
      if (!tree.IsDirectory(name)) continue;
      const bool has_x = tree.Find(std::string(name) + "/x").has_value();
      lost_where_kept |= name == "name" && !has_x;
    }
    DirectoryTree synced = RenamedDirectory(false);
    synced.MarkSynced("", synced.changes());
    synced.MarkSynced("name", synced.changes());
    synced.LosePower(seed);
    EXPECT_EQ(synced.Find("name/x"), std::optional<Inode>(1));
  }
  EXPECT_TRUE(lost_where_kept);
}

}  // namespace
}  // namespace orrery::sim
