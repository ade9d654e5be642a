// What every disk promises of names: directories, links, locks.

#include <cstdint>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "tests/core/ports/disk_contract.h"

namespace orrery {

TEST_P(DiskContractTest, OpeningWithoutCreateOfAMissingFileFails) {
  DiskEffect open = OpenEffect({9}, "missing");
  open.create = false;

  EXPECT_EQ(Do(open).error, DiskError::kNoEntry);
  EXPECT_EQ(Do(OpenEffect({9}, "no/such/directory")).error,
            DiskError::kNoEntry);
}

TEST_P(DiskContractTest, ExclusiveCreationOfAnExistingFileFails) {
  DiskEffect open = OpenEffect({8}, "file");
  open.exclusive = true;
  EXPECT_EQ(Do(open).error, DiskError::kNone);

  open.file = {9};
  EXPECT_EQ(Do(open).error, DiskError::kExists);
}

TEST_P(DiskContractTest, AMissingDirectoryIsNoEntryForEveryVerb) {
  Open("file");  // A file is no directory.
  for (const std::string parent : {"missing/", "file/"}) {
    EXPECT_EQ(Do(OpenEffect({90}, parent + "x")).error, DiskError::kNoEntry);
    for (const DiskVerb verb :
         {DiskVerb::kSyncDir, DiskVerb::kUnlink, DiskVerb::kMakeDir,
          DiskVerb::kList, DiskVerb::kStat, DiskVerb::kLock}) {
      EXPECT_EQ(Do(OnPath(verb, parent + "x")).error, DiskError::kNoEntry);
    }
    for (const DiskVerb verb : {DiskVerb::kRename, DiskVerb::kLink}) {
      EXPECT_EQ(Do(OnPath(verb, "file", parent + "x")).error,
                DiskError::kNoEntry);
      EXPECT_EQ(Do(OnPath(verb, parent + "x", "y")).error, DiskError::kNoEntry);
    }
  }
  EXPECT_EQ(Do(OnPath(DiskVerb::kList, "file")).error, DiskError::kNoEntry);
  EXPECT_EQ(Do(OnPath(DiskVerb::kSyncDir, "file")).error, DiskError::kNoEntry);
  EXPECT_EQ(SizeOf("file"), 0u);
}

TEST_P(DiskContractTest, ADirectoryIsNoFile) {
  Do(OnPath(DiskVerb::kMakeDir, "d"));

  EXPECT_EQ(Do(OpenEffect({90}, "d")).error, DiskError::kOther);
  DiskEffect exclusive = OpenEffect({90}, "d");
  exclusive.exclusive = true;
  EXPECT_EQ(Do(exclusive).error, DiskError::kExists);
  EXPECT_EQ(Do(OnPath(DiskVerb::kLock, "d")).error, DiskError::kOther);
  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "d")).error, DiskError::kNone);
}

TEST_P(DiskContractTest, RenameReplacesAName) {
  Write(Open("old"), 0, "old");
  Write(Open("new"), 0, "newer");

  EXPECT_EQ(Do(OnPath(DiskVerb::kRename, "new", "old")).error,
            DiskError::kNone);

  EXPECT_EQ(ReadPath("old", 9), "newer");
  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "new")).error, DiskError::kNoEntry);
  EXPECT_EQ(Do(OnPath(DiskVerb::kRename, "new", "old")).error,
            DiskError::kNoEntry);
}

TEST_P(DiskContractTest, AReplacedFileLivesWhileItIsOpen) {
  const FileNumber old = Open("old");
  Write(old, 0, "old");
  Write(Open("new"), 0, "new");

  Do(OnPath(DiskVerb::kRename, "new", "old"));

  EXPECT_EQ(Read(old, 0, 9), "old");
  EXPECT_EQ(ReadPath("old", 9), "new");
}

TEST_P(DiskContractTest, RenameOfAFileToANameItHasChangesNothing) {
  Write(Open("file"), 0, "bytes");
  Do(OnPath(DiskVerb::kLink, "file", "other"));

  EXPECT_EQ(Do(OnPath(DiskVerb::kRename, "file", "file")).error,
            DiskError::kNone);
  EXPECT_EQ(Do(OnPath(DiskVerb::kRename, "file", "other")).error,
            DiskError::kNone);

  EXPECT_THAT(Do(OnPath(DiskVerb::kList, "")).names,
              ::testing::ElementsAre("file", "other"));
  EXPECT_EQ(ReadPath("file", 9), "bytes");
}

