#include <sys/file.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "core/storage/identity.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node/inspect_command.h"
#include "node/inspect_context.h"
#include "node/inspect_store.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/other_format.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kManifestName = "MANIFEST-0000000000000001";
constexpr const char* kFirstData = "0000000000000001.data";

class InspectTest : public testing::Test {
 protected:
  InspectTest() {
    std::string folder = testing::TempDir() + "orrery-inspect-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) ADD_FAILURE() << folder;
    folder_ = folder;
  }
  ~InspectTest() override { fs::remove_all(folder_); }

  // A store whose first file is sealed: a first and a second version of "a",
  // "b", and a tombstone.
  void MakeStore() {
    disk_.set_in_order(true);
    StoreDriver driver(disk_, SmallStore());
    driver.StartAndRecover();
    driver.ReplyTo(driver.Put("a", "first"));
    driver.ReplyTo(driver.Put("b", "only"));
    driver.ReplyTo(driver.Put("a", "second"));
    driver.ReplyTo(driver.Delete("gone"));
    driver.Do([&](Turn& turn) { driver.store().Close(turn); });
    driver.Settle();
    CopyDisk();
  }
  // A process that lives long enough to write its index snapshot.
  void RestartStore() {
    disk_.CrashProcess();
    StoreDriver driver(disk_, SmallStore());
    driver.SetGeneration(1);
    driver.StartAndRecover();
    driver.Settle();
    driver.Do([&](Turn& turn) { driver.store().Close(turn); });
    driver.Settle();
    fs::remove_all(folder_ / "shard-0000");
    CopyDisk();
  }
  void CopyDisk() {
    for (const std::string& path : disk_.Paths()) {
      if (path.find('.') == std::string::npos &&
          path.find("MANIFEST") == std::string::npos) {
        continue;
      }
      fs::create_directories((folder_ / path).parent_path());
      WriteFile(path, disk_.Content(path));
    }
  }
  // Of a node: IDENTITY, RING, both stores.
  void CopyGolden() {
    fs::copy("tests/golden/disk/1.0/unsynced/data", folder_,
             fs::copy_options::recursive);
  }

  std::string ReadFile(const std::string& path) const {
    std::ifstream in(folder_ / path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  void WriteFile(const std::string& path, const std::string& bytes) const {
    std::ofstream out(folder_ / path, std::ios::binary | std::ios::trunc);
    out << bytes;
  }
  // In place: to truncate a file costs some file systems a sync.
  void Flip(const std::string& path, size_t byte, int bit = 0) const {
    std::fstream file(folder_ / path,
                      std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(byte));
    const int old = file.get();
    file.seekp(static_cast<std::streamoff>(byte));
    file.put(static_cast<char>(old ^ (1 << bit)));
  }
  std::map<std::string, std::string> Everything() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      const std::string path = fs::relative(entry.path(), folder_).string();
      files[path] = entry.is_directory() ? "" : ReadFile(path);
    }
    return files;
  }

  // Runs it and keeps what it prints; nothing on the disk may change.
  ExitCode Inspect(const std::string& path, InspectCommand command = {}) {
    command.path = (folder_ / path).string();
    const auto before = Everything();
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const ExitCode code = RunInspect(command);
    out_ = testing::internal::GetCapturedStdout();
    error_ = testing::internal::GetCapturedStderr();
    EXPECT_EQ(Everything(), before);
    return code;
  }

  MemoryDisk disk_{1};
  fs::path folder_;
  std::string out_;
  std::string error_;
};

TEST_F(InspectTest, AWholeStoreIsWhole) {
  MakeStore();

  EXPECT_EQ(Inspect("shard-0000"), kExitOk);

  EXPECT_THAT(out_, HasSubstr("records 4, tombstones 1"));
  EXPECT_THAT(out_, HasSubstr("whole: "));
}

TEST_F(InspectTest, AWholeDataDirectoryIsWholeWithItsHints) {
  CopyGolden();

  EXPECT_EQ(Inspect(""), kExitOk);

  for (const std::string name :
       {"LOCK", "IDENTITY", "RING", "shard-0000/MANIFEST-",
        "shard-0000/hints/MANIFEST-"}) {
    EXPECT_THAT("\n" + out_, HasSubstr("\n" + name));
  }
  EXPECT_THAT(out_, HasSubstr("node node1"));
  EXPECT_THAT(out_, HasSubstr("members node3 node2 node1"));
}

