#include "tests/transcripts/storage_bench.h"

#include <utility>

#include "tests/support/passing_time.h"
#include "tests/transcripts/wording.h"

namespace orrery::transcripts {

namespace {

// Seqs are written as generation.number: a process begins at its generation
// shifted by 32.
std::string SeqText(uint64_t seq) {
  return Cat(seq >> 32, ".", seq & UINT32_MAX);
}

std::string StoreNoteText(const Note& note) {
  std::string text(NameIn(kNoteNames, note.kind));
  switch (note.kind) {
    case Note::Kind::kRecovered:
      return Cat(text, " ", note.text);
    case Note::Kind::kTornTail:
      return Cat(text, " ", ShortPath(note.text), " cut ", note.number);
    case Note::Kind::kDamage:
      return Cat(text, " ", ShortPath(note.text), " at ", note.number);
    case Note::Kind::kSuspect:
      return Cat(text, note.detail == 1 ? " opened" : " cleared");
    case Note::Kind::kDiskError:
      return Cat(text, " ", ShortPath(note.text), " ",
                 NameIn(kDiskErrorNames, static_cast<DiskError>(note.detail)));
    case Note::Kind::kCompaction:
      return Cat(text, " freed ", note.number);
    default:
      return Cat(text, " ", note.text);
  }
}

}  // namespace

std::string ShortPath(std::string_view path) {
  const size_t slash = path.rfind('/');
  std::string name(slash == std::string_view::npos ? path
                                                   : path.substr(slash + 1));
  const size_t zeros = name.find("000");
  if (zeros == std::string::npos || name.starts_with("shard")) return name;
  const size_t digit = name.find_first_not_of('0', zeros);
  return name.erase(zeros, digit - zeros);
}

StorageBench::StorageBench(const Store::Options& options, uint64_t seed)
    : options_(options), disk_(seed) {
  disk_.set_in_order(true);
}

void StorageBench::Open(bool machine_restarted) {
  ++generation_;
  space_ = std::make_unique<SpaceGovernor>(
      SpaceGovernor::Options{.max_file_bytes = options_.max_file_bytes});
  store_ = std::make_unique<Store>(options_, *space_);
  timers_ = {};
  wants_tick_ = false;
  Do([&](Turn& turn) {
    store_->OpenFiles({.storage = {{.hi = 7, .lo = 9}},
                       .generation = generation_,
                       .index_seed = {.hi = 5, .lo = 6},
                       .first_seq = uint64_t{generation_} << 32,
                       .machine_restarted = machine_restarted,
                       .fresh = generation_ == 1},
                      turn);
  });
  while (!store_->IsOpen() && !store_->IsFailed()) {
    if (!CompleteOne()) Tick();
  }
}

void StorageBench::Crash() {
  disk_.CrashProcess();
  EndProcess();
}

void StorageBench::LosePower() {
  disk_.LosePower();
  EndProcess();
}

void StorageBench::EndProcess() {
  store_.reset();
  in_flight_.clear();
  file_names_.clear();
}

uint64_t StorageBench::Put(StorePut put) {
  const uint32_t ticket = next_ticket_++;
  put.ticket.part = ticket;
  put.digest = 1000 + ticket;
  if (put.timestamp == 0) {
    put.timestamp = 1'700'000'000'000'000'000 + ticket;
  }
  Do([&](Turn& turn) { store_->Put(std::move(put), turn); });
  return ticket;
}

uint64_t StorageBench::Get(std::string_view key) {
  const uint32_t ticket = next_ticket_++;
  Do([&](Turn& turn) { store_->Get({.part = ticket}, key, turn); });
  return ticket;
}

void StorageBench::Tick() {
  wants_tick_ = false;
  Do([&](Turn& turn) { store_->OnTick(turn); });
}

bool StorageBench::CompleteOne() {
  if (disk_.IsIdle()) return false;
  const DiskDone done = disk_.Perform();
  std::string line = "done " + in_flight_.front();
  in_flight_.pop_front();
  if (done.error != DiskError::kNone) {
    line += Cat(" error ", NameIn(kDiskErrorNames, done.error));
  }
  Say(std::move(line));
  Do([&](Turn& turn) { store_->OnDiskDone(done, turn); });
  return true;
}

void StorageBench::Settle() {
  while (true) {
    if (wants_tick_) {
      Tick();
    } else if (!CompleteOne()) {
      return;
    }
  }
}

void StorageBench::Advance(Duration time) {
  PassTime(
      timers_, now_, time,
      [&](const TimerHeap::Due& due) {
        Do([&](Turn& turn) { store_->OnTimer(due, turn); });
      },
      [&] { Settle(); });
}

void StorageBench::Compact() {
  Do([&](Turn& turn) { store_->Compact(turn); });
}

void StorageBench::Close() {
  Do([&](Turn& turn) { store_->Close(turn); });
}

void StorageBench::ClearSuspect() {
  Do([&](Turn& turn) { store_->ClearSuspect(turn); });
}

Lines StorageBench::TakeLines() { return std::exchange(lines_, {}); }

template <typename Action>
void StorageBench::Do(const Action& action) {
  Effects effects;
  Turn turn{{now_, WallTime{now_.ns}}, effects, timers_};
  action(turn);
  store_->CheckInvariants();
  for (DiskEffect& effect : effects.disk) {
    std::string text = OperationText(effect);
    Say("disk " + text);
    in_flight_.push_back(std::move(text));
    disk_.Submit(std::move(effect));
  }
  for (const StoreReply& reply : store_->TakeReplies()) SayReply(reply);
  for (const std::string_view mark : effects.marks) Say(Cat("mark ", mark));
  for (const Note& note : effects.notes) Say("note " + StoreNoteText(note));
  wants_tick_ |= effects.more;
  store_->TakeChanges();
}

void StorageBench::SayReply(const StoreReply& reply) {
  std::string line = Cat("reply ", reply.ticket.part, " ",
                         NameIn(kStoreStatusNames, reply.status));
  if (!reply.value.empty()) line += " " + ValueText(reply.value.text());
  if (reply.seq != 0) line += " seq " + SeqText(reply.seq);
  if (reply.durability != Durability::kNone) {
    line += Cat(" ", NameIn(kDurabilityNames, reply.durability), " upto ",
                reply.position.value);
  }
  if (reply.suspect) line += " in doubt";
  Say(std::move(line));
}

std::string StorageBench::FileName(const DiskEffect& effect) {
  if (!effect.path.empty()) {
    std::string name = ShortPath(effect.path);
    if (effect.verb == DiskVerb::kOpen) file_names_[effect.file.value] = name;
    if (effect.verb == DiskVerb::kRename) {
      for (auto& [number, open] : file_names_) {
        if (open == name) open = ShortPath(effect.path2);
      }
    }
    return name;
  }
  return file_names_[effect.file.value];
}

std::string StorageBench::OperationText(const DiskEffect& effect) {
  std::string text =
      Cat(NameIn(kDiskVerbNames, effect.verb), " ", FileName(effect));
  if (!effect.path2.empty()) text += " to " + ShortPath(effect.path2);
  uint64_t bytes = effect.length;
  for (const Bytes& part : effect.data) bytes += part.size();
  if (effect.verb == DiskVerb::kTruncate) return Cat(text, " to ", bytes);
  if (bytes != 0) text += Cat(" at ", effect.offset, " bytes ", bytes);
  return text;
}

}  // namespace orrery::transcripts
