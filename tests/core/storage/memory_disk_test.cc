#include "tests/core/storage/memory_disk.h"

#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "tests/core/ports/disk_contract.h"

namespace orrery {
namespace {

// The store's tests and the crash points run on this one: it must be a disk
// like the others.
class MemoryDiskHarness final : public DiskHarness, private DiskPort {
 public:
  DiskPort& disk() override { return *this; }
  std::vector<DiskDone> Pump() override {
    std::vector<DiskDone> done;
    if (!disk_.IsIdle()) done.push_back(disk_.Perform());
    return done;
  }
  void Restart() override { disk_.CrashProcess(); }
  bool MakeCountsShort() override {
    disk_.set_short_writes(true);
    return true;
  }
  bool ForbidGrowthPast(uint64_t bytes) override {
    disk_.set_capacity(bytes);
    return true;
  }
  bool MakeReadOnly() override { return false; }
  bool HasSparseFiles() const override { return false; }
  bool IsStrict() const override { return true; }

 private:
  void Submit(DiskEffect effect) override { disk_.Submit(std::move(effect)); }

  MemoryDisk disk_{1};
};

std::unique_ptr<DiskHarness> MakeMemoryDiskHarness() {
  return std::make_unique<MemoryDiskHarness>();
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(MemoryDisk, DiskContractTest,
                         ::testing::Values(&MakeMemoryDiskHarness));

}  // namespace orrery