TEST_F(InspectTest, EveryBitOfASealedFileThatRotsIsFound) {
  MakeStore();
  const std::string path = std::string("shard-0000/") + kFirstData;
  const std::string whole = ReadFile(path);
  size_t flips = 0;
  for (size_t byte = 0; byte < whole.size(); ++byte) {
    // Of the header block every byte; behind it what was written.
    const bool is_zero = byte >= 4096 && whole[byte] == '\0';
    if (is_zero) continue;
    const int step = byte < 4096 ? 7 : 1;
    for (int bit = 0; bit < 8; bit += step) {
      Flip(path, byte, bit);
      InspectContext context;
      InspectStore({(folder_ / "shard-0000").string(), "."}, false, {},
                   context);
      ++flips;
      ASSERT_FALSE(context.report.IsWhole())
          << "byte " << byte << " bit " << bit;
      Flip(path, byte, bit);
    }
  }
  EXPECT_GT(flips, 8192u);
}

TEST_F(InspectTest, DamageIsNamedWithItsPlaceAndItsKey) {
  MakeStore();
  const std::string path = std::string("shard-0000/") + kFirstData;
  const size_t at = ReadFile(path).find("only");
  Flip(path, at);

  EXPECT_EQ(Inspect("shard-0000"), kExitUnexpected);

  EXPECT_THAT(out_, HasSubstr("damage: 0000000000000001.data at "));
  EXPECT_THAT(out_, HasSubstr("a record of seq 4294967297, value of 4 bytes"));
  EXPECT_THAT(out_, HasSubstr("its key now reads b"));
  EXPECT_THAT(out_, HasSubstr("damaged places 1"));
}

// IDV-1, and zeros are no error as such: only the counts tell.
TEST_F(InspectTest, ARecordThatBecameZerosIsMissed) {
  MakeStore();
  const std::string path = std::string("shard-0000/") + kFirstData;
  std::string bytes = ReadFile(path);
  const size_t record = bytes.find("only") - 36 - 8 - 4 - 1;
  std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(record), 56, '\0');
  WriteFile(path, bytes);

  EXPECT_EQ(Inspect("shard-0000"), kExitUnexpected);

  EXPECT_THAT(out_, HasSubstr("the manifest counts 4 records"));
  EXPECT_THAT(out_, HasSubstr("the file holds 3 records"));
  EXPECT_THAT(out_, HasSubstr("damaged places 1"));
}

TEST_F(InspectTest, AFileByItselfIsJudgedByItsSeal) {
  MakeStore();
  const std::string path = std::string("shard-0000/") + kFirstData;
  EXPECT_EQ(Inspect(path), kExitOk);
  Flip(path, ReadFile(path).find("only"));
  EXPECT_EQ(Inspect(path), kExitUnexpected);
  EXPECT_THAT(out_, HasSubstr("the SEAL counts 4 records"));
  Flip(path, 100);
  EXPECT_EQ(Inspect(path), kExitUnexpected);
  EXPECT_THAT(out_, HasSubstr("inspect the directory"));
}

// Whoever listed the file as sealed, its writer at the roll or the recovery
// that found it complete, said where its SEAL stands.
TEST_F(InspectTest, ASealThatRotsIsNamedWhoeverListedTheFile) {
  MakeStore();
  RestartStore();
  const std::string path = std::string("shard-0000/") + kFirstData;
  ASSERT_EQ(Inspect("shard-0000"), kExitOk) << out_;
  Flip(path, ReadFile(path).find_last_not_of('\0'));

  EXPECT_EQ(Inspect("shard-0000"), kExitUnexpected);

  EXPECT_THAT(out_, HasSubstr("damaged places 1"));
}

