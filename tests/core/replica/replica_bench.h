// tests/core/replica/replica_bench.h
//
// One node's own copies on a bench: a real store over an immediate disk, with
// the writer and the reader.  Settle runs everything to rest.

#ifndef ORRERY_TESTS_CORE_REPLICA_REPLICA_BENCH_H_
#define ORRERY_TESTS_CORE_REPLICA_REPLICA_BENCH_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/invariant.h"
#include "core/protocol/turn.h"
#include "core/replica/replica_reader.h"
#include "core/replica/replica_writer.h"
#include "core/storage/space_governor.h"
#include "core/storage/store.h"
#include "core/version/hybrid_clock.h"
#include "core/version/object_codec.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/version/version_samples.h"

namespace orrery {

struct ReplicaBenchOptions {
  uint64_t storage = 1;  // First half of the storage id: the actor's name.
  bool sync_writes = false;
  bool moved = false;  // Opens in doubt, over a copied directory.
  Limits limits = {};
};

inline Ticket Numbered(uint32_t part) {
  return {.owner = TicketOwner::kPeerRequest, .part = part, .handle = {}};
}

class ReplicaBench {
 public:
  explicit ReplicaBench(const ReplicaBenchOptions& options = {})
      : store(StoreOptions(options), space),
        writer(store, clock, options.limits),
        reader(store, options.limits),
        options_(options) {}

  void Open() {
    if (options_.moved) {
      Store earlier(StoreOptions(options_), space);
      OpenStore(earlier, 1);
      PutBefore(earlier);
      disk.CrashProcess();
    }
    OpenStore(store, options_.moved ? 2 : 1);
    writer.SetActor(ActorOf(options_.storage));
  }

  Turn NewTurn() {
    return {.at = at, .effects = effects, .timers = timers, .cluster = cluster};
  }

  // Until neither disk nor store has anything to do.  Writes and reads whose
  // outcomes nobody takes stay in `written` and `read`.
  void Settle() {
    bool busy = true;
    while (busy) {
      busy = RunDisk();
      Turn turn = NewTurn();
      store.OnTick(turn);
      for (const StoreReply& reply : store.TakeReplies()) {
        busy = true;
        if (reply.ticket.owner == TicketOwner::kReplicaWriter) {
          writer.OnStoreReply(reply, turn);
        } else {
          reader.OnStoreReply(reply, turn);
        }
      }
      busy = busy || !effects.disk.empty();
      Collect();
    }
  }

  void Collect() {
    for (WriteOutcome& outcome : writer.TakeOutcomes()) {
      written.push_back(std::move(outcome));
    }
    for (ReadOutcome& outcome : reader.TakeOutcomes()) {
      read.push_back(std::move(outcome));
    }
  }

  void StartMint(MintRequest request) {
    Turn turn = NewTurn();
    writer.Mint(std::move(request), turn);
  }
  void StartMerge(MergeRequest request) {
    Turn turn = NewTurn();
    writer.Merge(std::move(request), turn);
  }

  WriteOutcome Mint(MintRequest request) {
    StartMint(std::move(request));
    return TakeOnlyWrite();
  }
  WriteOutcome Merge(MergeRequest request) {
    StartMerge(std::move(request));
    return TakeOnlyWrite();
  }
  WriteOutcome Put(std::string_view key, std::string_view value) {
    return Mint({.key = std::string(key), .value = Bytes::CopyOf(value)});
  }
  ReadOutcome Read(std::string_view key, ReadDepth depth) {
    Turn turn = NewTurn();
    reader.Read({.key = std::string(key), .depth = depth}, turn);
    Settle();
    ReadOutcome outcome = std::move(read.at(0));
    read.clear();
    return outcome;
  }
  Object Held(std::string_view key) {
    return Read(key, ReadDepth::kObject).object;
  }

  WriteOutcome TakeOnlyWrite() {
    Settle();
    WriteOutcome outcome = std::move(written.at(0));
    written.clear();
    return outcome;
  }

  bool RunDisk() { return RunDisk(store); }

  Stamp at{.mono = {1'000'000'000}, .wall = {1'700'000'000'000'000'000}};
  ClusterTime cluster;
  Effects effects;
  TimerHeap timers;
  MemoryDisk disk{1};
  SpaceGovernor space{{}};
  Store store;
  HybridClock clock;
  ReplicaWriter writer;
  ReplicaReader reader;
  std::vector<WriteOutcome> written;
  std::vector<ReadOutcome> read;

 private:
  static Store::Options StoreOptions(const ReplicaBenchOptions& options) {
    return {.id = StoreId::kUser,
            .directory = "shard-0000",
            .sync_writes = options.sync_writes,
            .limits = options.limits};
  }

  // Whether the disk had anything to do.
  bool RunDisk(Store& one) {
    for (DiskEffect& effect : std::exchange(effects.disk, {})) {
      disk.Submit(std::move(effect));
    }
    if (disk.IsIdle()) return false;
    const DiskDone done = disk.Perform();
    Turn turn = NewTurn();
    one.OnDiskDone(done, turn);
    return true;
  }

  void RunToRest(Store& one) {
    do {
      Turn turn = NewTurn();
      one.OnTick(turn);
    } while (RunDisk(one));
  }

  void OpenStore(Store& one, uint32_t generation) {
    Turn turn = NewTurn();
    one.OpenFiles({.storage = {{.hi = options_.storage, .lo = 1}},
                   .generation = generation,
                   .index_seed = {.hi = 5, .lo = 6},
                   .first_seq = uint64_t{generation} << 32,
                   .fresh = generation == 1,
                   .moved = generation == 2},
                  turn);
    RunToRest(one);
    ORRERY_INVARIANT(one.IsOpen());
  }

  // A directory without data was copied from nowhere.
  void PutBefore(Store& earlier) {
    const Object object = ObjectOf(ValueOf(DotOf(99, 1), 1, "v"));
    EncodedObject encoded = EncodeObject(object);
    Turn turn = NewTurn();
    earlier.Put({.ticket = {},
                 .key = "before",
                 .digest = encoded.digest,
                 .meta = encoded.meta,
                 .value = encoded.value,
                 .timestamp = encoded.timestamp,
                 .if_seq = {}},
                turn);
    RunToRest(earlier);
  }

  ReplicaBenchOptions options_;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_REPLICA_REPLICA_BENCH_H_
