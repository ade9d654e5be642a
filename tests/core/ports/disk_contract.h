// tests/core/ports/disk_contract.h
//
// What every DiskPort promises (core/protocol/disk.h, storage section 10), as
// one suite, so that the simulated disks model what the product meets.  A disk
// joins by a harness and
//
//   INSTANTIATE_TEST_SUITE_P(FileDisk, DiskContractTest,
//                            ::testing::Values(&MakeFileDiskHarness));
//
// in one source file of its test program, which has disk_contract_test.cc and
// disk_contract_names_test.cc among its sources.

#ifndef ORRERY_TESTS_CORE_PORTS_DISK_CONTRACT_H_
#define ORRERY_TESTS_CORE_PORTS_DISK_CONTRACT_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/ports/disk.h"
#include "gmock/gmock.h"

namespace orrery {

// A disk with an empty data directory, and the way to let it work.
class DiskHarness {
 public:
  virtual ~DiskHarness() = default;
  virtual DiskPort& disk() = 0;
  // Waits until something completes and returns what did, in order of
  // delivery.  Empty only if nothing is in flight.
  virtual std::vector<DiskDone> Pump() = 0;
  // Delivered since, without anybody's waiting for it.
  virtual size_t delivered() const { return 0; }
  // The process dies and the next one opens the same directory.
  // REQUIRES: nothing is in flight.
  virtual void Restart() = 0;

  // What can be done to this disk, and what cannot.  Those that return a bool
  // return false if this disk cannot be brought to it.

  // Some reads and writes of several bytes move fewer than asked.
  virtual bool MakeCountsShort() = 0;
  // No file grows beyond `bytes`.  REQUIRES: one has that size, and none more.
  virtual bool ForbidGrowthPast(uint64_t bytes) = 0;
  virtual bool MakeReadOnly() = 0;
  // Whether a hole costs nothing, so that files may be larger than memory.
  virtual bool HasSparseFiles() const { return true; }
  // Whether it stops the program at what no caller may do, instead of an error.
  virtual bool IsStrict() const { return false; }
};

using MakeDiskHarness = std::unique_ptr<DiskHarness> (*)();

// What a disk with one closed file, "file", answers when it is read-only, in
// this order.  A file that is not to be made is opened for reading.
struct ReadOnlyStep {
  DiskEffect effect;
  DiskError error = DiskError::kNone;
};
inline std::vector<ReadOnlyStep> StepsOnAReadOnlyDisk() {
  const auto on = [](DiskVerb verb, const char* path, const char* path2 = "") {
    DiskEffect effect;
    effect.verb = verb;
    effect.path = path;
    effect.path2 = path2;
    effect.file = {91};
    effect.length = 100;
    return effect;
  };
  DiskEffect create = on(DiskVerb::kOpen, "other");
  create.create = true;
  return {{create, DiskError::kReadOnly},
          {on(DiskVerb::kUnlink, "file"), DiskError::kReadOnly},
          {on(DiskVerb::kMakeDir, "d"), DiskError::kReadOnly},
          {on(DiskVerb::kRename, "file", "other"), DiskError::kReadOnly},
          {on(DiskVerb::kLink, "file", "other"), DiskError::kReadOnly},
          {on(DiskVerb::kLock, "LOCK"), DiskError::kReadOnly},
          {on(DiskVerb::kOpen, "file"), DiskError::kNone},
          {on(DiskVerb::kRead, ""), DiskError::kNone},
          {on(DiskVerb::kList, ""), DiskError::kNone},
          {on(DiskVerb::kStat, "file"), DiskError::kNone},
          {on(DiskVerb::kSpace, ""), DiskError::kNone},
          {on(DiskVerb::kClose, ""), DiskError::kNone}};
}

class DiskContractTest : public ::testing::TestWithParam<MakeDiskHarness> {
 protected:
  static DiskEffect Effect(DiskVerb verb) {
    DiskEffect effect;
    effect.verb = verb;
    return effect;
  }
  static DiskEffect OnPath(DiskVerb verb, std::string path,
                           std::string path2 = "") {
    DiskEffect effect = Effect(verb);
    effect.path = std::move(path);
    effect.path2 = std::move(path2);
    return effect;
  }
  static DiskEffect OnFile(DiskVerb verb, FileNumber file, uint64_t offset = 0,
                           uint64_t length = 0) {
    DiskEffect effect = Effect(verb);
    effect.file = file;
    effect.offset = offset;
    effect.length = length;
    return effect;
  }
  static DiskEffect OpenEffect(FileNumber file, std::string path) {
    DiskEffect effect = OnPath(DiskVerb::kOpen, std::move(path));
    effect.file = file;
    effect.create = true;
    return effect;
  }
  static DiskEffect WriteEffect(FileNumber file, uint64_t offset,
                                std::vector<std::string> pieces) {
    DiskEffect effect = OnFile(DiskVerb::kWrite, file, offset);
    for (const std::string& piece : pieces) {
      effect.data.push_back(Bytes::CopyOf(piece));
    }
    return effect;
  }

  // Stamps the effect with a token of its own and submits it.
  DiskToken Submit(DiskEffect effect) {
    effect.token = {DiskOwner::kUserStore, 1, {next_slot_++, 1}};
    const DiskToken token = effect.token;
    harness_->disk().Submit(std::move(effect));
    return token;
  }

  // Submits, and waits for that completion.
  DiskDone Do(DiskEffect effect) { return Await(Submit(std::move(effect))); }

  DiskDone Await(const DiskToken& token) {
    while (true) {
      const auto it = std::find_if(
          done_.begin(), done_.end(),
          [&](const DiskDone& done) { return done.token == token; });
      if (it != done_.end()) {
        DiskDone found = std::move(*it);
        done_.erase(it);
        return found;
      }
      std::vector<DiskDone> more = harness_->Pump();
      if (more.empty()) {
        ADD_FAILURE() << "an operation never completed";
        return {};
      }
      std::move(more.begin(), more.end(), std::back_inserter(done_));
    }
  }

  FileNumber Open(std::string path) {
    const FileNumber file{++last_file_};
    EXPECT_EQ(Do(OpenEffect(file, std::move(path))).error, DiskError::kNone);
    return file;
  }
  void Write(FileNumber file, uint64_t offset, std::string text) {
    const DiskDone done = Do(WriteEffect(file, offset, {text}));
    EXPECT_EQ(done.error, DiskError::kNone);
    EXPECT_EQ(done.count, text.size());
  }
  std::string Read(FileNumber file, uint64_t offset, uint64_t length) {
    const DiskDone done = Do(OnFile(DiskVerb::kRead, file, offset, length));
    EXPECT_EQ(done.error, DiskError::kNone);
    EXPECT_EQ(done.count, done.data.size());
    return std::string(done.data.text());
  }
  std::string ReadPath(std::string path, uint64_t length) {
    const FileNumber file = Open(std::move(path));
    return Read(file, 0, length);
  }

  uint64_t SizeOf(std::string path) {
    const DiskDone done = Do(OnPath(DiskVerb::kStat, std::move(path)));
    EXPECT_EQ(done.error, DiskError::kNone);
    return done.count;
  }

  std::unique_ptr<DiskHarness> harness_ = GetParam()();
  std::vector<DiskDone> done_;
  uint32_t next_slot_ = 1;
  uint32_t last_file_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_PORTS_DISK_CONTRACT_H_
