// core/storage/space_governor.h
//
// SpaceGovernor decides what the stores of one node may do with the space that
// their disk has (storage section 8), and owns RESERVE: a file of allocated
// blocks that is given up when the disk is full, so that deletes and one
// compaction find room then.  It knows no record and no data file.
//
//   normal  4 files of data or more could be made
//   tight   fewer: compaction looks at once
//   full    less than one, or somebody met a disk without space: no puts;
//           deletes as long as the first half of the reserve lasts.  It ends
//           when there is space for 2 files beside the whole reserve.
//
// What could be made is what remains once RESERVE is whole.  It is a data file
// and a slack long.  On a disk of less than ten data files it is a tenth of the
// disk, and so is the longest data file: there is always room to compact one.
//
// A disk that cannot tell its space (or says zero of zero) is believed to have
// it until an operation fails for want of it.
//
// RESERVE holds nothing and is never synced: one of any size, or none, is what
// a crash or a copy left, and is made right again at the next look.
//
// Invariants:
//   SPC-1  Outside kFull every put is taken; in it no put is, and deletes of at
//          most half of the reserve.
//   SPC-2  kFull lasts a second or more, and until RESERVE is whole (unless
//          there can be none); then it ends at the first look that finds space.
//   SPC-3  One operation on the disk at a time; nobody waits for it.
//
// Threading: engine thread.  Cost: O(1); one operation a look, every 10 s while
// there is plenty and a whole reserve, every second otherwise.

#ifndef ORRERY_CORE_STORAGE_SPACE_GOVERNOR_H_
#define ORRERY_CORE_STORAGE_SPACE_GOVERNOR_H_

#include <cstdint>
#include <utility>

#include "core/base/fields.h"
#include "core/protocol/counters.h"
#include "core/protocol/disk.h"
#include "core/protocol/turn.h"

namespace orrery {

class SpaceGovernor {
 public:
  struct Options {
    uint64_t max_file_bytes = 100ull << 20;
    uint64_t reserve_slack_bytes = 1ull << 20;
  };
  explicit SpaceGovernor(const Options& options) : options_(options) {}

  // The data directory is this process's.  REQUIRES: once.
  void Start(Turn& turn);
  void OnDiskDone(const DiskDone& done, Turn& turn);
  void OnTimer(Turn& turn);  // kSpaceLook

  // ---- Whoever writes tells ----

  // An operation failed for want of space.
  void OnNoSpace(Turn& turn);
  // Files took up so much more.
  void OnGrown(uint64_t bytes, Turn& turn);
  // Deletes took up so much; counts while the disk is full.
  void OnDeletesWritten(uint64_t bytes) { delete_bytes_ += bytes; }
  // A compaction that frees space needs more than there is: the rest of the
  // reserve is given up.
  void YieldToJob(Turn& turn);

  // ---- and asks ----

  // Whether so many bytes of records may be taken in.
  bool MayTake(bool deleted, uint64_t bytes) const;
  bool IsFull() const { return state_ == SpaceState::kFull; }
  bool IsTight() const { return state_ == SpaceState::kTight; }
  // No data file is to be longer.
  uint64_t file_bytes_max() const;
  // What a compaction may write now: if the disk is not full, not so much that
  // it would be.
  uint64_t room_for_job() const;

  // The stores have reason to try again what waits for space, and to look for
  // something to compact.  Cleared by asking.
  bool TakeNews() { return std::exchange(has_news_, false); }

  SpaceView view() const {
    return {.state = state_,
            .is_known = is_known_,
            .free_bytes = free_,
            .reserve_bytes = reserve_};
  }
  uint64_t StateDigest() const;

  ORRERY_FIELDS(step_, state_, is_started_, is_known_, is_open_,
                cannot_reserve_, free_, total_, reserve_, asked_bytes_,
                kept_bytes_, delete_bytes_, has_yielded_, may_end_,
                is_restoring_, wants_look_, wants_open_, wants_growth_,
                has_news_, was_measured_)

 private:
  // The operation whose completion is awaited.
  enum class Step : uint8_t {
    kIdle = 0,
    kLook,
    kStat,
    kOpen,
    kShrink,
    kGrow,
  };

  void Submit(Step step, DiskEffect effect, Turn& turn);
  void ArmLook(Turn& turn) const;
  void Mend(Turn& turn);
  void OnLooked(const DiskDone& done, Turn& turn);
  void OnOpened(const DiskDone& done, Turn& turn);
  void OnGrew(const DiskDone& done, Turn& turn);
  void Judge(Turn& turn);
  void Enter(SpaceState state, Turn& turn);
  void EnterFull(Turn& turn);
  void CannotReserve(DiskError error, Turn& turn);
  uint64_t Share() const;
  uint64_t Goal() const;
  uint64_t Wanted() const;
  uint64_t Available() const;

  const Options options_;
  Step step_ = Step::kIdle;
  SpaceState state_ = SpaceState::kNormal;
  bool is_started_ = false;
  bool is_known_ = false;        // free_ and total_ are what the disk says.
  bool is_open_ = false;         // RESERVE; by us, from then on.
  bool cannot_reserve_ = false;  // It cannot be opened, or not grow.
  uint64_t free_ = 0;            // As of the last look, less what grew since.
  uint64_t total_ = 0;           // Of the whole disk; 0: never told.
  uint64_t reserve_ = 0;         // Length of RESERVE.
  uint64_t asked_bytes_ = 0;     // Its length once kShrink or kGrow is done.
  // Since kFull began.
  uint64_t kept_bytes_ = 0;  // For a job: half of what RESERVE had then.
  uint64_t delete_bytes_ = 0;
  bool has_yielded_ = false;
  bool may_end_ = false;       // It has lasted long enough.
  bool is_restoring_ = false;  // There is space for it to end.

  bool wants_look_ = false;
  bool wants_open_ = false;
  bool wants_growth_ = false;
  bool has_news_ = false;
  bool was_measured_ = false;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_SPACE_GOVERNOR_H_
