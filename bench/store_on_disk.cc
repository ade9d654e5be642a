#include "bench/store_on_disk.h"

#include <chrono>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/raw_file.h"

namespace orrery::bench {
namespace {

constexpr uint64_t kFirstStamp = 1'700'000'000'000'000'000;
// What a node's version vectors come to for a key with one writer.
constexpr std::string_view kMeta = "0123456789abcdef01234567";

}  // namespace

StoreOnDisk::StoreOnDisk(std::string directory, const Store::Options& options)
    : directory_(std::move(directory)), options_(options) {}

StoreOnDisk::~StoreOnDisk() = default;

void StoreOnDisk::Do(const std::function<void(orrery::Turn&)>& action) {
  effects_.Clear();
  orrery::Turn turn{{{NowNs()}, WallTime{NowNs()}}, effects_, timers_};
  action(turn);
  for (DiskEffect& effect : effects_.disk) Submit(std::move(effect));
  (void)store_->TakeChanges();  // Whose reader is not here.
  more_ = more_ || effects_.more;
}

void StoreOnDisk::Submit(DiskEffect effect) {
  if (effect.verb == DiskVerb::kRead) ++effort_.reads;
  if (effect.verb == DiskVerb::kSync) ++effort_.syncs;
  if (effect.verb == DiskVerb::kWrite) {
    ++effort_.writes;
    for (const Bytes& part : effect.data) effort_.bytes_written += part.size();
  }
  disk_->Submit(std::move(effect));
}

void StoreOnDisk::Start() {
  store_.reset();
  disk_.reset();
  timers_ = TimerHeap();
  more_ = false;
  ++generation_;
  auto disk =
      FileDisk::Open(loop_, {.directory = directory_}, [this](DiskDone done) {
        Do([&](orrery::Turn& turn) { store_->OnDiskDone(done, turn); });
      });
  if (!disk.ok()) Fail(std::string(disk.status().message()));
  disk_ = std::move(*disk);
  // Never started: it believes that there is space.
  space_ = std::make_unique<SpaceGovernor>(SpaceGovernor::Options{
      .max_file_bytes = options_.max_file_bytes});
  store_ = std::make_unique<Store>(options_, *space_);
  Do([&](orrery::Turn& turn) {
    store_->OpenFiles({.storage = {{7, 9}},
                       .generation = generation_,
                       .index_seed = {0x1234, 0x5678},
                       .first_seq = uint64_t{generation_} << 44,
                       .fresh = generation_ == 1},
                      turn);
  });
  while (!store_->IsOpen()) {
    if (store_->IsFailed()) Fail(absl::StrCat("open: ", store_->failure()));
    Turn();
  }
}

void StoreOnDisk::Stop() {
  Do([&](orrery::Turn& turn) { store_->Close(turn); });
  while (!store_->IsClosed()) Turn();
  if (!store_->IsClean()) Fail("the store did not close cleanly");
  store_.reset();
  disk_.reset();
}

void StoreOnDisk::Put(uint32_t ticket, std::string key, Bytes value) {
  static const Bytes meta = Bytes::CopyOf(kMeta);
  Do([&](orrery::Turn& turn) {
    store_->Put({.ticket = {.part = ticket, .handle = {}},
                 .key = std::move(key),
                 .digest = uint64_t{ticket} * 2 + 1,
                 .meta = meta,
                 .value = std::move(value),
                 .timestamp = kFirstStamp + ticket},
                turn);
  });
}

void StoreOnDisk::Get(uint32_t ticket, std::string_view key) {
  Do([&](orrery::Turn& turn) {
    store_->Get({.part = ticket, .handle = {}}, key, turn);
  });
}

void StoreOnDisk::Compact() {
  Do([&](orrery::Turn& turn) { store_->Compact(turn); });
}

void StoreOnDisk::RunTimers() {
  while (const auto due = timers_.PopDue({NowNs()})) {
    Do([&](orrery::Turn& turn) { store_->OnTimer(*due, turn); });
  }
}

void StoreOnDisk::Turn() {
  RunTimers();
  if (std::exchange(more_, false)) {
    Do([&](orrery::Turn& turn) { store_->OnTick(turn); });
  }
  if (loop_.poll() > 0 || more_) return;
  const auto deadline = timers_.NextDeadline();
  if (!deadline.has_value()) {
    loop_.run_one();
    return;
  }
  const int64_t wait_ns = std::max<int64_t>(0, deadline->ns - NowNs());
  loop_.run_one_for(std::chrono::nanoseconds(wait_ns));
}

void StoreOnDisk::Settle() {
  while (!store_->IsIdle() || disk_->in_flight() > 0) Turn();
}

void StoreOnDisk::CompactAll() {
  do {
    Compact();
    while (store_->IsCompacting()) Turn();
    Settle();
    Compact();
  } while (store_->IsCompacting());
}

std::vector<std::string> StoreOnDisk::DataFiles() const {
  return FilesIn(directory_, ".data");
}

void RunPuts(StoreOnDisk& store, const PutLoad& load, PutTimes* times) {
  std::vector<int64_t> begun(load.count);
  std::deque<uint32_t> again;  // Refused for now.
  uint64_t next = 0;
  uint64_t answered = 0;
  while (answered < load.count) {
    const int64_t now = NowNs();
    const int64_t cpu_ns = ThreadCpuNs();
    const auto put = [&](uint32_t i) {
      store.Put(i, load.key(i), load.value(i));
    };
    for (size_t n = again.size(); n > 0; --n) {
      const uint32_t i = again.front();
      again.pop_front();
      put(i);
    }
    while (next < load.count && next - answered < load.window) {
      begun[next] = now;
      put(static_cast<uint32_t>(next++));
    }
    store.Turn();
    const int64_t then = NowNs();
    if (times != nullptr) times->turns.Add(ThreadCpuNs() - cpu_ns);
    for (const StoreReply& reply : store.TakeReplies()) {
      const uint32_t i = reply.ticket.part;
      if (reply.status == StoreStatus::kBusy) {
        again.push_back(i);
        continue;
      }
      if (reply.status != StoreStatus::kOk) Fail("a put was refused");
      ++answered;
      if (times != nullptr) times->waits.Add(then - begun[i]);
    }
  }
}

}  // namespace orrery::bench
