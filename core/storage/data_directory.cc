#include "core/storage/data_directory.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/hash.h"
#include "core/base/invariant.h"
#include "core/storage/record.h"

namespace orrery {

namespace {

constexpr FileNumber kIdentityFile{1};
constexpr FileNumber kRingFile{2};
constexpr FileNumber kRingTmpFile{3};

constexpr uint64_t kSeqBlock = uint64_t{1} << 32;
// What a start leases: five years of 100,000 writes a second, so that no lease
// has to be renewed while running; 2^20 starts.
constexpr uint64_t kSeqLease = uint64_t{1} << 44;
constexpr uint64_t kRingFileBytesMax = uint64_t{64} << 20;
// A full disk is looked at again so much later.
constexpr Duration kRetryAfter = 1 * kSecond;

std::string HexOf(uint64_t value) {
  std::string text(16, '0');
  for (size_t i = 16; i > 0; --i, value >>= 4) {
    text[i - 1] = "0123456789abcdef"[value & 15];
  }
  return text;
}

// Starts of the original that a restored directory leaves room for, beyond one
// a second: a node that is restored may have died over and over before.
constexpr uint32_t kHastyStarts = 1 << 20;

// The count of earlier starts under this name, if there were any, is lost with
// the disk, or went on elsewhere after a copy was made: the wall clock takes
// its place, so that members who remember the old process see a newer one
// (membership section 3).
uint32_t GenerationBefore(WallTime wall) {
  constexpr int64_t kMax = std::numeric_limits<uint32_t>::max() - (1 << 24);
  return static_cast<uint32_t>(
      std::clamp<int64_t>(wall.ns / kSecond.ns, 0, kMax));
}

}  // namespace

void DataDirectory::Submit(Step step, DiskEffect effect, Turn& turn) {
  step_ = step;
  effect.token = {DiskOwner::kIdentity, static_cast<uint8_t>(step), {0, 1}};
  turn.effects.disk.push_back(transfer_.Begin(std::move(effect)));
}

void DataDirectory::Open(const OpenOptions& options, Turn& turn) {
  ORRERY_INVARIANT(step_ == Step::kIdle);
  options_ = options;
  Submit(Step::kLock, {.verb = DiskVerb::kLock, .path = "LOCK"}, turn);
}

void DataDirectory::OnDiskDone(const DiskDone& part, Turn& turn) {
  if (phase_ == Phase::kFailed) return;
  ORRERY_INVARIANT(part.token.part == static_cast<uint8_t>(step_));
  DiskDone done = part;
  if (std::optional<DiskEffect> rest = transfer_.Continue(&done)) {
    turn.effects.disk.push_back(*std::move(rest));
    return;
  }
  if (phase_ == Phase::kOpening) {
    OnOpeningDone(done, turn);
  } else {
    OnSavingDone(done, turn);
  }
}

// A file that is not there, or a lock that is taken, says where to go on; true
// if it did.
bool DataDirectory::OnAbsence(const DiskDone& done, Turn& turn) {
  const bool is_missing = done.error == DiskError::kNoEntry;
  switch (step_) {
    case Step::kLock:
      if (done.error == DiskError::kLocked) {
        Fail("the data directory is in use by another process", 1);
        return true;
      }
      return false;
    case Step::kOpenIdentity:
      if (!is_missing) return false;
      LookForData(turn);
      return true;
    case Step::kLookForData:
      if (!is_missing) return false;
      Format(turn);
      return true;
    case Step::kStatRing:
      if (!is_missing) return false;
      OpenIdentity(turn);
      return true;
    default:
      return false;
  }
}

void DataDirectory::OnRingStep(const DiskDone& done, Turn& turn) {
  switch (step_) {
    case Step::kStatRing:
      ring_file_bytes_ = std::min(done.count, kRingFileBytesMax);
      return Submit(
          Step::kOpenRing,
          {.verb = DiskVerb::kOpen, .file = kRingFile, .path = "RING"}, turn);
    case Step::kOpenRing:
      return Submit(Step::kReadRing,
                    {.verb = DiskVerb::kRead,
                     .file = kRingFile,
                     .length = ring_file_bytes_},
                    turn);
    case Step::kReadRing: {
      RingFile found = DecodeRingFile(done.data);
      if (found.check == HeaderCheck::kNewer) {
        return Fail(NewerFormatText("RING", found.header.format), 2);
      }
      if (found.check == HeaderCheck::kValid) ring_ = std::move(found.ring);
      return Submit(Step::kCloseRing,
                    {.verb = DiskVerb::kClose, .file = kRingFile}, turn);
    }
    case Step::kCloseRing:
      return OpenIdentity(turn);
    default:
      ORRERY_UNREACHABLE("no step of reading RING");
  }
}

void DataDirectory::OnOpeningDone(const DiskDone& done, Turn& turn) {
  if (OnAbsence(done, turn)) return;
  if (done.error == DiskError::kNoSpace) {
    return Fail("the disk is full: a new data directory needs some space", 1);
  }
  if (done.error != DiskError::kNone) {
    return FailStep(done.error);
  }
  switch (step_) {
    case Step::kLock:
      return ReadRing(turn);
    case Step::kOpenIdentity:
      identity_open_ = true;
      return Submit(Step::kReadIdentity,
                    {.verb = DiskVerb::kRead,
                     .file = kIdentityFile,
                     .length = kIdentityBytes},
                    turn);
    case Step::kReadIdentity:
      slots_ = DecodeIdentity(done.data.view());
      return Submit(Step::kStatIdentity,
                    {.verb = DiskVerb::kStat, .path = "IDENTITY"}, turn);
    case Step::kStatIdentity:
      inode_ = done.inode;
      return fresh_ ? RaiseGeneration(turn) : Judge(turn);
    case Step::kLookForData:
      return OnDataLookedFor(done, turn);
    case Step::kSetAside:
      return Format(turn);
    case Step::kWriteIdentity:
      if (done.count != kIdentitySlotBytes) {
        return FailShort("IDENTITY", done.count, kIdentitySlotBytes);
      }
      return Submit(Step::kSyncIdentity,
                    {.verb = DiskVerb::kSync, .file = kIdentityFile}, turn);
    case Step::kSyncIdentity:
      durable_hlc_high_ = identity_.hlc_high;
      if (!fresh_) return FinishOpen(turn);
      return Submit(Step::kSyncDirAfterFormat,
                    {.verb = DiskVerb::kSyncDir, .path = "."}, turn);
    case Step::kSyncDirAfterFormat:
      return FinishOpen(turn);
    case Step::kStatRing:
    case Step::kOpenRing:
    case Step::kReadRing:
    case Step::kCloseRing:
      return OnRingStep(done, turn);
    case Step::kIdle:
    case Step::kOpenRingTmp:
    case Step::kWriteRingTmp:
    case Step::kSyncRingTmp:
    case Step::kCloseRingTmp:
    case Step::kRenameRing:
    case Step::kSyncDirAfterRing:
    case Step::kCloseRingForLack:
      ORRERY_UNREACHABLE("a step of saving while opening");
  }
}

void DataDirectory::Judge(Turn& turn) {
  if (slots_.newer_format.has_value()) {
    return Fail(NewerFormatText("IDENTITY", *slots_.newer_format), 2);
  }
  if (!slots_.newest.has_value()) return LookForData(turn);
  identity_ = *slots_.newest;
  if (identity_.node_name != options_.node_name) {
    return Fail("the data directory belongs to node \"" + identity_.node_name +
                    "\", and this is node \"" + options_.node_name + "\"",
                2);
  }
  if (slots_.one_damaged) {
    const uint64_t bad = 1 - identity_.revision % 2;
    turn.effects.notes.push_back({.kind = Note::Kind::kRootFileBad,
                                  .number = bad * kIdentitySlotBytes,
                                  .text = "IDENTITY"});
  }
  was_clean_ = identity_.clean_stop && !slots_.one_damaged;
  machine_restarted_ = slots_.one_damaged ||
                       (!was_clean_ && identity_.boot_id != options_.boot_id);
  moved_ = identity_.inode != inode_ || identity_.snapshot_copy;
  RaiseGeneration(turn);
}

// No slot is valid.  Data without IDENTITY is set aside, never removed: its
// actor and index seed are unknown, so this start is a new replica.
void DataDirectory::LookForData(Turn& turn) {
  Submit(Step::kLookForData, {.verb = DiskVerb::kList, .path = "shard-0000"},
         turn);
}

void DataDirectory::OnDataLookedFor(const DiskDone& done, Turn& turn) {
  if (done.names.empty()) return Format(turn);
  const std::string aside =
      "shard-0000.lost-" + HexOf(options_.fresh_storage.hi);
  turn.effects.Mark("storage.identity_lost");
  turn.effects.notes.push_back(
      {.kind = Note::Kind::kDamage,
       .text = "IDENTITY is unreadable: shard-0000 is set aside as " + aside});
  Submit(Step::kSetAside,
         {.verb = DiskVerb::kRename, .path = "shard-0000", .path2 = aside},
         turn);
}

void DataDirectory::Format(Turn& turn) {
  fresh_ = true;
  identity_ = {.storage = options_.fresh_storage,
               .cluster = {},
               .node_name = options_.node_name,
               .generation = GenerationBefore(turn.wall()),
               .index_seed = options_.fresh_index_seed,
               .boot_id = {}};
  if (identity_open_) return RaiseGeneration(turn);
  Submit(Step::kOpenIdentity,
         {.verb = DiskVerb::kOpen,
          .file = kIdentityFile,
          .create = true,
          .path = "IDENTITY"},
         turn);
}

void DataDirectory::RaiseGeneration(Turn& turn) {
  // The other slot may have been one start ahead: what it leased is skipped.
  const uint32_t ahead = slots_.one_damaged ? 1 : 0;
  identity_.first_seq = AlignUp(
      identity_.seq_lease + ahead * (kSeqLease + kSeqBlock) + 1, kSeqBlock);
  identity_.seq_lease = identity_.first_seq + kSeqLease;
  if (moved_) {
    turn.effects.Mark("storage.directory_moved");
    identity_.generation = std::max(
        identity_.generation, GenerationBefore(turn.wall()) + kHastyStarts);
  }
  identity_.generation += 1 + ahead;
  identity_.clean_stop = false;
  if (fresh_ || was_clean_) identity_.boot_id = options_.boot_id;
  if (fresh_) identity_.inode = inode_;
  WriteIdentity(turn);
}

void DataDirectory::WriteIdentity(Turn& turn) {
  ++identity_.revision;
  Submit(Step::kWriteIdentity,
         {.verb = DiskVerb::kWrite,
          .file = kIdentityFile,
          .offset = (identity_.revision % 2) * kIdentitySlotBytes,
          .data = {EncodeIdentitySlot(identity_, NextSalt())}},
         turn);
}

uint64_t DataDirectory::NextSalt() const {
  Hasher hasher;
  hasher.Add(identity_.index_seed.hi);
  hasher.Add(identity_.index_seed.lo);
  hasher.Add(identity_.revision);
  return hasher.Value();
}

// Before anything is written: RING may be of a newer format (DIR-3).
void DataDirectory::ReadRing(Turn& turn) {
  Submit(Step::kStatRing, {.verb = DiskVerb::kStat, .path = "RING"}, turn);
}

void DataDirectory::OpenIdentity(Turn& turn) {
  Submit(Step::kOpenIdentity,
         {.verb = DiskVerb::kOpen, .file = kIdentityFile, .path = "IDENTITY"},
         turn);
}

void DataDirectory::FinishOpen(Turn& turn) {
  phase_ = Phase::kOpen;
  ring_unreadable_ = !identity_.cluster.IsZero() && !ring_.has_value();
  if (ring_unreadable_) {
    turn.effects.notes.push_back(
        {.kind = Note::Kind::kRootFileBad, .text = "RING"});
  }
  step_ = Step::kIdle;
  turn.effects.Mark("storage.directory_open");
  StartNextJob(turn);
}

Bytes DataDirectory::IdentityOfSnapshot() const {
  Identity copy = identity_;
  copy.snapshot_copy = true;
  copy.clean_stop = false;
  copy.revision = 0;
  return EncodeIdentitySlot(copy, NextSalt());
}

std::optional<Bytes> DataDirectory::RingOfSnapshot() const {
  if (!ring_.has_value()) return std::nullopt;
  return EncodeRingFile(identity_.storage, ring_->view(), NextSalt());
}

void DataDirectory::SaveRing(uint64_t token, ClusterId cluster, Bytes ring,
                             Turn& turn) {
  std::deque<Job>& line = waiting_.empty() ? jobs_ : waiting_;
  line.push_back({.kind = Job::Kind::kRing,
                  .token = token,
                  .cluster = cluster,
                  .ring = std::move(ring)});
  StartNextJob(turn);
}

void DataDirectory::SaveHlcHigh(uint64_t hlc_high, Turn& turn) {
  if (hlc_high <= identity_.hlc_high) return;
  // The first job may be under way with an older value; later ones are not.
  if (jobs_.size() > 1 && jobs_.back().kind == Job::Kind::kHlc) {
    jobs_.back().hlc_high = std::max(jobs_.back().hlc_high, hlc_high);
    return;
  }
  jobs_.push_back({.kind = Job::Kind::kHlc,
                   .cluster = {},
                   .ring = {},
                   .hlc_high = hlc_high});
  StartNextJob(turn);
}

void DataDirectory::MarkRecovered(Turn& turn) {
  if (!machine_restarted_ && !moved_ && !marked_doubtful_) return;
  jobs_.push_back({.kind = Job::Kind::kRecovered, .cluster = {}, .ring = {}});
  StartNextJob(turn);
}

void DataDirectory::MarkDoubtful(Turn& turn) {
  marked_doubtful_ = true;
  jobs_.push_back({.kind = Job::Kind::kDoubtful, .cluster = {}, .ring = {}});
  StartNextJob(turn);
}

void DataDirectory::MarkClean(uint64_t token, Turn& turn) {
  jobs_.push_back(
      {.kind = Job::Kind::kClean, .token = token, .cluster = {}, .ring = {}});
  StartNextJob(turn);
}

void DataDirectory::StartNextJob(Turn& turn) {
  if (phase_ != Phase::kOpen) return;
  if (step_ != Step::kIdle || jobs_.empty()) return;
  const Job& job = jobs_.front();
  switch (job.kind) {
    case Job::Kind::kRing:
      if (identity_.cluster == job.cluster) return WriteRing(turn);
      identity_.cluster = job.cluster;
      break;
    case Job::Kind::kHlc:
      identity_.hlc_high = std::max(identity_.hlc_high, job.hlc_high);
      break;
    case Job::Kind::kRecovered:
      identity_.boot_id = options_.boot_id;
      identity_.inode = inode_;
      identity_.snapshot_copy = false;
      break;
    case Job::Kind::kClean:
      identity_.clean_stop = true;
      break;
    case Job::Kind::kDoubtful:
      identity_.boot_id = {};  // No machine's.
      break;
  }
  WriteIdentity(turn);
}

void DataDirectory::OnSavingDone(const DiskDone& done, Turn& turn) {
  if (done.error == DiskError::kNoSpace && SavesRingFile(step_)) {
    return SetRingAside(turn);
  }
  const bool is_doubtful =
      !jobs_.empty() && jobs_.front().kind == Job::Kind::kDoubtful;
  if (done.error != DiskError::kNone && is_doubtful) {
    // It can be said nowhere.  The next save takes the same slot.
    --identity_.revision;
    return FinishJob(turn);
  }
  if (done.error != DiskError::kNone) {
    return FailStep(done.error);
  }
  switch (step_) {
    case Step::kWriteIdentity:
      if (done.count != kIdentitySlotBytes) {
        return FailShort("IDENTITY", done.count, kIdentitySlotBytes);
      }
      return Submit(Step::kSyncIdentity,
                    {.verb = DiskVerb::kSync, .file = kIdentityFile}, turn);
    case Step::kSyncIdentity:
      return OnIdentitySynced(turn);
    case Step::kOpenRingTmp: {
      Bytes file = EncodeRingFile(identity_.storage, jobs_.front().ring.view(),
                                  NextSalt());
      ring_file_bytes_ = file.size();
      return Submit(Step::kWriteRingTmp,
                    {.verb = DiskVerb::kWrite,
                     .file = kRingTmpFile,
                     .data = {std::move(file)}},
                    turn);
    }
    case Step::kWriteRingTmp:
      if (done.count != ring_file_bytes_) {
        return FailShort("RING.tmp", done.count, ring_file_bytes_);
      }
      return Submit(Step::kSyncRingTmp,
                    {.verb = DiskVerb::kSync, .file = kRingTmpFile}, turn);
    case Step::kSyncRingTmp:
      return Submit(Step::kCloseRingTmp,
                    {.verb = DiskVerb::kClose, .file = kRingTmpFile}, turn);
    case Step::kCloseRingTmp:
      return Submit(
          Step::kRenameRing,
          {.verb = DiskVerb::kRename, .path = "RING.tmp", .path2 = "RING"},
          turn);
    case Step::kRenameRing:
      return Submit(Step::kSyncDirAfterRing,
                    {.verb = DiskVerb::kSyncDir, .path = "."}, turn);
    case Step::kCloseRingForLack:
      step_ = Step::kIdle;
      return StartNextJob(turn);
    case Step::kSyncDirAfterRing:
      ring_ = jobs_.front().ring;
      ring_unreadable_ = false;
      return FinishJob(turn);
    default:
      ORRERY_UNREACHABLE("a step of opening while saving");
  }
}

void DataDirectory::OnIdentitySynced(Turn& turn) {
  durable_hlc_high_ = identity_.hlc_high;
  if (jobs_.front().kind == Job::Kind::kRing) return WriteRing(turn);
  FinishJob(turn);
}

void DataDirectory::WriteRing(Turn& turn) {
  // A longer RING.tmp of an interrupted save leaves bytes behind the payload;
  // its length names what counts.
  Submit(Step::kOpenRingTmp,
         {.verb = DiskVerb::kOpen,
          .file = kRingTmpFile,
          .create = true,
          .path = "RING.tmp"},
         turn);
}

void DataDirectory::FinishJob(Turn& turn) {
  const Job::Kind kind = jobs_.front().kind;
  if (kind == Job::Kind::kRing || kind == Job::Kind::kClean) {
    saved_.push_back(jobs_.front().token);
  }
  jobs_.pop_front();
  step_ = Step::kIdle;
  StartNextJob(turn);
}

bool DataDirectory::SavesRingFile(Step step) {
  return step == Step::kOpenRingTmp || step == Step::kWriteRingTmp ||
         step == Step::kSyncRingTmp || step == Step::kRenameRing ||
         step == Step::kSyncDirAfterRing;
}

// What is already in RING.tmp is written over when it is tried again.
void DataDirectory::SetRingAside(Turn& turn) {
  turn.effects.Mark("storage.ring_waits_for_space");
  no_space_ = true;
  waiting_.push_back(std::move(jobs_.front()));
  jobs_.pop_front();
  // Later rings stay behind it.
  for (Job& job : jobs_) {
    if (job.kind == Job::Kind::kRing) waiting_.push_back(std::move(job));
  }
  std::erase_if(jobs_,
                [](const Job& job) { return job.kind == Job::Kind::kRing; });
  turn.timers.Arm(TimerKind::kDirectoryRetry, {}, turn.now() + kRetryAfter);
  const bool is_open =
      step_ == Step::kWriteRingTmp || step_ == Step::kSyncRingTmp;
  if (is_open) {
    return Submit(Step::kCloseRingForLack,
                  {.verb = DiskVerb::kClose, .file = kRingTmpFile}, turn);
  }
  step_ = Step::kIdle;
  StartNextJob(turn);
}

void DataDirectory::OnRetry(Turn& turn) {
  for (Job& job : waiting_) jobs_.push_back(std::move(job));
  waiting_.clear();
  StartNextJob(turn);
}

// What a step is about, below the data directory, and what it does to it.
std::string_view DataDirectory::DeedOf(Step step) {
  switch (step) {
    case Step::kLock:
      return "LOCK cannot be opened";
    case Step::kStatRing:
    case Step::kOpenRing:
    case Step::kReadRing:
    case Step::kCloseRing:
      return "RING cannot be read";
    case Step::kOpenIdentity:
      return "IDENTITY cannot be opened";
    case Step::kReadIdentity:
    case Step::kStatIdentity:
      return "IDENTITY cannot be read";
    case Step::kLookForData:
      return "shard-0000 cannot be listed";
    case Step::kSetAside:
      return "shard-0000 cannot be renamed";
    case Step::kWriteIdentity:
    case Step::kSyncIdentity:
      return "IDENTITY cannot be written";
    case Step::kOpenRingTmp:
    case Step::kWriteRingTmp:
    case Step::kSyncRingTmp:
    case Step::kCloseRingTmp:
    case Step::kCloseRingForLack:
      return "RING.tmp cannot be written";
    case Step::kRenameRing:
      return "RING.tmp cannot be renamed to RING";
    case Step::kSyncDirAfterFormat:
    case Step::kSyncDirAfterRing:
      return "the data directory cannot be synced";
    case Step::kIdle:
      break;
  }
  ORRERY_UNREACHABLE("no step of a data directory");
}

void DataDirectory::FailStep(DiskError error) {
  Fail(std::string(DeedOf(step_)) + ": " + std::string(WordsOf(error)), 1);
}

void DataDirectory::FailShort(std::string_view file, uint64_t count,
                              uint64_t wanted) {
  Fail(std::string(file) + " cannot be written: the disk took " +
           std::to_string(count) + " of " + std::to_string(wanted) + " bytes",
       1);
}

void DataDirectory::Fail(std::string why, int exit_code) {
  phase_ = Phase::kFailed;
  failure_ = std::move(why);
  failure_exit_code_ = exit_code;
}

uint64_t DataDirectory::StateDigest() const {
  Hasher hasher;
  hasher.Add(uint64_t{static_cast<uint8_t>(phase_)});
  hasher.Add(uint64_t{static_cast<uint8_t>(step_)});
  hasher.Add(identity_.storage.hi);
  hasher.Add(identity_.revision);
  hasher.Add(identity_.hlc_high);
  hasher.Add(uint64_t{jobs_.size() + waiting_.size()});
  return hasher.Value();
}

}  // namespace orrery
