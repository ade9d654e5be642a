#include "core/storage/store.h"

#include <algorithm>
#include <utility>

#include "core/base/hash.h"
#include "core/base/invariant.h"
#include "core/storage/store_parts.h"

namespace orrery {

namespace {

StoreReply Plain(const Ticket& ticket, StoreStatus status, bool suspect) {
  return {.ticket = ticket,
          .status = status,
          .suspect = suspect,
          .meta = {},
          .value = {},
          .key = {},
          .position = {}};
}

StoreTold::Asker AskerOf(const Ticket& ticket) {
  return {static_cast<uint32_t>(ticket.owner), ticket.part, ticket.handle};
}

}  // namespace

Store::Store(const Options& options, SpaceGovernor& space)
    : parts_(std::make_unique<StoreParts>(options, space)),
      changes_(parts_->context.changes),
      replies_(parts_->context.replies) {
  ORRERY_INVARIANT(options.max_file_bytes >= 8192);
}

Store::~Store() = default;

void Store::OpenFiles(const Open& open, Turn& turn) {
  parts_->context.open = open;
  parts_->recovery.Start(turn);
}

bool Store::IsOpen() const { return parts_->is_open; }

const std::string& Store::directory() const {
  return parts_->context.disk.directory();
}

bool Store::HasNotedRecovery() const { return parts_->manifest.IsStarted(); }

bool Store::HidesDoubt() const { return parts_->manifest.HidesDoubt(); }

bool Store::IsFailed() const { return parts_->IsFailed(); }
std::string Store::failure() const { return parts_->recovery.failure(); }
int Store::failure_exit_code() const {
  return parts_->recovery.IsRefused() ? 2 : 1;
}
bool Store::IsStalled() const { return parts_->writer.IsStalled(); }

bool Store::IsSuspect() const { return parts_->is_suspect; }
void Store::ClearSuspect(Turn& turn) { parts_->ClearSuspect(turn); }

bool Store::HasKeysInDoubt() const { return !parts_->context.lost.empty(); }

uint64_t Store::losses() const { return parts_->context.losses; }

void Store::EndKeyDoubts(Turn& turn) { parts_->EndKeyDoubts(turn); }

bool Store::IsReadOnly() const {
  return parts_->writer.IsReadOnly() || parts_->writer.IsFull() ||
         parts_->context.space.IsFull();
}

void Store::Put(StorePut put, Turn& turn) {
  ORRERY_INVARIANT(IsOpen());
  if (parts_->context.options.tells) TellPut(put, turn);
  parts_->writer.Put(std::move(put), turn);
}

void Store::Get(const Ticket& ticket, std::string_view key, Turn& turn) {
  StoreParts& parts = *parts_;
  ORRERY_INVARIANT(IsOpen());
  if (parts.context.options.tells) {
    turn.effects.told.push_back({.kind = StoreTold::Kind::kGet,
                                 .store = parts.context.options.id,
                                 .asker = AskerOf(ticket),
                                 .key = std::string(key)});
  }
  IndexEntry entry;
  if (!parts.index.Find(parts.context.HashOf(key), &entry)) {
    ++parts.context.counters.total_reads;
    parts.context.replies.push_back(
        Plain(ticket, StoreStatus::kNotFound, parts.is_suspect));
    return;
  }
  ReadEntry(ticket, entry, key, turn);
}

void Store::GetAt(const Ticket& ticket, uint64_t token, uint64_t digest,
                  Turn& turn) {
  ORRERY_INVARIANT(IsOpen());
  if (parts_->context.options.tells) {
    turn.effects.told.push_back({.kind = StoreTold::Kind::kGet,
                                 .store = parts_->context.options.id,
                                 .asker = AskerOf(ticket),
                                 .token = token,
                                 .digest = digest});
  }
  IndexEntry entry;
  if (!parts_->index.FindAt(token, digest, &entry)) {
    parts_->context.replies.push_back(
        Plain(ticket, StoreStatus::kNotFound, parts_->is_suspect));
    return;
  }
  ReadEntry(ticket, entry, {}, turn);
}

void Store::TellPut(const StorePut& put, Turn& turn) const {
  turn.effects.told.push_back({.kind = StoreTold::Kind::kPut,
                               .store = parts_->context.options.id,
                               .asker = AskerOf(put.ticket),
                               .key = put.key,
                               .token = parts_->context.HashOf(put.key).token,
                               .digest = put.digest,
                               .timestamp = put.timestamp,
                               .deleted = put.deleted,
                               .must_sync = put.must_sync,
                               .meta = put.meta,
                               .value = put.value});
}

void Store::TellAnswer(const StoreReply& reply, Turn& turn) const {
  if (!parts_->context.options.tells) return;
  turn.effects.told.push_back({.kind = StoreTold::Kind::kAnswer,
                               .store = parts_->context.options.id,
                               .asker = AskerOf(reply.ticket),
                               .status = static_cast<uint8_t>(reply.status),
                               .key = reply.key,
                               .digest = reply.digest,
                               .timestamp = reply.timestamp,
                               .seq = reply.seq,
                               .deleted = reply.deleted,
                               .meta = reply.meta,
                               .value = reply.value});
}

void Store::ReadEntry(const Ticket& ticket, const IndexEntry& entry,
                      std::string_view key, Turn& turn) {
  StoreParts& parts = *parts_;
  ++parts.context.counters.total_reads;
  const bool suspect = parts.is_suspect || entry.doubted;
  const uint64_t lost_stamp = entry.damaged || entry.doubted
                                  ? parts.context.LostStampOf(entry.hash)
                                  : 0;
  if (entry.damaged) {
    StoreReply reply = Plain(ticket, StoreStatus::kCorrupt, suspect);
    reply.lost_stamp = lost_stamp;
    parts.context.replies.push_back(std::move(reply));
    return;
  }
  const PendingRecord* record = parts.writer.Unsynced(entry);
  if (record == nullptr) {
    return parts.reader.Read({.ticket = ticket,
                              .entry = entry,
                              .key = std::string(key),
                              .suspect = suspect,
                              .lost_stamp = lost_stamp},
                             turn);
  }
  StoreReply reply = Plain(ticket, StoreStatus::kNotFound, suspect);
  if (key.empty() || key == record->key) {
    reply.status = record->deleted ? StoreStatus::kDeleted : StoreStatus::kOk;
    reply.seq = record->seq;
    reply.timestamp = record->timestamp;
    reply.lost_stamp = lost_stamp;
    reply.digest = record->digest;
    reply.deleted = record->deleted;
    reply.meta = record->meta;
    reply.value = record->value;
    if (key.empty()) reply.key = record->key;
  }
  parts.context.replies.push_back(std::move(reply));
}

Store::Peek Store::PeekEntry(std::string_view key) const {
  IndexEntry entry;
  if (!parts_->index.Find(parts_->context.HashOf(key), &entry)) return {};
  const bool votes = !entry.damaged && !entry.doubted;
  return {.kind = votes ? Peek::Kind::kEntry : Peek::Kind::kUnsure,
          .digest = entry.digest,
          .timestamp = entry.timestamp,
          .tombstone = entry.tombstone};
}

bool Store::IsDamaged(std::string_view key) const {
  IndexEntry entry;
  return parts_->index.Find(parts_->context.HashOf(key), &entry) &&
         entry.damaged;
}

bool Store::Walk(uint64_t after, uint64_t upto, size_t max,
                 std::vector<Entry>* out, uint64_t* next) const {
  std::vector<IndexEntry> found;
  uint64_t reached = after;
  const KeyIndex& index = parts_->index;
  bool is_done = true;
  if (after < upto) {
    is_done = index.Walk(after + 1, upto, max, &found, &reached);
  } else {
    if (after != UINT64_MAX) {
      is_done = index.Walk(after + 1, UINT64_MAX, max, &found, &reached);
    }
    const size_t rest = max - std::min(max, found.size());
    if (is_done) is_done = index.Walk(0, upto, rest, &found, &reached);
  }
  for (const IndexEntry& entry : found) {
    if (entry.damaged) continue;  // Others are to see that it is wanting.
    out->push_back({.token = entry.hash.token,
                    .digest = entry.digest,
                    .timestamp = entry.timestamp,
                    .tombstone = entry.tombstone,
                    .doubted = entry.doubted});
  }
  *next = is_done ? upto : reached;
  return is_done;
}

void Store::OnDiskDone(const DiskDone& done, Turn& turn) {
  parts_->OnDiskDone(done, turn);
}

void Store::FindValues(const DiskDone& done, FieldSaver::PartsOf parts_of,
                       std::vector<ByteSpan>* spans) const {
  if (!done.data.empty()) parts_->FindValues(done, parts_of, spans);
}

void Store::OnTimer(const TimerHeap::Due& due, Turn& turn) {
  StoreParts& parts = *parts_;
  switch (due.kind) {
    case TimerKind::kStoreSync:
      parts.writer.OnSyncTimer(turn);
      break;
    case TimerKind::kDiskWatch:
      parts.writer.OnDiskWatch(turn);
      break;
    case TimerKind::kWatermark:
      parts.writer.OnWatermarkTimer(turn);
      break;
    case TimerKind::kCompaction:
      parts.compaction.Check(turn);
      turn.timers.Arm(due.kind, due.handle,
                      turn.now() + parts.context.options.compact_interval);
      break;
    case TimerKind::kCompactionPace:
      parts.compaction.OnPaceTimer(turn);
      break;
    case TimerKind::kScrub:
      parts.scrubber.OnTimer(turn);
      break;
    case TimerKind::kSpace:
      parts.writer.OnHandleTimer(turn);
      break;
    default:
      ORRERY_UNREACHABLE("a timer of another room");
  }
  parts.Settle(turn);
}

void Store::OnTick(Turn& turn) {
  if (!parts_->is_open) {
    parts_->recovery.OnTick(turn);
    return parts_->Settle(turn);
  }
  parts_->writer.Pump(turn);
  parts_->compaction.OnTick(turn);
  parts_->scrubber.OnTick(turn);
  parts_->Settle(turn);
}

void Store::OnSpace(Turn& turn) {
  StoreParts& parts = *parts_;
  if (!parts.is_open) return;
  parts.manifest.Retry(turn);
  parts.writer.OnSpace(turn);
  parts.index_snapshots.Wake();
  const SpaceGovernor& space = parts.context.space;
  if (space.IsTight() || space.IsFull()) parts.compaction.Check(turn);
  if (space.IsFull() && parts.compaction.IsIdle()) {
    parts.writer.SealForRelief(turn);
    parts.manifest.RollForRelief(space.room_for_job(), turn);
  }
  parts.Settle(turn);
}

void Store::Compact(Turn& turn) {
  parts_->compaction.Check(turn);
  parts_->Settle(turn);
}

TaskAnswer Store::CompactAll(Turn& turn) {
  const TaskAnswer answer = parts_->compaction.CheckAll(turn);
  parts_->Settle(turn);
  return answer;
}

TaskAnswer Store::ScrubAll(Turn& turn) {
  const TaskAnswer answer = parts_->scrubber.CheckAll(turn);
  parts_->Settle(turn);
  return answer;
}

bool Store::IsCompacting() const { return !parts_->compaction.IsIdle(); }

void Store::MakeSnapshot(std::string directory, Turn& turn) {
  ORRERY_INVARIANT(IsOpen());
  parts_->snapshot.Begin(std::move(directory), turn);
  parts_->Settle(turn);
}

std::optional<StoreSnapshotResult> Store::TakeSnapshotResult() {
  return parts_->snapshot.TakeResult();
}

void Store::Close(Turn& turn) {
  parts_->scrubber.Stop();
  parts_->index_snapshots.Close();
  parts_->writer.Close(turn);
  parts_->Settle(turn);
}

bool Store::IsClosed() const { return parts_->writer.IsClosed(); }
bool Store::IsClean() const { return parts_->writer.IsClean(); }

bool Store::IsDurable(LogPosition position, Durability level) const {
  switch (level) {
    case Durability::kNone:
      return true;
    case Durability::kWritten:
      return position.value <= parts_->writer.written_position();
    case Durability::kSynced:
      return parts_->writer.IsDurable(position.value);
  }
  ORRERY_UNREACHABLE("a durability that does not exist");
}

StoreCounters Store::counters() const {
  const StoreParts& parts = *parts_;
  StoreCounters counters = parts.context.counters;
  parts.compaction.Count(&counters);
  parts.scrubber.Count(&counters);
  counters.active_keys = parts.index.live();
  counters.deleted_keys = parts.index.tombstones();
  counters.data_files = parts.files.size();
  counters.data_bytes = parts.files.total_bytes();
  counters.dead_bytes = parts.files.dead_bytes();
  for (const auto& [id, slot] : parts.files.by_id()) {
    const DataFile& file = parts.files.At(slot);
    if (file.damaged || file.shows_doubt) ++counters.damaged_files;
    if (parts.files.At(slot).pins > 0) ++counters.pinned_files;
  }
  counters.ranges_in_doubt = parts.is_suspect ? 1 : 0;
  counters.damaged_records = parts.DamagedRecords();
  return counters;
}

bool Store::IsIdle() const {
  return parts_->writer.IsIdle() && parts_->reader.IsIdle() &&
         parts_->compaction.IsIdle() && parts_->scrubber.IsIdle() &&
         parts_->snapshot.IsIdle() && parts_->index_snapshots.IsIdle() &&
         parts_->manifest.IsIdle();
}

uint64_t Store::StateDigest() const {
  Hasher hasher;
  hasher.Add(parts_->index.ContentHash());
  hasher.Add(parts_->index.live());
  hasher.Add(parts_->writer.StateDigest());
  hasher.Add(parts_->is_open);
  hasher.Add(parts_->is_suspect);
  hasher.Add(uint64_t{parts_->files.size()});
  hasher.Add(parts_->context.next_file_id);
  return hasher.Value();
}

void Store::CheckInvariants() const {
  parts_->writer.CheckInvariants();
  parts_->index.CheckInvariants();
}

void Store::Fields(FieldSaver& save) const { save(*parts_); }

void Store::Fields(FieldLoader& load) {
  load(*parts_);
  const KeyIndex& index = parts_->index;
  load.Require(index.live() + index.tombstones() == 0 ||
               parts_->files.HasSlot(index.file_slot_max()));
}

void Store::WatchTouches() { parts_->index.WatchTouches(); }

void Store::StopWatching() { parts_->index.StopWatching(); }

std::vector<IndexEntry>& Store::touched() { return parts_->index.touched(); }

bool Store::Reveal(const IndexEntry& entry) {
  return parts_->files.HasSlot(entry.address.file_slot()) &&
         parts_->index.Reveal(entry);
}

}  // namespace orrery
