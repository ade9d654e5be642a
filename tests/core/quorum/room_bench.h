// tests/core/quorum/room_bench.h
//
// One node's CoordinatorRoom over its real stores, which work at once on a
// disk in memory.  Peers are played by hand.

#ifndef ORRERY_TESTS_CORE_QUORUM_ROOM_BENCH_H_
#define ORRERY_TESTS_CORE_QUORUM_ROOM_BENCH_H_

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/hint/hint_log.h"
#include "core/quorum/coordinator_room.h"
#include "core/replica/replica_reader.h"
#include "core/replica/replica_writer.h"
#include "core/storage/space_governor.h"
#include "core/storage/store.h"
#include "tests/core/quorum/quorum_bench.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/support/passing_time.h"

namespace orrery {

class RoomBench {
 public:
  explicit RoomBench(uint32_t nodes, uint32_t requests_max = 64)
      : cluster(nodes, 3, LimitsOf(requests_max)) {
    disk.set_in_order(true);
    OpenStore(user_store, 1);
    OpenStore(hint_store, uint64_t{1} << 32);
    writer.SetActor(ActorOf(1));
    room.SetCluster(kTestCluster);
    room.SetOperationSeed(1);
    cluster.effects.Clear();
  }

  void OpenStore(Store& store, uint64_t first_seq) {
    store.OpenFiles({.storage = {{.hi = 1, .lo = 2}},
                     .generation = 1,
                     .index_seed = {.hi = 5, .lo = 6},
                     .first_seq = first_seq,
                     .fresh = true},
                    cluster.turn());
    Settle();
  }

  void Settle() {
    while (true) {
      for (DiskEffect& effect : std::exchange(cluster.effects.disk, {})) {
        disk.Submit(std::move(effect));
      }
      if (!disk.IsIdle()) {
        const DiskDone done = disk.Perform();
        const bool is_users = done.token.owner == DiskOwner::kUserStore;
        (is_users ? user_store : hint_store).OnDiskDone(done, cluster.turn());
      } else if (cluster.effects.more) {
        cluster.effects.more = false;
        user_store.OnTick(cluster.turn());
        hint_store.OnTick(cluster.turn());
      } else if (!Drain()) {
        break;
      }
      Drain();
    }
    room.CheckInvariants();
  }

  ClientRequest Request(ClientVerb verb, std::string_view value = "") {
    return {.client = {++clients_, 1},
            .verb = verb,
            .key = std::string(kKey),
            .value = Bytes::CopyOf(value)};
  }
  // The reply to a request, if there is one once everything rests.
  template <typename Reply>
  const Reply* Do(const ClientRequest& request) {
    cluster.effects.replies.clear();
    Start(request);
    return cluster.Replied<Reply>();
  }
  void Start(const ClientRequest& request) {
    room.OnClientRequest(request,
                         cluster.now() + cluster.options.request_timeout,
                         cluster.turn());
    Settle();
  }
  void Receive(const Owner& from, PeerBody body) {
    PeerMessage message{.body = std::move(body)};
    message.envelope.from = from.node;
    message.envelope.storage = from.storage;
    message.envelope.reply_to = cluster.routing.EndpointOf(from.node);
    if (const auto* forward = std::get_if<ForwardWrite>(&message.body)) {
      room.OnForwardWrite(message.envelope, *forward, cluster.turn());
    } else {
      room.OnPeerMessage(message, cluster.turn());
    }
    Settle();
  }
  void Advance(Duration by) {
    PassTime(
        cluster.timers, cluster.turn().at.mono, by,
        [&](const TimerHeap::Due& due) { Fire(due); }, [&] { Settle(); });
  }

  QuorumBench cluster;
  MemoryDisk disk{1};
  HybridClock clock;
  SpaceGovernor space{{}};
  Store user_store{{.id = StoreId::kUser,
                    .directory = "shard-0000",
                    .max_file_bytes = 64 << 10,
                    .limits = LimitsOf(64)},
                   space};
  Store hint_store{{.id = StoreId::kHints,
                    .directory = "shard-0000/hints",
                    .max_file_bytes = 64 << 10,
                    .limits = LimitsOf(64),
                    .key_bytes_max = kKeyBytesMax + kHintKeyPrefixBytes},
                   space};
  ReplicaWriter writer{user_store, clock, LimitsOf(64)};
  ReplicaReader reader{user_store, LimitsOf(64)};
  HintLog hints{hint_store, cluster.options};
  CoordinatorRoom room{{.options = cluster.options,
                        .routing = cluster.routing,
                        .writer = writer,
                        .reader = reader,
                        .clock = clock,
                        .hints = hints}};

 private:
  static Limits LimitsOf(uint32_t requests_max) {
    return {.client_requests_max = requests_max,
            .key_segments = 4,
            .allocate_step = 16 << 10};
  }

  void Fire(const TimerHeap::Due& due) {
    switch (due.kind) {
      case TimerKind::kPutDeadline:
      case TimerKind::kPutRetry:
      case TimerKind::kGetDeadline:
      case TimerKind::kGetSpare:
      case TimerKind::kForwardDeadline:
      case TimerKind::kStampDeadline:
      case TimerKind::kStampRetry:
      case TimerKind::kInspectDeadline:
        return room.OnTimer(due, cluster.turn());
      default:
        break;
    }
    const bool is_users =
        due.handle.slot == static_cast<uint32_t>(StoreId::kUser);
    (is_users ? user_store : hint_store).OnTimer(due, cluster.turn());
  }

  bool Drain() {
    bool any = false;
    for (Store* store : {&user_store, &hint_store}) {
      for (const StoreReply& reply : store->TakeReplies()) {
        any = true;
        if (reply.ticket.owner == TicketOwner::kReplicaWriter) {
          writer.OnStoreReply(reply, cluster.turn());
        } else if (reply.ticket.owner == TicketOwner::kReplicaReader) {
          reader.OnStoreReply(reply, cluster.turn());
        } else {
          hints.OnStoreReply(reply, cluster.turn());
        }
      }
      store->TakeChanges();
    }
    for (const WriteOutcome& outcome : writer.TakeOutcomes()) {
      any = true;
      room.OnWriteOutcome(outcome, cluster.turn());
    }
    for (const ReadOutcome& outcome : reader.TakeOutcomes()) {
      any = true;
      room.OnReadOutcome(outcome, cluster.turn());
    }
    for (const HintRead& read : hints.reader().TakeReads()) {
      any = true;
      room.OnReadOutcome({.ticket = read.ticket,
                          .status = read.status,
                          .digest = DigestOf(read.object),
                          .object = read.object},
                         cluster.turn());
    }
    for (const HintStored& stored : hints.TakeStored()) {
      any = true;
      room.OnHintStored(stored, cluster.turn());
    }
    return any;
  }

  uint32_t clients_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_QUORUM_ROOM_BENCH_H_
