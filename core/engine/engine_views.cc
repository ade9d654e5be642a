// The accessors of Engine: what admin pages, metrics and oracles look at
// between steps.

#include <algorithm>
#include <limits>
#include <string_view>

#include "core/base/hash.h"
#include "core/engine/engine.h"
#include "core/engine/rooms.h"

namespace orrery {

EngineState Engine::state() const {
  switch (rooms_->boot.phase()) {
    case Boot::Phase::kNew:
    case Boot::Phase::kDirectory:
    case Boot::Phase::kStores:
      return EngineState::kStarting;
    case Boot::Phase::kDraining:
    case Boot::Phase::kClosing:
    case Boot::Phase::kMarking:
    case Boot::Phase::kStopped:
      return EngineState::kStopping;
    case Boot::Phase::kFailed:
      return EngineState::kFailed;
    case Boot::Phase::kRecovered:
      break;
  }
  if (rooms_->membership.ring_refused()) return EngineState::kOutside;
  if (!rooms_->membership.ring_state().has_value()) {
    return EngineState::kWaiting;
  }
  return rooms_->membership.ring_ready() ? EngineState::kServing
                                         : EngineState::kForming;
}

NodeId Engine::node_id() const { return NodeIdOf(rooms_->options.node_name); }
StorageId Engine::storage_id() const { return rooms_->routing.self_storage(); }
ClusterId Engine::cluster_id() const { return rooms_->membership.cluster(); }

Epoch Engine::epoch() const {
  const Ring* ring = rooms_->routing.ring();
  return ring == nullptr ? Epoch{} : ring->epoch();
}

uint64_t Engine::ring_hash() const {
  const Ring* ring = rooms_->routing.ring();
  return ring == nullptr ? 0 : ring->hash();
}

bool Engine::ring_pristine() const {
  const Ring* ring = rooms_->routing.ring();
  return ring != nullptr && ring->state().pristine;
}

namespace {

// Reads are served meanwhile, and others' writes stored.
std::string WaitingForClock(const Rooms& rooms) {
  const ClusterClock& clock = rooms.membership.cluster_clock();
  if (!clock.known()) {
    return "cluster time: the clocks of " + std::to_string(clock.samples()) +
           " of " + std::to_string(clock.others()) +
           " other members are known, half are needed to coordinate writes";
  }
  if (!rooms.lease.is_past()) {
    return "cluster time to pass the stamps that this node drew before";
  }
  return {};
}

}  // namespace

std::string Engine::WaitingFor() const {
  switch (state()) {
    case EngineState::kStarting:
      return "the data directory to be read";
    case EngineState::kStopping:
      return "the node to stop";
    case EngineState::kFailed:
      return rooms_->boot.failure();
    case EngineState::kServing:
      if (rooms_->user_store.IsStalled() || rooms_->hint_store.IsStalled()) {
        return "the disk: it has not answered a write for 20 s";
      }
      return WaitingForClock(*rooms_);
    case EngineState::kWaiting:
    case EngineState::kForming:
    case EngineState::kOutside:
      break;
  }
  return rooms_->membership.waiting_for();
}

std::vector<MemberView> Engine::Members() const {
  std::vector<MemberView> views;
  for (const auto& [id, member] : rooms_->membership.members().entries()) {
    const MemberRecord& record = member.record;
    views.push_back({.name = record.name,
                     .id = id,
                     .state = member.state,
                     .evidence = record.state,
                     .gossip = record.gossip,
                     .http_port = record.http_port,
                     .storage = record.storage,
                     .generation = record.incarnation.generation,
                     .boot_salt = record.boot_salt});
  }
  return views;
}

uint64_t Engine::view_hash() const {
  return rooms_->membership.members().ViewHash();
}

std::vector<Engine::TokenView> Engine::Tokens() const {
  std::vector<TokenView> tokens;
  const Ring* ring = rooms_->routing.ring();
  if (ring == nullptr) return tokens;
  for (const Ring::Vnode& vnode : ring->Vnodes()) {
    tokens.push_back({vnode.token, vnode.node});
  }
  return tokens;
}

std::vector<std::string> Engine::PreferenceListOf(std::string_view key) const {
  std::vector<std::string> names;
  const Ring* ring = rooms_->routing.ring();
  if (ring == nullptr) return names;
  for (const Owner& owner : ring->OwnersOf(TokenOf(key))) {
    for (const RingMember& member : ring->state().members) {
      if (member.id == owner.node) names.push_back(member.name);
    }
  }
  return names;
}

std::vector<KeyEntry> Engine::Entries() const {
  constexpr uint64_t kLast = std::numeric_limits<uint64_t>::max();
  std::vector<Store::Entry> entries;
  uint64_t next = 0;
  rooms_->user_store.Walk(kLast, kLast, std::numeric_limits<size_t>::max(),
                          &entries, &next);
  std::vector<KeyEntry> views;
  views.reserve(entries.size());
  for (const Store::Entry& entry : entries) {
    views.push_back({entry.token, entry.digest, entry.timestamp,
                     entry.tombstone, entry.doubted});
  }
  return views;
}

bool Engine::IsDamaged(std::string_view key) const {
  return rooms_->user_store.IsDamaged(key);
}

std::vector<HeldHints> Engine::Hints() const {
  std::vector<HeldHints> views;
  for (const auto& [storage, target] : rooms_->hint_log.targets()) {
    HeldHints view{target.node, storage, target.hints.size()};
    for (const auto& [token, held] : target.hints) {
      view.partly_delivered += held.partly_delivered ? 1 : 0;
    }
    views.push_back(view);
  }
  return views;
}

uint64_t Engine::ReadableHints() const {
  constexpr uint64_t kLast = std::numeric_limits<uint64_t>::max();
  std::vector<Store::Entry> entries;
  uint64_t next = 0;
  rooms_->hint_store.Walk(kLast, kLast, std::numeric_limits<size_t>::max(),
                          &entries, &next);
  return static_cast<uint64_t>(std::count_if(
      entries.begin(), entries.end(),
      [](const Store::Entry& entry) { return !entry.tombstone; }));
}

StoreCounters Engine::Counters(StoreId store) const {
  return store == StoreId::kUser ? rooms_->user_store.counters()
                                 : rooms_->hint_store.counters();
}

const std::vector<std::string>& Engine::Snapshots() const {
  return rooms_->snapshots.names();
}

SpaceView Engine::Space() const { return rooms_->space.view(); }

ClockView Engine::Clock() const {
  const ClusterClock& clock = rooms_->membership.cluster_clock();
  return {.known = clock.known(),
          .is_off = clock.is_off(),
          .waits = clock.known() && !rooms_->lease.is_past(),
          .offset = clock.known() ? clock.offset() : Duration{0},
          .samples = clock.samples(),
          .others = clock.others()};
}

EngineCounters Engine::counters() const {
  EngineCounters sum = rooms_->coordinators.counters();
  sum.refused += rooms_->door.refused();
  rooms_->hint_log.FillCounters(&sum);
  sum.sync_rounds = rooms_->repair.rounds();
  sum.sync_repaired = rooms_->repair.repaired();
  return sum;
}

bool Engine::IsIdle() const {
  return rooms_->coordinators.IsIdle() && rooms_->lister.IsIdle() &&
         rooms_->peer_requests.IsIdle() && rooms_->door.IsIdle() &&
         rooms_->writer.IsIdle() && rooms_->reader.IsIdle() &&
         rooms_->hint_log.IsIdle() && rooms_->hint_log.reader().IsIdle() &&
         rooms_->replayer.IsIdle() && rooms_->repair.IsIdle() &&
         rooms_->user_store.IsIdle() && rooms_->hint_store.IsIdle() &&
         rooms_->snapshots.IsIdle();
}

uint64_t Engine::StateDigest() const {
  Hasher hasher;
  hasher.Add(uint64_t{static_cast<uint8_t>(rooms_->boot.phase())});
  hasher.Add(rooms_->clock.last());
  hasher.Add(rooms_->user_store.StateDigest());
  hasher.Add(rooms_->hint_store.StateDigest());
  hasher.Add(rooms_->membership.StateDigest());
  hasher.Add(rooms_->coordinators.StateDigest());
  hasher.Add(rooms_->writer.StateDigest());
  hasher.Add(rooms_->reader.StateDigest());
  hasher.Add(rooms_->hint_log.StateDigest());
  hasher.Add(rooms_->replayer.StateDigest());
  hasher.Add(rooms_->repair.StateDigest());
  hasher.Add(rooms_->directory.StateDigest());
  hasher.Add(rooms_->snapshots.StateDigest());
  hasher.Add(rooms_->space.StateDigest());
  return hasher.Value();
}

void Engine::CheckInvariants() const {
  rooms_->user_store.CheckInvariants();
  rooms_->hint_store.CheckInvariants();
  rooms_->membership.CheckInvariants();
  rooms_->writer.CheckInvariants();
  rooms_->hint_log.CheckInvariants();
  rooms_->replayer.CheckInvariants();
  rooms_->repair.CheckInvariants();
  rooms_->coordinators.CheckInvariants();
}

}  // namespace orrery
