#include "core/storage/space_governor.h"

#include <algorithm>

#include "core/base/hash.h"
#include "core/base/invariant.h"

namespace orrery {

namespace {

constexpr FileNumber kReserveFile{4};
constexpr Duration kLookWhenPlenty = 10 * kSecond;
constexpr Duration kLookWhenScarce = kSecond;
// Thresholds, in data files (storage section 8).
constexpr uint64_t kTightFiles = 4;
constexpr uint64_t kRoomyFiles = 2;
// Of a disk that is small, or says that it is tiny.
constexpr uint64_t kShareOfDisk = 10;
constexpr uint64_t kShareBytesMin = uint64_t{64} << 10;
constexpr uint64_t kBlockBytes = 4096;

uint64_t HalfOf(uint64_t bytes) {
  return bytes / 2 / kBlockBytes * kBlockBytes;
}

}  // namespace

void SpaceGovernor::Start(Turn& turn) {
  ORRERY_INVARIANT(!is_started_);
  is_started_ = true;
  wants_look_ = true;
  wants_open_ = true;
  ArmLook(turn);
  Mend(turn);
}

void SpaceGovernor::OnTimer(Turn& turn) {
  may_end_ = true;
  wants_look_ = true;
  wants_open_ = !is_open_;
  ArmLook(turn);
  Mend(turn);
}

void SpaceGovernor::ArmLook(Turn& turn) const {
  const bool is_well = state_ == SpaceState::kNormal && reserve_ >= Goal();
  turn.timers.Arm(TimerKind::kSpaceLook, {0, 1},
                  turn.now() + (is_well ? kLookWhenPlenty : kLookWhenScarce));
}

// While the disk is full this is no reason to look: the next one is a second
// away at most, and whoever waits for space fails each time it tries.
void SpaceGovernor::OnNoSpace(Turn& turn) {
  if (IsFull()) return;
  wants_look_ = true;
  EnterFull(turn);
  Mend(turn);
}

// An estimate decides nothing, for it knows of no file that went: the disk is
// asked.
void SpaceGovernor::OnGrown(uint64_t bytes, Turn& turn) {
  if (!is_known_) return;
  free_ -= std::min(free_, bytes);
  if (IsFull()) return;
  const uint64_t files = IsTight() ? 1 : kTightFiles;
  if (Available() >= files * file_bytes_max()) return;
  wants_look_ = true;
  Mend(turn);
}

void SpaceGovernor::YieldToJob(Turn& turn) {
  if (!IsFull() || has_yielded_) return;
  turn.effects.Mark("storage.reserve_yielded");
  has_yielded_ = true;
  Mend(turn);
}

bool SpaceGovernor::MayTake(bool deleted, uint64_t bytes) const {
  if (!IsFull()) return true;
  return deleted && delete_bytes_ + bytes <= Goal() / 2;  // SPC-1
}

// What one data file, or the reserve, may take up of this disk.
uint64_t SpaceGovernor::Share() const {
  if (total_ == 0) return UINT64_MAX;
  return std::max(total_ / kShareOfDisk, kShareBytesMin);
}

uint64_t SpaceGovernor::file_bytes_max() const {
  return std::min(options_.max_file_bytes, Share());
}

uint64_t SpaceGovernor::room_for_job() const {
  if (!is_known_) return UINT64_MAX;
  if (IsFull()) return free_;
  return Available() - std::min(Available(), file_bytes_max());
}

// How long RESERVE is when it is whole.
uint64_t SpaceGovernor::Goal() const {
  const uint64_t most = options_.max_file_bytes + options_.reserve_slack_bytes;
  return std::min(most, Share()) / kBlockBytes * kBlockBytes;
}

// How long it is to be now.
uint64_t SpaceGovernor::Wanted() const {
  if (!IsFull() || is_restoring_) return Goal();
  return has_yielded_ ? 0 : kept_bytes_;
}

// What remains free once the reserve is whole.
uint64_t SpaceGovernor::Available() const {
  if (cannot_reserve_) return free_;
  const uint64_t lacking = Goal() - std::min(Goal(), reserve_);
  return free_ - std::min(free_, lacking);
}

void SpaceGovernor::Submit(Step step, DiskEffect effect, Turn& turn) {
  step_ = step;
  effect.token = {DiskOwner::kReserve, static_cast<uint8_t>(step), {0, 1}};
  effect.priority = DiskPriority::kRead;
  turn.effects.disk.push_back(std::move(effect));
}

// Does the next thing there is to do (SPC-3).
void SpaceGovernor::Mend(Turn& turn) {
  if (!is_started_ || step_ != Step::kIdle) return;
  if (std::exchange(wants_open_, false)) {
    return Submit(Step::kStat, {.verb = DiskVerb::kStat, .path = "RESERVE"},
                  turn);
  }
  if (std::exchange(wants_look_, false)) {
    return Submit(Step::kLook, {.verb = DiskVerb::kSpace}, turn);
  }
  if (!is_open_) return;
  asked_bytes_ = Wanted();
  if (reserve_ > asked_bytes_) {
    return Submit(Step::kShrink,
                  {.verb = DiskVerb::kTruncate,
                   .file = kReserveFile,
                   .length = asked_bytes_},
                  turn);
  }
  if (!std::exchange(wants_growth_, false)) return;
  if (reserve_ == asked_bytes_) return;
  // From its start: of a copied file no block need be there.
  Submit(Step::kGrow,
         {.verb = DiskVerb::kAllocate,
          .file = kReserveFile,
          .length = asked_bytes_},
         turn);
}

void SpaceGovernor::OnDiskDone(const DiskDone& done, Turn& turn) {
  ORRERY_INVARIANT(done.token.part == static_cast<uint8_t>(step_));
  switch (std::exchange(step_, Step::kIdle)) {
    case Step::kLook:
      OnLooked(done, turn);
      break;
    case Step::kStat:
      if (done.error != DiskError::kNone && done.error != DiskError::kNoEntry) {
        CannotReserve(done.error, turn);
        break;
      }
      asked_bytes_ = done.error == DiskError::kNone ? done.count : 0;
      return Submit(Step::kOpen,
                    {.verb = DiskVerb::kOpen,
                     .file = kReserveFile,
                     .create = true,
                     .path = "RESERVE"},
                    turn);
    case Step::kOpen:
      OnOpened(done, turn);
      break;
    case Step::kShrink:
      if (done.error != DiskError::kNone) {
        // Its blocks are not ours to give.
        reserve_ = 0;
        break;
      }
      turn.effects.Mark("storage.reserve_released");
      reserve_ = asked_bytes_;
      wants_look_ = true;
      break;
    case Step::kGrow:
      OnGrew(done, turn);
      break;
    case Step::kIdle:
      ORRERY_UNREACHABLE("an operation nobody asked for");
  }
  Mend(turn);
}

void SpaceGovernor::OnLooked(const DiskDone& done, Turn& turn) {
  is_known_ = done.error == DiskError::kNone && done.total > 0;
  free_ = is_known_ ? done.count : 0;
  if (is_known_) total_ = done.total;
  const bool is_first = !std::exchange(was_measured_, total_ != 0);
  if (is_first && Share() < options_.max_file_bytes) {
    turn.effects.notes.push_back({.kind = Note::Kind::kReserve,
                                  .number = Goal(),
                                  .text = "the disk is small"});
  }
  Judge(turn);
  wants_growth_ = !IsFull() || is_restoring_;
  if (state_ != SpaceState::kNormal) has_news_ = true;
}

void SpaceGovernor::Judge(Turn& turn) {
  const uint64_t file = file_bytes_max();
  if (IsFull()) {
    const bool is_roomy = !is_known_ || Available() >= kRoomyFiles * file;
    is_restoring_ = may_end_ && is_roomy;
    const bool is_whole = cannot_reserve_ || reserve_ >= Goal();
    if (!is_restoring_ || !is_whole) return;  // SPC-2
    turn.effects.Mark("storage.space_again");
    has_news_ = true;
  }
  if (!is_known_) {
    return Enter(SpaceState::kNormal, turn);
  }
  if (Available() < file) return EnterFull(turn);
  Enter(Available() < kTightFiles * file ? SpaceState::kTight
                                         : SpaceState::kNormal,
        turn);
}

void SpaceGovernor::Enter(SpaceState state, Turn& turn) {
  if (state == state_) return;
  state_ = state;
  if (state != SpaceState::kNormal) ArmLook(turn);
  if (state == SpaceState::kTight) turn.effects.Mark("storage.space_tight");
  turn.effects.notes.push_back({.kind = Note::Kind::kSpace,
                                .detail = static_cast<uint32_t>(state),
                                .number = free_});
}

void SpaceGovernor::EnterFull(Turn& turn) {
  turn.effects.Mark("storage.space_full");
  kept_bytes_ = HalfOf(reserve_);
  delete_bytes_ = 0;
  has_yielded_ = false;
  may_end_ = false;
  is_restoring_ = false;
  Enter(SpaceState::kFull, turn);
}

void SpaceGovernor::OnOpened(const DiskDone& done, Turn& turn) {
  if (done.error == DiskError::kNoSpace) return OnNoSpace(turn);
  if (done.error != DiskError::kNone) return CannotReserve(done.error, turn);
  is_open_ = true;
  cannot_reserve_ = false;
  reserve_ = asked_bytes_;
  kept_bytes_ = HalfOf(reserve_);
  wants_look_ = true;
}

void SpaceGovernor::OnGrew(const DiskDone& done, Turn& turn) {
  if (done.error == DiskError::kNone) {
    turn.effects.Mark("storage.reserve_made");
    cannot_reserve_ = false;
    reserve_ = asked_bytes_;
    wants_look_ = true;
    return;
  }
  is_restoring_ = false;
  if (done.error == DiskError::kNoSpace) return OnNoSpace(turn);
  CannotReserve(done.error, turn);
}

// Every look tries again.
void SpaceGovernor::CannotReserve(DiskError error, Turn& turn) {
  if (cannot_reserve_) return;
  cannot_reserve_ = true;
  turn.effects.notes.push_back({.kind = Note::Kind::kDiskError,
                                .detail = static_cast<uint32_t>(error),
                                .text = "RESERVE"});
}

uint64_t SpaceGovernor::StateDigest() const {
  Hasher hasher;
  hasher.Add(uint64_t{static_cast<uint8_t>(step_)});
  hasher.Add(uint64_t{static_cast<uint8_t>(state_)});
  hasher.Add(free_);
  hasher.Add(reserve_);
  hasher.Add(delete_bytes_);
  return hasher.Value();
}

}  // namespace orrery
