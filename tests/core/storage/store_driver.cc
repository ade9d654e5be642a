#include "tests/core/storage/store_driver.h"

#include <algorithm>
#include <utility>

#include "core/base/invariant.h"
#include "core/storage/manifest.h"
#include "tests/support/passing_time.h"

namespace orrery {

void StoreDriver::Start(bool machine_restarted) {
  ++generation_;
  space_ = std::make_unique<SpaceGovernor>(SpaceGovernor::Options{
      .max_file_bytes = options_.max_file_bytes,
      .reserve_slack_bytes = options_.limits.reserve_slack_bytes});
  store_ = std::make_unique<Store>(options_, *space_);
  timers_ = TimerHeap();
  more_ = false;
  replies_.clear();
  Store::Open open = open_;
  open.generation = generation_;
  open.first_seq = std::max(open.first_seq, uint64_t{generation_} << 32);
  open.machine_restarted = machine_restarted;
  open.fresh = generation_ == 1;
  open.was_clean = std::exchange(was_clean_, false);
  Do([&](Turn& turn) { store_->OpenFiles(open, turn); });
}

void StoreDriver::StopCleanly() {
  Do([&](Turn& turn) { store_->Close(turn); });
  Settle();
  ORRERY_INVARIANT(store_->IsClosed());
  disk_.CrashProcess();
  was_clean_ = store_->IsClean();
}

void StoreDriver::StartAndRecover(bool machine_restarted) {
  Start(machine_restarted);
  while (!store_->IsOpen() && !store_->IsFailed()) {
    ORRERY_INVARIANT(RunOne());
  }
}

bool StoreDriver::RunOne() {
  if (more_) {
    more_ = false;
    Do([&](Turn& turn) { store_->OnTick(turn); });
    return true;
  }
  if (disk_.IsIdle()) return false;
  const DiskDone done = disk_.Perform();
  Do([&](Turn& turn) {
    if (done.token.owner == DiskOwner::kReserve) {
      space_->OnDiskDone(done, turn);
    } else {
      store_->OnDiskDone(done, turn);
    }
  });
  return true;
}

void StoreDriver::Settle() {
  while (RunOne()) {
  }
}

void StoreDriver::Advance(Duration duration) {
  PassTime(
      timers_, now_, duration,
      [&](const TimerHeap::Due& due) {
        Do([&](Turn& turn) {
          if (due.kind == TimerKind::kSpaceLook) {
            space_->OnTimer(turn);
          } else {
            store_->OnTimer(due, turn);
          }
        });
      },
      [&] { Settle(); });
}

uint32_t StoreDriver::PutWith(StorePut put) {
  const uint32_t ticket = next_ticket_++;
  put.ticket = {.part = ticket, .handle = {}};
  put.digest = 1000 + ticket;
  if (put.timestamp == 0) {
    put.timestamp = 1'700'000'000'000'000'000 + ticket;
  }
  Do([&](Turn& turn) { store_->Put(std::move(put), turn); });
  return ticket;
}

uint32_t StoreDriver::Put(std::string key, std::string value, bool must_sync) {
  return PutWith({.ticket = {},
                  .key = std::move(key),
                  .meta = Bytes::CopyOf("meta"),
                  .value = Bytes::CopyOf(value),
                  .must_sync = must_sync});
}

uint32_t StoreDriver::Delete(std::string key) {
  return PutWith({.ticket = {},
                  .key = std::move(key),
                  .meta = Bytes::CopyOf("gone"),
                  .value = {},
                  .deleted = true});
}

uint32_t StoreDriver::Get(std::string_view key) {
  const uint32_t ticket = next_ticket_++;
  Do([&](Turn& turn) {
    store_->Get({.part = ticket, .handle = {}}, key, turn);
  });
  return ticket;
}

std::vector<StoreReply> StoreDriver::TakeReplies() {
  std::vector<StoreReply> taken = std::exchange(replies_, {});
  for (StoreReply& reply : store_->TakeReplies()) {
    taken.push_back(std::move(reply));
  }
  return taken;
}

std::optional<StoreReply> StoreDriver::TryReply(uint32_t ticket) {
  for (StoreReply& reply : store_->TakeReplies()) {
    replies_.push_back(std::move(reply));
  }
  for (size_t i = 0; i < replies_.size(); ++i) {
    if (replies_[i].ticket.part != ticket) continue;
    StoreReply reply = replies_[i];
    replies_.erase(replies_.begin() + static_cast<ptrdiff_t>(i));
    return reply;
  }
  return std::nullopt;
}

StoreReply StoreDriver::ReplyTo(uint32_t ticket) {
  std::optional<StoreReply> reply = TryReply(ticket);
  while (!reply.has_value() && RunOne()) reply = TryReply(ticket);
  ORRERY_INVARIANT(reply.has_value());
  return *reply;
}

std::string StoreDriver::ValueOf(std::string_view key) {
  const StoreReply reply = ReplyTo(Get(key));
  switch (reply.status) {
    case StoreStatus::kOk:
      return std::string(reply.value.text());
    case StoreStatus::kNotFound:
      return "-";
    case StoreStatus::kDeleted:
      return "x";
    case StoreStatus::kCorrupt:
      return "!";
    default:
      return "?";
  }
}

bool StoreDriver::SawMark(std::string_view mark) const {
  return std::find(marks_.begin(), marks_.end(), mark) != marks_.end();
}

size_t StoreDriver::CountNotes(Note::Kind kind) const {
  return static_cast<size_t>(
      std::count_if(notes_.begin(), notes_.end(),
                    [kind](const Note& note) { return note.kind == kind; }));
}

bool StoreDriver::SawManifestLost() const {
  return std::any_of(notes_.begin(), notes_.end(), [](const Note& note) {
    return note.kind == Note::Kind::kSuspect &&
           note.number == static_cast<uint64_t>(SuspectReason::kManifestLost);
  });
}

}  // namespace orrery