TEST_F(InspectTest, AListedFileThatIsMissingOrShortIsDamage) {
  MakeStore();
  const std::string path = std::string("shard-0000/") + kFirstData;
  const std::string whole = ReadFile(path);
  WriteFile(path, whole.substr(0, 4200));
  EXPECT_EQ(Inspect("shard-0000"), kExitUnexpected);
  EXPECT_THAT(out_, HasSubstr("shorter than the manifest says"));

  // IDV-1: the header block that is gone with the rest is no other place.
  WriteFile(path, "");
  EXPECT_EQ(Inspect("shard-0000"), kExitUnexpected);
  EXPECT_THAT(out_, HasSubstr("damaged places 1 "));

  fs::remove(folder_ / path);

  EXPECT_EQ(Inspect("shard-0000"), kExitUnexpected);
  EXPECT_THAT(out_, HasSubstr("the manifest lists it: missing"));
}

TEST_F(InspectTest, WithoutAManifestEveryDataFileIsLookedAt) {
  MakeStore();
  fs::remove(folder_ / "shard-0000" / kManifestName);

  EXPECT_EQ(Inspect("shard-0000"), kExitUnexpected);

  EXPECT_THAT(out_,
              HasSubstr("damage: .: there are data files and no manifest"));
  EXPECT_THAT(out_, HasSubstr("records 4, tombstones 1"));
  EXPECT_THAT(out_, HasSubstr("damaged places 1"));
}

TEST_F(InspectTest, WhatTheNextStartRemovesIsOnlyNoted) {
  MakeStore();
  WriteFile("shard-0000/00000000000000ff.data", "half a header");
  WriteFile("shard-0000/MANIFEST-0000000000000002.tmp", "half a manifest");

  EXPECT_EQ(Inspect("shard-0000"), kExitOk);

  EXPECT_THAT(out_, HasSubstr("00000000000000ff.data: not in the manifest"));
  EXPECT_THAT(out_, HasSubstr(".tmp: was not finished"));
}

TEST_F(InspectTest, AnEditThatWasNotFinishedIsNoDamageAndOneInTheMiddleIs) {
  MakeStore();
  const std::string path = std::string("shard-0000/") + kManifestName;
  const std::string whole = ReadFile(path);
  size_t last = 4096;
  for (size_t at = 4096; at < whole.size(); at += 4096) {
    if (whole.find_first_not_of('\0', at) < at + 4096) last = at;
  }
  ASSERT_GT(last, size_t{8192});
  Flip(path, last);
  Inspect(path);
  EXPECT_THAT(out_, HasSubstr("never happened"));
  EXPECT_THAT(out_, HasSubstr("whole: "));
  WriteFile(path, whole);

  Flip(path, 8192);

  EXPECT_EQ(Inspect("shard-0000"), kExitUnexpected);
  EXPECT_THAT(out_, HasSubstr("an edit does not hold, and a later one does"));
}

// Nobody was writing it when the node stopped cleanly, as IDENTITY says.
TEST_F(InspectTest, ALastEditThatRottedSinceACleanStopIsDamage) {
  MakeStore();
  const Bytes slot = EncodeIdentitySlot(
      {.storage = {{7, 9}}, .node_name = "n1", .clean_stop = true}, 5);
  WriteFile("IDENTITY", std::string(TextOf(slot.view())));
  ASSERT_EQ(Inspect(""), kExitOk) << out_;
  const std::string path = std::string("shard-0000/") + kManifestName;
  Flip(path, ReadFile(path).find_last_not_of('\0'));

  EXPECT_EQ(Inspect(""), kExitUnexpected);

  EXPECT_THAT(out_, HasSubstr("the last edit does not hold"));
  EXPECT_THAT(out_, HasSubstr("damaged places 1 "));
}

TEST_F(InspectTest, DamageOfIdentityAndRingIsToldSlotBySlot) {
  CopyGolden();
  Flip("IDENTITY", 4096 + 100);
  Flip("RING", 4100);

  EXPECT_EQ(Inspect(""), kExitUnexpected);

  EXPECT_THAT(out_, HasSubstr("damage: IDENTITY at 4096, 4096 bytes: slot 1"));
  EXPECT_THAT(out_, HasSubstr("damage: RING at 0"));
  Flip("IDENTITY", 100);
  EXPECT_EQ(Inspect(""), kExitUnexpected);
  EXPECT_THAT(out_, HasSubstr("no slot holds"));
}

