// tests/core/hint/hint_bench.h
//
// A stand-in's hints on a bench: a real hints store over a disk in memory, the
// log and the replayer, in a cluster of five that QuorumBench draws.  This
// node is the first stand-in of kKey.

#ifndef ORRERY_TESTS_CORE_HINT_HINT_BENCH_H_
#define ORRERY_TESTS_CORE_HINT_HINT_BENCH_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hint/hint_log.h"
#include "core/hint/hint_replayer.h"
#include "core/storage/space_governor.h"
#include "core/storage/store.h"
#include "tests/core/quorum/quorum_bench.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/support/passing_time.h"

namespace orrery {

class HintBench {
 public:
  explicit HintBench(uint64_t bytes_per_target_max = 1 << 20) {
    disk.set_in_order(true);
    cluster.options.limits.hint_bytes_per_target_max = bytes_per_target_max;
    cluster.options.limits.key_segments = 4;
    cluster.options.limits.allocate_step = 16 << 10;
    cluster.BecomeNode(cluster.StandIn(0));
    Start();
  }

  // A new process over the same disk.
  void Start() {
    cluster.timers = TimerHeap{};
    cluster.effects.Clear();
    ++generation_;
    log.reset();
    store = std::make_unique<Store>(
        Store::Options{.id = StoreId::kHints,
                       .directory = "shard-0000/hints",
                       .max_file_bytes = 64 << 10,
                       .limits = cluster.options.limits,
                       .key_bytes_max = kKeyBytesMax + kHintKeyPrefixBytes},
        space);
    log.emplace(*store, cluster.options);
    replayer.emplace(HintReplayer::Wiring{.options = cluster.options,
                                          .routing = cluster.routing,
                                          .hints = *store,
                                          .log = *log});
    store->OpenFiles({.storage = {{.hi = 1, .lo = 2}},
                      .generation = generation_,
                      .index_seed = {.hi = 5, .lo = 6},
                      .first_seq = uint64_t{generation_} << 32,
                      .fresh = generation_ == 1},
                     cluster.turn());
    Settle();
    replayer->OnOpen(cluster.turn());
    Settle();
  }

  void Settle() {
    while (true) {
      for (DiskEffect& effect : std::exchange(cluster.effects.disk, {})) {
        disk.Submit(std::move(effect));
      }
      if (!disk.IsIdle()) {
        store->OnDiskDone(disk.Perform(), cluster.turn());
      } else if (cluster.effects.more) {
        cluster.effects.more = false;
        store->OnTick(cluster.turn());
      } else if (!Drain()) {
        return;
      }
      Drain();
      log->CheckInvariants();
      replayer->CheckInvariants();
    }
  }

  // Lets time pass: timers fire, the disk works.
  void Advance(Duration by) {
    PassTime(
        cluster.timers, cluster.turn().at.mono, by,
        [&](const TimerHeap::Due& due) {
          const bool is_replayers = due.kind == TimerKind::kHintReplay ||
                                    due.kind == TimerKind::kHintAnswer;
          if (is_replayers) {
            replayer->OnTimer(due, cluster.turn());
          } else {
            store->OnTimer(due, cluster.turn());
          }
        },
        [&] { Settle(); });
  }

  HintStored Add(const Owner& target, const Object& object,
                 bool counted = false, std::string_view key = kKey) {
    StartAdd(target, object, counted, key);
    Settle();
    const HintStored outcome = stored.back();
    stored.clear();
    return outcome;
  }
  void StartAdd(const Owner& target, const Object& object, bool counted = false,
                std::string_view key = kKey) {
    log->Keep({.ticket = {TicketOwner::kPeerRequest, next_ticket_++, {}},
               .target = target.node,
               .storage = target.storage,
               .key = std::string(key),
               .object = object,
               .counted = counted},
              cluster.turn());
  }

  // Answers the latest replay that `from` was sent.
  void Acknowledge(const Owner& from,
                   ReplicaStatus status = ReplicaStatus::kOk) {
    const auto puts = cluster.SentTo<ReplicaPut>(from);
    Answer(from, puts.back().request, status);
  }
  void Answer(const Owner& from, Handle request, ReplicaStatus status) {
    Hear(from, request, status);
    Settle();
  }
  void Hear(const Owner& from, Handle request, ReplicaStatus status) {
    PeerMessage message{
        .body = ReplicaPutAck{.request = request, .status = status}};
    message.envelope.from = from.node;
    message.envelope.storage = from.storage;
    replayer->OnPeerMessage(message, cluster.turn());
  }

  void Return(const Owner& owner) {
    cluster.SetState(owner.node, MemberState::kAlive);
    replayer->OnRoutingChanged(cluster.turn());
    Settle();
  }

  HintRead Read(std::string_view key) {
    log->reader().Read({TicketOwner::kPeerRequest, 1, {}}, cluster.owners, key,
                       cluster.turn());
    Settle();
    return log->reader().TakeReads().at(0);
  }

  EngineCounters Counters() const {
    EngineCounters counters;
    log->FillCounters(&counters);
    return counters;
  }

  QuorumBench cluster{5};
  MemoryDisk disk{1};
  SpaceGovernor space{{.max_file_bytes = 64 << 10}};
  std::unique_ptr<Store> store;
  std::optional<HintLog> log;
  std::optional<HintReplayer> replayer;
  std::vector<HintStored> stored;

 private:
  bool Drain() {
    bool any = false;
    for (const StoreReply& reply : store->TakeReplies()) {
      any = true;
      if (reply.ticket.owner == TicketOwner::kHintLog) {
        log->OnStoreReply(reply, cluster.turn());
      } else {
        replayer->OnStoreReply(reply, cluster.turn());
      }
    }
    store->TakeChanges();
    for (const HintStored& outcome : log->TakeStored()) {
      any = true;
      stored.push_back(outcome);
    }
    return any;
  }

  uint32_t generation_ = 0;
  uint32_t next_ticket_ = 1;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_HINT_HINT_BENCH_H_
