// Data directories that earlier programs made (tests/golden/disk/README.md)
// open for ever: recovery finds the keys and values that were acknowledged, and
// nothing else, and `orrery inspect` says of them what it said.

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/hint/hint_record.h"
#include "core/ring/ring_state.h"
#include "core/storage/identity.h"
#include "core/version/object_codec.h"
#include "gtest/gtest.h"
#include "node/inspect_command.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGoldenDisks = "tests/golden/disk";

std::string ReadGolden(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// FORMAT/NAME of every golden directory.
std::vector<std::string> GoldenDisks() {
  std::vector<std::string> found;
  for (const auto& format : fs::directory_iterator(kGoldenDisks)) {
    if (!format.is_directory()) continue;
    for (const auto& disk : fs::directory_iterator(format.path())) {
      found.push_back(format.path().filename().string() + "/" +
                      disk.path().filename().string());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

// A line of keys.json: what it is, key, and value and node if it has them.
struct ExpectedKey {
  std::string what;
  std::string key;
  std::string value;
  std::string node;
};

class GoldenDiskTest : public testing::TestWithParam<std::string> {
 protected:
  GoldenDiskTest() : folder_(fs::path(kGoldenDisks) / GetParam()) {
    disk_.set_in_order(true);
    for (const auto& entry :
         fs::recursive_directory_iterator(folder_ / "data")) {
      const std::string path =
          fs::relative(entry.path(), folder_ / "data").string();
      if (entry.is_directory()) {
        disk_.MakeDirectory(path);
      } else {
        disk_.SetContent(path, ReadGolden(entry.path()));
      }
    }
    const std::string identity = disk_.Content("IDENTITY");
    identity_ = DecodeIdentity(ViewOf(identity)).newest.value_or(Identity{});
    ReadExpected();
  }

  void ReadExpected() {
    const boost::json::value lines =
        boost::json::parse(ReadGolden(folder_ / "keys.json"));
    for (const boost::json::value& line : lines.as_array()) {
      ExpectedKey expected;
      std::string* const fields[] = {&expected.what, &expected.key,
                                     &expected.value, &expected.node};
      size_t i = 0;
      for (const boost::json::value& field : line.as_array()) {
        *fields[i++] =
            std::string(field.as_string().c_str(), field.as_string().size());
      }
      expected_.push_back(std::move(expected));
    }
  }

  size_t CountExpected(std::string_view what) const {
    return static_cast<size_t>(std::count_if(
        expected_.begin(), expected_.end(),
        [what](const ExpectedKey& key) { return key.what == what; }));
  }

  StoreDriver Recover(Store::Options options) {
    StoreDriver driver(disk_, options);
    driver.OpenAs({.storage = identity_.storage,
                   .generation = identity_.generation,
                   .index_seed = identity_.index_seed,
                   .first_seq = identity_.seq_lease});
    driver.StartAndRecover();
    return driver;
  }

  std::optional<StorageId> StorageOfNode(const std::string& name) const {
    const RingFile file = DecodeRingFile(Bytes::CopyOf(disk_.Content("RING")));
    const std::optional<RingState> ring = DecodeRingState(file.ring.view());
    if (!ring.has_value()) return std::nullopt;
    for (const RingMember& member : ring->members) {
      if (member.name == name) return member.storage;
    }
    return std::nullopt;
  }

  static std::string ValueOf(const StoreReply& reply) {
    const std::optional<Object> object =
        DecodeObject(reply.meta.view(), reply.value);
    if (!object.has_value() || object->siblings.size() != 1) return "no object";
    return std::string(object->siblings.front().value.text());
  }

  fs::path folder_;
  MemoryDisk disk_{1};
  Identity identity_;
  std::vector<ExpectedKey> expected_;
};

TEST_P(GoldenDiskTest, RecoveryFindsWhatWasAcknowledgedAndNothingElse) {
  StoreDriver driver = Recover(SmallStore());
  ASSERT_TRUE(driver.store().IsOpen()) << driver.store().failure();

  for (const ExpectedKey& expected : expected_) {
    const StoreReply reply = driver.ReplyTo(driver.Get(expected.key));
    if (expected.what == "live") {
      EXPECT_EQ(reply.status, StoreStatus::kOk) << expected.key;
      EXPECT_EQ(ValueOf(reply), expected.value) << expected.key;
    } else if (expected.what == "deleted") {
      EXPECT_EQ(reply.status, StoreStatus::kDeleted) << expected.key;
    } else if (expected.what == "damaged") {
      EXPECT_TRUE(reply.suspect) << expected.key;
    }
  }
  EXPECT_EQ(driver.store().counters().active_keys, CountExpected("live"));
  EXPECT_EQ(driver.store().counters().deleted_keys, CountExpected("deleted"));
  EXPECT_EQ(driver.store().IsSuspect(), CountExpected("damaged") > 0);
}

TEST_P(GoldenDiskTest, RecoveryFindsTheHints) {
  Store::Options options = SmallStore();
  options.id = StoreId::kHints;
  options.directory = "shard-0000/hints";
  options.key_bytes_max = kKeyBytesMax + kHintKeyPrefixBytes;
  StoreDriver driver = Recover(options);
  ASSERT_TRUE(driver.store().IsOpen()) << driver.store().failure();

  for (const ExpectedKey& expected : expected_) {
    if (expected.what != "hint") continue;
    const std::optional<StorageId> target = StorageOfNode(expected.node);
    ASSERT_TRUE(target.has_value());
    const std::string key = HintKeyOf(*target, expected.key);
    const StoreReply reply = driver.ReplyTo(driver.Get(key));
    ASSERT_EQ(reply.status, StoreStatus::kOk) << expected.key;
    const std::optional<Hint> hint =
        DecodeHint(key, reply.meta.view(), reply.value);
    ASSERT_TRUE(hint.has_value()) << expected.key;
    EXPECT_EQ(hint->key, expected.key);
    ASSERT_EQ(hint->object.siblings.size(), 1u);
    EXPECT_EQ(hint->object.siblings.front().value.text(), expected.value);
  }
  EXPECT_EQ(driver.store().counters().active_keys, CountExpected("hint"));
}

TEST_P(GoldenDiskTest, InspectSaysWhatItSaid) {
  InspectCommand command{.path = (folder_ / "data").string(), .records = true};

  testing::internal::CaptureStdout();
  const ExitCode code = RunInspect(command);

  EXPECT_EQ(testing::internal::GetCapturedStdout(),
            ReadGolden(folder_ / "inspect.txt"));
  const bool is_whole = CountExpected("damaged") == 0;
  EXPECT_EQ(code, is_whole ? kExitOk : kExitUnexpected);
}

INSTANTIATE_TEST_SUITE_P(EachDisk, GoldenDiskTest,
                         testing::ValuesIn(GoldenDisks()),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) {
                             if (c == '/' || c == '.') c = '_';
                           }
                           return name;
                         });

// Where there are none, nothing above runs.
TEST(GoldenDisksTest, ThereAreSomeOfEveryMode) {
  const std::vector<std::string> disks = GoldenDisks();
  const std::set<std::string> found(disks.begin(), disks.end());
  EXPECT_TRUE(found.contains("1.0/synced"));
  EXPECT_TRUE(found.contains("1.0/unsynced"));
}

}  // namespace
}  // namespace orrery
