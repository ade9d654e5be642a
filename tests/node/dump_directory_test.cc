#include "node/dump_directory.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/transport/disk/temporary_directory.h"

namespace orrery {
namespace {

TEST(DumpDirectoryTest, IsFullWithEightDumpsWhateverElseIsThere) {
  const TemporaryDirectory temp;
  const DumpDirectory dumps(temp.path() + "/traces");
  ASSERT_TRUE(dumps.Make().ok());
  // More than one read of the directory finds.
  for (int i = 0; i < 300; ++i) {
    std::ofstream(temp.path() + "/traces/somebody-elses-" + std::to_string(i));
  }

  for (size_t i = 0; i < DumpDirectory::kDumpsMax; ++i) {
    EXPECT_FALSE(dumps.IsFull()) << i;
    const int file = dumps.Create(dumps.PathOf(std::to_string(i)).c_str());
    ASSERT_GE(file, 0);
    close(file);
  }
  EXPECT_TRUE(dumps.IsFull());

  std::filesystem::remove(dumps.PathOf("3"));
  EXPECT_FALSE(dumps.IsFull());
}

TEST(DumpDirectoryTest, ADumpIsNotWrittenOver) {
  const TemporaryDirectory temp;
  const DumpDirectory dumps(temp.path());
  const std::string path = dumps.PathOf("1");
  close(dumps.Create(path.c_str()));

  EXPECT_EQ(dumps.Create(path.c_str()), -1);
  EXPECT_EQ(errno, EEXIST);
}

TEST(DumpDirectoryTest, OneThatWasTakenAwayIsMadeAgain) {
  const TemporaryDirectory temp;
  const DumpDirectory dumps(temp.path() + "/traces");
  ASSERT_TRUE(dumps.Make().ok());
  std::filesystem::remove(dumps.path());

  EXPECT_FALSE(dumps.IsFull());
  const int file = dumps.Create(dumps.PathOf("1").c_str());
  EXPECT_GE(file, 0);
  close(file);
}

TEST(DumpDirectoryTest, WhereNothingCanBeMadeItSaysSo) {
  const TemporaryDirectory temp;
  std::ofstream(temp.path() + "/file").flush();
  const absl::Status made = DumpDirectory(temp.path() + "/file/traces").Make();

  EXPECT_NE(made.message().find("/file/traces: Not a directory"),
            std::string::npos)
      << made;
}

}  // namespace
}  // namespace orrery