TEST_P(DiskContractTest, RenameReplacesOnlyItsOwnKind) {
  Write(Open("file"), 0, "file");
  Do(OnPath(DiskVerb::kMakeDir, "full"));
  Open("full/x");
  Do(OnPath(DiskVerb::kMakeDir, "d"));
  Do(OnPath(DiskVerb::kMakeDir, "empty"));

  const auto rename = [&](std::string from, std::string to) {
    return Do(OnPath(DiskVerb::kRename, std::move(from), std::move(to))).error;
  };
  EXPECT_EQ(rename("d", "full"), DiskError::kNotEmpty);
  EXPECT_EQ(rename("file", "empty"), DiskError::kOther);
  EXPECT_EQ(rename("d", "file"), DiskError::kNoEntry);  // No directory there.
  EXPECT_EQ(rename("full", "full/y"), DiskError::kOther);
  EXPECT_EQ(rename("d", "empty"), DiskError::kNone);

  EXPECT_THAT(Do(OnPath(DiskVerb::kList, "")).names,
              ::testing::ElementsAre("empty", "file", "full"));
  EXPECT_THAT(Do(OnPath(DiskVerb::kList, "full")).names,
              ::testing::ElementsAre("x"));
}

TEST_P(DiskContractTest, RenameTakesADirectoryWithWhatIsInIt) {
  Do(OnPath(DiskVerb::kMakeDir, "d"));
  Do(OnPath(DiskVerb::kMakeDir, "d/inner"));
  Write(Open("d/file"), 0, "one");
  const FileNumber open = Open("d/inner/file");
  Write(open, 0, "two");
  Write(Open("d.not"), 0, "three");

  EXPECT_EQ(Do(OnPath(DiskVerb::kRename, "d", "e")).error, DiskError::kNone);
  EXPECT_EQ(Do(OnPath(DiskVerb::kMakeDir, "d")).error, DiskError::kNone);

  EXPECT_TRUE(Do(OnPath(DiskVerb::kList, "d")).names.empty());
  EXPECT_THAT(Do(OnPath(DiskVerb::kList, "e")).names,
              ::testing::ElementsAre("file", "inner"));
  EXPECT_EQ(ReadPath("e/file", 9), "one");
  EXPECT_EQ(ReadPath("e/inner/file", 9), "two");
  EXPECT_EQ(ReadPath("d.not", 9), "three");
  EXPECT_EQ(Read(open, 0, 9), "two");
}

TEST_P(DiskContractTest, ALinkIsASecondNameOfTheFile) {
  const FileNumber file = Open("file");
  Write(file, 0, "one");
  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "file", "other")).error,
            DiskError::kNone);

  Write(file, 0, "two");

  EXPECT_EQ(ReadPath("other", 3), "two");
  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "file")).inode,
            Do(OnPath(DiskVerb::kStat, "other")).inode);
  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "file")).error, DiskError::kNone);
  EXPECT_EQ(ReadPath("other", 3), "two");
  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "other", "other")).error,
            DiskError::kExists);
}

TEST_P(DiskContractTest, ALinkNeedsAFileAndADirectoryToStandIn) {
  Write(Open("file"), 0, "text");
  Do(OnPath(DiskVerb::kMakeDir, "directory"));

  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "missing", "other")).error,
            DiskError::kNoEntry);
  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "file", "no/other")).error,
            DiskError::kNoEntry);
  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "file", "directory")).error,
            DiskError::kExists);
  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "directory", "other")).error,
            DiskError::kPermission);
  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "file", "directory/other")).error,
            DiskError::kNone);
  EXPECT_EQ(ReadPath("directory/other", 9), "text");
}

TEST_P(DiskContractTest, AnUnlinkedFileLivesWhileItIsOpen) {
  const FileNumber file = Open("file");
  Write(file, 0, "alive");

  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "file")).error, DiskError::kNone);

  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "file")).error, DiskError::kNoEntry);
  EXPECT_EQ(Read(file, 0, 5), "alive");
  Write(file, 0, "still");
  EXPECT_EQ(Read(file, 0, 5), "still");
  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "file")).error, DiskError::kNoEntry);
}

