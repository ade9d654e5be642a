#include "tests/core/storage/directory_driver.h"

#include <algorithm>
#include <utility>

#include "core/base/invariant.h"
#include "tests/core/storage/store_driver.h"
#include "tests/support/passing_time.h"

namespace orrery {

void DirectoryDriver::Start(uint64_t boot) {
  const auto store = [this](StoreId id) {
    Store::Options options = SmallStore();
    options.id = id;
    options.directory =
        id == StoreId::kUser ? "shard-0000" : "shard-0000/hints";
    options.sync_writes = options_.sync_writes;
    options.max_file_bytes = options_.max_file_bytes;
    options.compact_interval = 2 * kSecond;
    return std::make_unique<Store>(options, *space_);
  };
  directory_ = std::make_unique<DataDirectory>();
  space_ = std::make_unique<SpaceGovernor>(
      SpaceGovernor::Options{.max_file_bytes = options_.max_file_bytes});
  user_store_ = store(StoreId::kUser);
  hint_store_ = store(StoreId::kHints);
  snapshots_ =
      std::make_unique<SnapshotJob>(*directory_, *user_store_, *hint_store_);
  are_opening_ = false;
  has_recovered_ = false;
  has_noted_ = false;
  timers_ = TimerHeap();
  more_ = false;
  answers_.clear();
  reports_.clear();
  Do([&](Turn& turn) {
    directory_->Open({.node_name = "n1",
                      .fresh_storage = {{11, 22}},
                      .fresh_index_seed = {33, 44},
                      .boot_id = {0, boot}},
                     turn);
  });
}

void DirectoryDriver::StartAndSettle(uint64_t boot) {
  Start(boot);
  Settle();
}

bool DirectoryDriver::IsOpen() const { return has_recovered_; }

void DirectoryDriver::Boot(Turn& turn) {
  if (directory_->phase() != DataDirectory::Phase::kOpen) return;
  if (!are_opening_) {
    are_opening_ = true;
    const Identity& identity = directory_->identity();
    Store::Open open{.storage = identity.storage,
                     .generation = identity.generation,
                     .index_seed = identity.index_seed,
                     .first_seq = identity.first_seq,
                     .machine_restarted = directory_->machine_restarted(),
                     .fresh = directory_->fresh(),
                     .moved = directory_->moved(),
                     .was_clean = directory_->was_clean()};
    user_store_->OpenFiles(open, turn);
    open.first_seq += uint64_t{1} << 31;
    hint_store_->OpenFiles(open, turn);
  }
  if (!user_store_->IsOpen() || !hint_store_->IsOpen()) return;
  if (!std::exchange(has_recovered_, true)) snapshots_->OnRecovered(turn);
  if (has_noted_) return;
  has_noted_ =
      user_store_->HasNotedRecovery() && hint_store_->HasNotedRecovery();
  if (has_noted_) directory_->MarkRecovered(turn);
}

void DirectoryDriver::AfterStep(Turn& turn) {
  while (space_->TakeNews()) {
    user_store_->OnSpace(turn);
    hint_store_->OnSpace(turn);
  }
  Boot(turn);
  snapshots_->Advance(turn);
  for (SnapshotJob::Report& report : snapshots_->TakeReports()) {
    reports_.push_back(std::move(report));
  }
  for (Store* store : {user_store_.get(), hint_store_.get()}) {
    for (StoreReply& reply : store->TakeReplies()) {
      answers_[reply.ticket.part] = {reply.status,
                                     std::string(reply.value.text())};
    }
    store->TakeChanges();
    store->CheckInvariants();
  }
}

bool DirectoryDriver::RunOne() {
  if (more_) {
    more_ = false;
    Do([&](Turn& turn) {
      user_store_->OnTick(turn);
      hint_store_->OnTick(turn);
    });
    return true;
  }
  if (disk_.IsIdle()) return false;
  const DiskDone done = disk_.Perform();
  Do([&](Turn& turn) {
    switch (done.token.owner) {
      case DiskOwner::kUserStore:
        return user_store_->OnDiskDone(done, turn);
      case DiskOwner::kHintStore:
        return hint_store_->OnDiskDone(done, turn);
      case DiskOwner::kSnapshot:
        return snapshots_->OnDiskDone(done, turn);
      case DiskOwner::kReserve:
        return space_->OnDiskDone(done, turn);
      case DiskOwner::kBoot:
      case DiskOwner::kIdentity:
      case DiskOwner::kRing:
        return directory_->OnDiskDone(done, turn);
      case DiskOwner::kNone:
        break;
    }
    ORRERY_UNREACHABLE("a completion nobody asked for");
  });
  return true;
}

void DirectoryDriver::Settle() {
  while (RunOne()) {
  }
}

void DirectoryDriver::Advance(Duration duration) {
  PassTime(
      timers_, now_, duration,
      [&](const TimerHeap::Due& due) {
        Do([&](Turn& turn) {
          if (due.kind == TimerKind::kDirectoryRetry) {
            return directory_->OnRetry(turn);
          }
          if (due.kind == TimerKind::kSpaceLook) return space_->OnTimer(turn);
          store(static_cast<StoreId>(due.handle.slot)).OnTimer(due, turn);
        });
      },
      [&] { Settle(); });
}

uint32_t DirectoryDriver::Issue(StorePut put, StoreId id) {
  const uint32_t ticket = next_ticket_++;
  put.ticket = {.part = ticket, .handle = {}};
  put.digest = 1000 + ticket;
  put.timestamp = 1'700'000'000'000'000'000 + ticket;
  Do([&](Turn& turn) { store(id).Put(std::move(put), turn); });
  return ticket;
}

uint32_t DirectoryDriver::Put(std::string key, std::string value, StoreId id) {
  return Issue({.ticket = {},
                .key = std::move(key),
                .meta = Bytes::CopyOf("meta"),
                .value = Bytes::CopyOf(value)},
               id);
}

uint32_t DirectoryDriver::Delete(std::string key, StoreId id) {
  return Issue({.ticket = {},
                .key = std::move(key),
                .meta = Bytes::CopyOf("gone"),
                .value = {},
                .deleted = true},
               id);
}

bool DirectoryDriver::IsAnswered(uint32_t ticket) const {
  const auto found = answers_.find(ticket);
  return found != answers_.end() && found->second.status == StoreStatus::kOk;
}

void DirectoryDriver::Compact() {
  Do([&](Turn& turn) { user_store_->Compact(turn); });
}

void DirectoryDriver::SaveRing(const std::string& ring) {
  Do([&](Turn& turn) {
    directory_->SaveRing(1, {{0, 9}}, Bytes::CopyOf(ring), turn);
  });
  Settle();
}

DirectoryDriver::Content DirectoryDriver::Read(
    const std::vector<std::string>& keys, StoreId id) {
  Content content;
  for (const std::string& key : keys) {
    const uint32_t ticket = next_ticket_++;
    Do([&](Turn& turn) {
      store(id).Get({.part = ticket, .handle = {}}, key, turn);
    });
    while (!answers_.contains(ticket)) ORRERY_INVARIANT(RunOne());
    const Answer& answer = answers_.at(ticket);
    switch (answer.status) {
      case StoreStatus::kOk:
        content[key] = answer.value;
        break;
      case StoreStatus::kNotFound:
        content[key] = "-";
        break;
      case StoreStatus::kDeleted:
        content[key] = "x";
        break;
      default:
        content[key] = "!";
    }
  }
  return content;
}

void DirectoryDriver::Take(std::string_view name) {
  Do([&](Turn& turn) { snapshots_->Take({7, 1}, name, turn); });
}

SnapshotJob::Report DirectoryDriver::TakeAndSettle(std::string_view name) {
  Take(name);
  Settle();
  ORRERY_INVARIANT(!reports_.empty());
  return reports_.back();
}

bool DirectoryDriver::SawMark(std::string_view mark) const {
  return std::find(marks_.begin(), marks_.end(), mark) != marks_.end();
}

}  // namespace orrery
