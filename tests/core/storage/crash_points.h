// tests/core/storage/crash_points.h
//
// CrashPoints plays one short history on a store and looks at every moment at
// which an operation of the disk has just taken effect: what would a process
// find that started then, after a death of the process, and after every power
// loss that the disk allows?
//
// A power loss is a subset of what no sync covers (MemoryDisk::UnsyncedPieces):
// all subsets of up to `pieces_max`, of more a sample.  Each is recovered and
// judged by StoreModel (O17); recovered once more, it is the same.  Of some,
// the recovery dies as well at a moment and with a loss of its own; after some,
// two more writes are made and the power goes a second time.
// Also, for every page that a loss may fill with garbage, that, with all of the
// rest kept and with none of it.
//
// A history is its number: everything is drawn from it.
//
// Cost: about 100 us a recovery.

#ifndef ORRERY_TESTS_CORE_STORAGE_CRASH_POINTS_H_
#define ORRERY_TESTS_CORE_STORAGE_CRASH_POINTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/prng.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"
#include "tests/core/storage/store_model.h"

namespace orrery {

class CrashPoints {
 public:
  struct Options {
    uint64_t history = 1;
    size_t pieces_max = 10;
    size_t samples = 512;  // Of more pieces than that.
    // One case in so many dies in recovery too, or loses power again later.
    uint32_t again_every = 16;
  };
  struct Report {
    uint64_t moments = 0;  // That were looked at.
    uint64_t sampled = 0;  // Of them, with too many pieces for all subsets.
    uint64_t recoveries = 0;
    uint64_t indexed = 0;  // Of them, with an index snapshot.
    std::string failure;   // Empty: none.  The first; it ends the history.
  };

  explicit CrashPoints(const Options& options);

  // Once.  `progress` is called now and then.
  Report Play(const std::function<void(const Report&)>& progress = {});

 private:
  // Which pieces reach the disk.
  using Kept = std::vector<bool>;

  void PlayStep();
  void PutSome();
  void LookAt(const DiskEffect& effect);
  void CheckProcessDeath();
  void CheckPowerLoss(const Kept& kept, std::optional<size_t> garbage = {});
  void CheckRecovered(MemoryDisk disk, bool power_lost, const std::string& how);
  void CheckLaterLoss(StoreDriver& driver, MemoryDisk& disk,
                      const StoreModel::Content& content,
                      const std::string& how);
  std::string DieInRecovery(MemoryDisk& disk, uint32_t* generation,
                            bool* power_lost);
  StoreModel::Found Recover(StoreDriver& driver, const StoreModel& model,
                            bool power_lost);
  Kept SampledLoss(size_t pieces);
  void Fail(const std::string& how, const std::string& what);
  bool HasFailed() const { return !report_.failure.empty(); }

  Options options_;
  Prng plan_;  // The history.
  Prng dice_;  // What is sampled.
  Store::Options store_;
  MemoryDisk disk_;
  StoreDriver driver_;
  StoreModel model_;
  Report report_;
  std::function<void(const Report&)> progress_;
  uint64_t values_ = 0;
  bool has_changed_ = true;  // The disk, or what is promised, since the last.
  bool is_looking_ = true;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_STORAGE_CRASH_POINTS_H_
