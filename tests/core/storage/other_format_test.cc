#include "tests/core/storage/other_format.h"

#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

using testing::HasSubstr;

class OtherFormatTest : public testing::Test {
 protected:
  OtherFormatTest() {
    disk_.set_in_order(true);
    driver_.StartAndRecover();
    driver_.ReplyTo(driver_.Put("k", "v"));
    driver_.Do([&](Turn& turn) { driver_.store().Close(turn); });
    driver_.Settle();
    disk_.CrashProcess();
  }

  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const std::string& path : disk_.Paths()) {
      files[path] = disk_.Content(path);
    }
    return files;
  }

  void ExpectRefusalOf(const std::string& path, OtherFormat format) {
    disk_.SetContent(path, WithFormat(disk_.Content(path), format));
    const auto before = Files();

    driver_.StartAndRecover();

    ASSERT_TRUE(driver_.store().IsFailed());
    EXPECT_EQ(driver_.store().failure_exit_code(), 2);
    EXPECT_THAT(driver_.store().failure(), HasSubstr(path));
    EXPECT_THAT(driver_.store().failure(),
                HasSubstr(std::string(NameOf(format))));
    EXPECT_THAT(driver_.store().failure(),
                HasSubstr(std::string(kOurFormatName)));
    driver_.Settle();
    EXPECT_EQ(Files(), before);
  }

  MemoryDisk disk_{1};
  StoreDriver driver_{disk_, SmallStore()};
};

class RefusedFormatTest : public OtherFormatTest,
                          public testing::WithParamInterface<OtherFormat> {};

TEST_P(RefusedFormatTest, ADataFileOfItIsRefusedAndNothingWritten) {
  ExpectRefusalOf(disk_.PathsEndingWith(".data").front(), GetParam());
}

TEST_P(RefusedFormatTest, AManifestOfItIsRefusedAndNothingWritten) {
  for (const std::string& path : disk_.Paths()) {
    if (path.find("MANIFEST-") != std::string::npos) {
      return ExpectRefusalOf(path, GetParam());
    }
  }
  FAIL() << "no manifest";
}

TEST_F(OtherFormatTest, OneThatHasGrownIsRead) {
  for (const std::string& path : disk_.Paths()) {
    const bool is_file =
        path.ends_with(".data") || path.find("MANIFEST-") != std::string::npos;
    if (!is_file) continue;
    disk_.SetContent(path,
                     WithFormat(disk_.Content(path), OtherFormat::kGrown));
  }

  driver_.StartAndRecover();

  ASSERT_TRUE(driver_.store().IsOpen()) << driver_.store().failure();
  EXPECT_EQ(driver_.ValueOf("k"), "v");
  EXPECT_FALSE(driver_.store().IsSuspect());
}

INSTANTIATE_TEST_SUITE_P(EachOther, RefusedFormatTest,
                         testing::ValuesIn(kOtherFormats));

}  // namespace
}  // namespace orrery