TEST_F(InspectTest, AnIndexSnapshotIsVerifiedAndComparedWithTheManifest) {
  MakeStore();
  RestartStore();
  const std::string path = "shard-0000/0000000000000001.index";
  ASSERT_EQ(Inspect("shard-0000"), kExitOk) << out_;
  EXPECT_THAT(out_, HasSubstr("0000000000000001.index"));
  EXPECT_THAT(out_, Not(HasSubstr("no file of a store")));
  ASSERT_EQ(Inspect(path), kExitOk) << out_;

  const std::string good = ReadFile(path);
  for (size_t byte = 0; byte < good.size(); byte += 509) {
    Flip(path, byte);
    EXPECT_EQ(Inspect(path), kExitUnexpected) << byte;
    Flip(path, byte);
  }
  WriteFile(path, good.substr(0, good.size() - 1));
  EXPECT_EQ(Inspect(path), kExitUnexpected);
  EXPECT_THAT(out_, HasSubstr("ends before its last block"));
  WriteFile(path, good);
  // Of another data file: by itself nothing is wrong with it.
  fs::rename(folder_ / path, folder_ / "shard-0000/0000000000000002.index");
  EXPECT_EQ(Inspect("shard-0000/0000000000000002.index"), kExitUnexpected);
  EXPECT_THAT(out_, HasSubstr("that of file 0000000000000001"));
}

TEST_F(InspectTest, AnotherFormatIsNamedAsSuchAndNotAsDamage) {
  CopyGolden();
  std::string data;
  for (const auto& entry : fs::directory_iterator(folder_ / "shard-0000")) {
    if (entry.path().extension() == ".data") data = entry.path().filename();
  }
  const std::string store = "shard-0000/";
  for (const std::string& path :
       {std::string("IDENTITY"), std::string("RING"), store + kManifestName,
        store + data, store + "hints/" + kManifestName}) {
    for (const OtherFormat format : kOtherFormats) {
      const std::string kept = ReadFile(path);
      WriteFile(path, WithFormat(kept, format));

      EXPECT_EQ(Inspect(""), kExitUnexpected) << path;

      EXPECT_THAT(out_, HasSubstr("other format: " + path));
      EXPECT_THAT(out_, HasSubstr(std::string(NameOf(format))));
      EXPECT_THAT(out_, HasSubstr(std::string(kOurFormatName)));
      EXPECT_THAT(out_, Not(HasSubstr("damage: " + path))) << path;
      WriteFile(path, kept);
    }
  }
}

TEST_F(InspectTest, OfWhatAnUnreadableManifestListsNothingIsSaid) {
  MakeStore();
  RestartStore();
  std::string manifest;
  std::string index;
  for (const auto& entry : fs::directory_iterator(folder_ / "shard-0000")) {
    const std::string path = "shard-0000/" + entry.path().filename().string();
    if (path.find("MANIFEST-") != std::string::npos) manifest = path;
    if (path.ends_with(".index")) index = path;
  }
  ASSERT_NE(index, "");
  WriteFile(manifest, WithFormat(ReadFile(manifest), kOtherFormats[0]));

  EXPECT_EQ(Inspect("shard-0000"), kExitUnexpected);

  EXPECT_THAT(out_, HasSubstr(".index: not compared"));
  EXPECT_THAT(out_, Not(HasSubstr("removed at the next start")));
}

TEST_F(InspectTest, ASnapshotIsLookedAtWhileItsNodeRuns) {
  CopyGolden();
  const fs::path snapshot = folder_ / "snapshots" / "monday";
  fs::create_directories(snapshot);
  for (const char* name : {"IDENTITY", "RING", "shard-0000"}) {
    fs::copy(folder_ / name, snapshot / name, fs::copy_options::recursive);
  }
  const int lock = ::open((folder_ / "LOCK").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);

  for (const std::string path : {"", "/shard-0000", "/shard-0000/hints"}) {
    EXPECT_EQ(Inspect("snapshots/monday" + path), kExitOk) << path << error_;
  }
  // One that is being made: its IDENTITY comes last.
  fs::remove(snapshot / "IDENTITY");
  EXPECT_EQ(Inspect("snapshots/monday"), kExitUnexpected);
  EXPECT_THAT(error_, HasSubstr("in use by a running node"));

  ::close(lock);
}

