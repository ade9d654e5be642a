#include "core/engine/boot.h"

#include <span>
#include <utility>

#include "core/base/prng.h"
#include "core/engine/rooms.h"

namespace orrery {

namespace {

// How long a stop waits for requests in flight: with the seal and the sync it
// stays well inside the 8 s of CONTRACT section 5.
constexpr Duration kDrain = 2 * kSecond;

// One stream of the start entropy per purpose: a new draw in one moves no
// other.
enum Stream : uint64_t {
  kStorageStream = 1,
  kIndexSeedStream = 2,
  kBootSaltStream = 3,
  kMembershipStream = 4,
  kOperationStream = 5,
};

Prng StreamOf(const StartEvent& start, Stream stream) {
  return Prng(std::as_bytes(std::span<const uint8_t, 32>(start.entropy)),
              stream);
}

Id128 DrawId(const StartEvent& start, Stream stream) {
  Prng prng = StreamOf(start, stream);
  const uint64_t hi = prng.Next();
  const uint64_t lo = prng.Next();
  return {hi | 1, lo};  // Zero means none.
}

}  // namespace

void Boot::OnStart(const StartEvent& start, Rooms& rooms, Turn& turn) {
  ORRERY_INVARIANT(phase_ == Phase::kNew);
  phase_ = Phase::kDirectory;
  start_ = start;
  boot_salt_ = StreamOf(start, kBootSaltStream).Next();
  rooms.directory.Open({.node_name = rooms.options.node_name,
                        .fresh_storage = {DrawId(start, kStorageStream)},
                        .fresh_index_seed = DrawId(start, kIndexSeedStream),
                        .boot_id = start.boot_id},
                       turn);
}

void Boot::Advance(Rooms& rooms, Turn& turn) {
  if (phase_ >= Phase::kStopped) return;
  if (rooms.directory.phase() == DataDirectory::Phase::kFailed) {
    return Fail(rooms.directory.failure(), rooms.directory.failure_exit_code(),
                turn);
  }
  if (rooms.user_store.IsFailed()) {
    return Fail(rooms.user_store.failure(),
                rooms.user_store.failure_exit_code(), turn);
  }
  if (rooms.hint_store.IsFailed()) {
    return Fail(rooms.hint_store.failure(),
                rooms.hint_store.failure_exit_code(), turn);
  }
  const bool stores_open =
      rooms.user_store.IsOpen() && rooms.hint_store.IsOpen();
  switch (phase_) {
    case Phase::kDirectory:
      if (rooms.directory.phase() == DataDirectory::Phase::kOpen) {
        OpenStores(rooms, turn);
      }
      return;
    case Phase::kStores:
      if (stores_open) FinishRecovery(rooms, turn);
      return;
    case Phase::kDraining:
      NoteDoubt(rooms, turn);
      if (!rooms.coordinators.HasAnsweredAll()) return;
      if (!rooms.lister.IsIdle()) return;
      // A silent owner does not hold up the stop; it gets its hints.
      rooms.coordinators.CutLingering(turn);
      if (rooms.hint_log.IsIdle()) CloseStores(rooms, turn);
      return;
    case Phase::kClosing:
      NoteDoubt(rooms, turn);
      if (!rooms.user_store.IsClosed() || !rooms.hint_store.IsClosed()) return;
      if (!rooms.user_store.IsClean() || !rooms.hint_store.IsClean()) {
        if (rooms.directory.IsSaving()) return;
        return FinishStop(turn);  // A failed sync: the next start recovers.
      }
      phase_ = Phase::kMarking;
      rooms.directory.MarkClean(kMarkCleanToken, turn);
      return;
    case Phase::kRecovered:
      return NoteDoubt(rooms, turn);
    case Phase::kMarking:
    case Phase::kNew:
    case Phase::kStopped:
    case Phase::kFailed:
      return;
  }
}

void Boot::OpenStores(Rooms& rooms, Turn& turn) {
  phase_ = Phase::kStores;
  has_identity_ = true;
  rooms.space.Start(turn);
  const Identity& identity = rooms.directory.identity();
  rooms.routing.SetSelf(NodeIdOf(rooms.options.node_name), identity.storage,
                        rooms.options.gossip);
  rooms.clock.Restore(identity.hlc_high);
  rooms.lease.Restore(identity.hlc_high, turn.now());
  rooms.coordinators.SetGeneration(identity.generation);
  rooms.replayer.SetGeneration(identity.generation);
  rooms.repair.SetGeneration(identity.generation);
  rooms.coordinators.SetCluster(identity.cluster);
  rooms.coordinators.SetOperationSeed(
      StreamOf(start_, kOperationStream).Next());

  Membership::Start membership{.id = rooms.routing.self(),
                               .name = rooms.options.node_name,
                               .storage = identity.storage,
                               .generation = identity.generation,
                               .boot_salt = boot_salt_,
                               .cluster = identity.cluster};
  Prng prng = StreamOf(start_, kMembershipStream);
  for (uint64_t& word : membership.entropy) word = prng.Next();
  membership.ring_lost = rooms.directory.ring_unreadable();
  if (rooms.directory.ring().has_value()) {
    membership.ring = DecodeRingState(rooms.directory.ring()->view());
    membership.ring_lost |= !membership.ring.has_value();
  }

  Store::Open open{.storage = identity.storage,
                   .generation = identity.generation,
                   .index_seed = identity.index_seed,
                   .first_seq = identity.first_seq,
                   .machine_restarted = rooms.directory.machine_restarted(),
                   .fresh = rooms.directory.fresh(),
                   .moved = rooms.directory.moved(),
                   .was_clean = rooms.directory.was_clean()};
  rooms.user_store.OpenFiles(open, turn);
  open.first_seq += uint64_t{1} << 31;  // The hints store's half of the lease.
  rooms.hint_store.OpenFiles(open, turn);
  rooms.membership.OnStart(membership, turn);
}

void Boot::FinishRecovery(Rooms& rooms, Turn& turn) {
  phase_ = Phase::kRecovered;
  const Identity& identity = rooms.directory.identity();
  NoteDoubt(rooms, turn);
  rooms.writer.SetActor({identity.storage.hi, identity.generation});
  rooms.membership.OnRecovered(turn);
  rooms.repair.OnStart(turn);
  rooms.replayer.OnOpen(turn);
  rooms.snapshots.OnRecovered(turn);
}

// IDENTITY leaves all doubt to the stores once they have said theirs, and says
// that there is some while they cannot.
void Boot::NoteDoubt(Rooms& rooms, Turn& turn) {
  const Store& user = rooms.user_store;
  // Doubt of the hints costs no vote (storage section 2): not said here.
  if (user.HidesDoubt()) {
    if (noted_ == Noted::kDoubt) return;
    noted_ = Noted::kDoubt;
    turn.effects.Mark("boot.doubt_without_space");
    return rooms.directory.MarkDoubtful(turn);
  }
  if (noted_ == Noted::kRecovery) return;
  if (!user.HasNotedRecovery() || !rooms.hint_store.HasNotedRecovery()) return;
  noted_ = Noted::kRecovery;
  rooms.directory.MarkRecovered(turn);
}

void Boot::OnStop(Rooms& rooms, Turn& turn) {
  if (phase_ >= Phase::kDraining) return;
  if (phase_ != Phase::kRecovered) {
    // Nothing was promised yet; the next start recovers again.
    return FinishStop(turn);
  }
  phase_ = Phase::kDraining;
  rooms.door.OnStop(turn);
  rooms.snapshots.OnStop();
  turn.timers.Arm(TimerKind::kDrain, {}, turn.now() + kDrain);
  Advance(rooms, turn);
}

void Boot::OnDrainDeadline(Rooms& rooms, Turn& turn) {
  if (phase_ == Phase::kDraining) CloseStores(rooms, turn);
}

void Boot::CloseStores(Rooms& rooms, Turn& turn) {
  phase_ = Phase::kClosing;
  turn.timers.Cancel(TimerKind::kDrain, {});
  rooms.user_store.Close(turn);
  rooms.hint_store.Close(turn);
}

void Boot::OnMarkedClean(Turn& turn) {
  if (phase_ == Phase::kMarking) FinishStop(turn);
}

void Boot::FinishStop(Turn& turn) {
  phase_ = Phase::kStopped;
  turn.effects.stopped = true;
}

void Boot::Fail(std::string text, int exit_code, Turn& turn) {
  if (phase_ == Phase::kFailed) return;
  phase_ = Phase::kFailed;
  failure_ = text;
  turn.effects.notes.push_back({.kind = Note::Kind::kFatal,
                                .detail = static_cast<uint32_t>(exit_code),
                                .text = std::move(text)});
}

}  // namespace orrery