TEST_P(DiskContractTest, UnlinkRemovesADirectoryOnlyWhenItIsEmpty) {
  Do(OnPath(DiskVerb::kMakeDir, "d"));
  Open("d/file");

  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "d")).error, DiskError::kNotEmpty);
  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "d/file")).error, DiskError::kNone);
  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "d")).error, DiskError::kNone);

  EXPECT_TRUE(Do(OnPath(DiskVerb::kList, "")).names.empty());
  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "d")).error, DiskError::kNoEntry);
}

TEST_P(DiskContractTest, StatTellsSizeAndInode) {
  Write(Open("a"), 0, "12345");
  Open("b");

  const DiskDone a = Do(OnPath(DiskVerb::kStat, "a"));
  const DiskDone b = Do(OnPath(DiskVerb::kStat, "b"));

  EXPECT_EQ(a.count, 5u);
  EXPECT_EQ(b.count, 0u);
  EXPECT_NE(a.inode, 0u);
  EXPECT_NE(a.inode, b.inode);
  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "c")).error, DiskError::kNoEntry);
}

TEST_P(DiskContractTest, AFileKeepsItsInodeUnderEveryName) {
  const FileNumber file = Open("file");
  const uint64_t inode = Do(OnPath(DiskVerb::kStat, "file")).inode;

  Write(file, 0, "longer");
  Do(OnPath(DiskVerb::kRename, "file", "renamed"));

  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "renamed")).inode, inode);
  harness_->Restart();
  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "renamed")).inode, inode);
}

TEST_P(DiskContractTest, ListTellsNamesInOrder) {
  Open("b");
  Open("a");
  Do(OnPath(DiskVerb::kMakeDir, "c"));
  Open("c/d");

  EXPECT_THAT(Do(OnPath(DiskVerb::kList, "")).names,
              ::testing::ElementsAre("a", "b", "c"));
  EXPECT_THAT(Do(OnPath(DiskVerb::kList, "c")).names,
              ::testing::ElementsAre("d"));
  EXPECT_EQ(Do(OnPath(DiskVerb::kList, "missing")).error, DiskError::kNoEntry);
}

TEST_P(DiskContractTest, NamesAreOrderedByTheirBytes) {
  for (const char* name : {"b", "\xc3\xa4", "a.b", "a", "a b", "B", "a0"}) {
    Open(name);
  }
  Do(OnPath(DiskVerb::kMakeDir, "a-"));
  Open("a-/inside");

  EXPECT_THAT(Do(OnPath(DiskVerb::kList, ".")).names,
              ::testing::ElementsAre("B", "a", "a b", "a-", "a.b", "a0", "b",
                                     "\xc3\xa4"));
  EXPECT_EQ(Do(OnPath(DiskVerb::kList, "")).names,
            Do(OnPath(DiskVerb::kList, ".")).names);
}

TEST_P(DiskContractTest, MakingADirectoryTwiceSaysItExists) {
  EXPECT_EQ(Do(OnPath(DiskVerb::kMakeDir, "d")).error, DiskError::kNone);
  EXPECT_EQ(Do(OnPath(DiskVerb::kMakeDir, "d")).error, DiskError::kExists);
  EXPECT_EQ(Do(OnPath(DiskVerb::kMakeDir, "x/y")).error, DiskError::kNoEntry);
}

TEST_P(DiskContractTest, ALockIsHeldOnce) {
  EXPECT_EQ(Do(OnPath(DiskVerb::kLock, "LOCK")).error, DiskError::kNone);

  EXPECT_EQ(Do(OnPath(DiskVerb::kLock, "LOCK")).error, DiskError::kLocked);
  EXPECT_EQ(Do(OnPath(DiskVerb::kLock, "OTHER")).error, DiskError::kNone);
}

TEST_P(DiskContractTest, ALockEndsWithItsProcess) {
  EXPECT_EQ(Do(OnPath(DiskVerb::kLock, "LOCK")).error, DiskError::kNone);

  harness_->Restart();

  EXPECT_EQ(Do(OnPath(DiskVerb::kLock, "LOCK")).error, DiskError::kNone);
  EXPECT_EQ(Do(OnPath(DiskVerb::kLock, "LOCK")).error, DiskError::kLocked);
}

}  // namespace orrery