TEST_F(InspectTest, ADirectoryThatANodeHoldsIsRefused) {
  CopyGolden();
  const int lock = ::open((folder_ / "LOCK").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);

  for (const std::string path :
       {"", "shard-0000", "shard-0000/hints", "RING"}) {
    EXPECT_EQ(Inspect(path), kExitUnexpected) << path;
    EXPECT_THAT(error_, HasSubstr("in use by a running node"));
    EXPECT_EQ(out_, "");
  }

  ::close(lock);
  EXPECT_EQ(Inspect(""), kExitOk);
}

TEST_F(InspectTest, AKeysRecordsAreListedOlderOnesToo) {
  MakeStore();

  EXPECT_EQ(Inspect("shard-0000", {.key = "a"}), kExitOk);

  EXPECT_THAT(out_, HasSubstr("2 records"));
  EXPECT_THAT(out_, HasSubstr(" a  (0000000000000001.data)"));
  EXPECT_THAT(out_, Not(HasSubstr(" b  (")));
}

TEST_F(InspectTest, AHintIsFoundByItsKeyAndNamesItsTarget) {
  CopyGolden();

  EXPECT_EQ(Inspect("", {.key = "away1"}), kExitOk);

  EXPECT_THAT(out_, HasSubstr("2 records"));
  EXPECT_THAT(out_, HasSubstr("away1  (shard-0000/hints/0000000000000001.data "
                              "for "));
}

TEST_F(InspectTest, JsonSaysTheSame) {
  MakeStore();
  const std::string path = std::string("shard-0000/") + kFirstData;
  Flip(path, ReadFile(path).find("only"));

  EXPECT_EQ(Inspect("shard-0000", {.records = true, .json = true}),
            kExitUnexpected);

  const boost::json::object page = boost::json::parse(out_).as_object();
  EXPECT_FALSE(page.at("whole").as_bool());
  EXPECT_EQ(page.at("damage").as_int64(), 1);
  EXPECT_EQ(page.at("records").as_array().size(), 3u);
  const auto& finding = page.at("findings").as_array().at(0).as_object();
  EXPECT_EQ(finding.at("kind").as_string(), "damage");
  EXPECT_EQ(finding.at("file").as_string(), kFirstData);
}

TEST_F(InspectTest, WhatIsNoNodesIsAUsageError) {
  WriteFile("notes.txt", "what I had for lunch");

  EXPECT_EQ(Inspect("notes.txt"), kExitUsage);
  EXPECT_EQ(Inspect(""), kExitUsage);
  EXPECT_THAT(error_, HasSubstr("is neither a data directory"));
  EXPECT_EQ(Inspect("", {.key = "\\q"}), kExitUsage);
  EXPECT_THAT(error_, HasSubstr(R"(begins \\ or \xNN)"));
  WriteFile("RESERVE", "");
  EXPECT_EQ(Inspect("RESERVE"), kExitUsage);
  EXPECT_THAT(error_, HasSubstr("holds no data"));
  EXPECT_EQ(Inspect("nowhere"), kExitUnexpected);
  EXPECT_THAT(error_, HasSubstr("nowhere"));
}

TEST_F(InspectTest, WhatCannotBeReadIsNamedOnce) {
  WriteFile("IDENTITY", "");
  WriteFile("shard-0000", "");

  EXPECT_EQ(Inspect(""), kExitUnexpected);

  EXPECT_THAT(out_, HasSubstr("unreadable: shard-0000: Not a directory"));
  EXPECT_THAT(out_, HasSubstr("unreadable 1,"));
}

TEST_F(InspectTest, MoreFindingsThanAreKeptAreCounted) {
  InspectReport report;
  for (size_t i = 0; i < kFindingsMax + 5; ++i) {
    report.Add({.kind = Finding::Kind::kDamage, .file = "f", .what = "w"});
  }
  EXPECT_EQ(report.findings().size(), kFindingsMax);
  EXPECT_EQ(report.CountOf(Finding::Kind::kDamage), kFindingsMax + 5);
  EXPECT_THAT(report.Text(), HasSubstr("and 5 more"));
}

}  // namespace
}  // namespace orrery
