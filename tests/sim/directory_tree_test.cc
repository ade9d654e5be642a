#include "sim/directory_tree.h"

#include <optional>

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

}  // namespace
}  // namespace orrery::sim
