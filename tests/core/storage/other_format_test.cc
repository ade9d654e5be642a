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

class OtherFormatTest : public testing::TestWithParam<OtherFormat> {
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

  void ExpectRefusalOf(const std::string& path) {
    disk_.SetContent(path, WithFormat(disk_.Content(path), GetParam()));
    const auto before = Files();

    driver_.StartAndRecover();

    ASSERT_TRUE(driver_.store().IsFailed());
    EXPECT_THAT(driver_.store().failure(), HasSubstr(path));
    EXPECT_THAT(driver_.store().failure(),
                HasSubstr(std::string(NameOf(GetParam()))));
    EXPECT_THAT(driver_.store().failure(),
                HasSubstr(std::string(kOurFormatName)));
    driver_.Settle();
    EXPECT_EQ(Files(), before);
  }

  MemoryDisk disk_{1};
  StoreDriver driver_{disk_, SmallStore()};
};

TEST_P(OtherFormatTest, ADataFileOfItIsRefusedAndNothingWritten) {
  ExpectRefusalOf(disk_.PathsEndingWith(".data").front());
}

TEST_P(OtherFormatTest, AManifestOfItIsRefusedAndNothingWritten) {
  for (const std::string& path : disk_.Paths()) {
    if (path.find("MANIFEST-") != std::string::npos) {
      return ExpectRefusalOf(path);
    }
  }
  FAIL() << "no manifest";
}

INSTANTIATE_TEST_SUITE_P(EachOther, OtherFormatTest,
                         testing::ValuesIn(kOtherFormats));

}  // namespace
}  // namespace orrery
