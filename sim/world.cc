#include "sim/world.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/invariant.h"
#include "core/ring/token.h"
#include "sim/checkers/all_checkers.h"
#include "sim/checkers/bounds.h"
#include "sim/checkers/context_coverage.h"
#include "sim/checkers/expectations.h"
#include "sim/checkers/failure_detector.h"
#include "sim/checkers/narration.h"
#include "sim/checkers/quiet.h"
#include "sim/checkers/store_answers.h"
#include "sim/scenario_shape.h"
#include "sim/weather.h"

namespace orrery::sim {
namespace {

// Names of the world's own reads after convergence begin here.
constexpr uint32_t kFinalReads = 1'000'000'000;
constexpr uint32_t kFinalReadsAtOnce = 32;
// With `sync=off` an acknowledged write is on the disk this much after its
// sync was due at the latest, barring stalls.
constexpr Duration kSyncSlack = 500 * kMillisecond;
// How full a node is, is looked at every so many events.
constexpr uint64_t kLoadEvery = 256;

// Longest time a write may stay unsynced after its acknowledgement.
Duration UnsyncedFor(const Settings& settings,
                     const std::vector<StepLine>& steps) {
  const EngineOptions& engine = settings.config.engine;
  if (engine.sync_writes) return {0};
  Duration longest =
      engine.sync_interval + settings.noise.disk_sync.high * 20 + kSyncSlack;
  if (settings.noise.disk_stall.num > 0) longest = longest + 5 * kSecond;
  for (const StepLine& line : steps) {
    const auto* disk = std::get_if<DiskStep>(&line.step);
    if (disk != nullptr) longest = longest + Duration{disk->value};
  }
  return longest;
}

}  // namespace

EngineOptions OptionsOfNode(const Config& config, uint32_t node) {
  EngineOptions engine = config.engine;
  engine.node_name = NodeText(node);
  engine.gossip = EndpointOfNode(node);
  engine.http_port = static_cast<uint16_t>(8000 + node);
  engine.seeds_configured = config.seed_lists != SeedLists::kOne || node != 0;
  engine.tells_stores = true;
  return engine;
}

World::World(const Scenario& scenario, const RunOptions& options)
    : options_(options), settings_(SettingsOf(scenario)) {
  steps_.reserve(scenario.lines.size());
  for (const StepLine* step : StepsByTime(scenario)) steps_.push_back(*step);
  evidence_.history.Reserve(steps_.size() + settings_.config.keys);

  const Config& config = settings_.config;
  evidence_.config = config;
  evidence_.fitted.resize(config.nodes);
  evidence_.relieved.resize(config.nodes);
  evidence_.core = CoreOf(settings_);
  evidence_.unsynced = UnsyncedFor(settings_, steps_);
  evidence_.noise = settings_.noise;
  evidence_.atlas = ReachAtlas(config.nodes);
  evidence_.beliefs = BeliefLog(config.nodes);
  NoteWeather();
  for (uint32_t node = 0; node < config.nodes; ++node) {
    models_.emplace_back(node, evidence_, tally_);
  }
  witness_ =
      std::make_unique<Witness>(Witness::Wiring{.queue = queue_,
                                                .digest = digest_,
                                                .evidence = evidence_,
                                                .marks = marks_,
                                                .models = models_,
                                                .nodes = nodes_,
                                                .listener = options.listener});
  network_ = std::make_unique<SimNetwork>(
      SimNetwork::Options{.seed = config.seed,
                          .nodes = config.nodes,
                          .codec_check_every = options.codec_check_every,
                          .listener = options.listener},
      settings_.noise, queue_, tally_);
  recovered_.resize(config.nodes);
  absent_.resize(config.nodes);
  failed_syncs_.resize(config.nodes);
  death_noted_.resize(config.nodes);
  view_hashes_.resize(config.nodes);
  for (uint32_t node = 0; node < config.nodes; ++node) {
    evidence_.atlas.Begin(node, ReachAtlas::NodeTrouble::kDown, Instant{});
    nodes_.push_back(std::make_unique<SimNode>(
        SimNode::Wiring{.index = node,
                        .seed = config.seed,
                        .engine = OptionsOfNode(config, node),
                        .noise = settings_.noise,
                        .queue = queue_,
                        .network = *network_,
                        .tally = tally_,
                        .witness = *witness_}));
    nodes_.back()->disk().SetJudge(*this);
  }
  clients_ = std::make_unique<Clients>(
      Clients::Wiring{.config = settings_.config,
                      .queue = queue_,
                      .history = evidence_.history,
                      .nodes = nodes_,
                      .tally = tally_,
                      .unanswered = evidence_.unanswered});
  witness_->SetClients(*clients_);
}

World::~World() = default;

SeedsEvent World::SeedsOf(uint32_t node) const {
  SeedsEvent event;
  const SeedLists lists = settings_.config.seed_lists;
  if (lists == SeedLists::kOne) {
    event.self_first = node == 0;
    if (node != 0) event.seeds.push_back(EndpointOfNode(0));
    return event;
  }
  event.self_first =
      lists == SeedLists::kOwn || (lists == SeedLists::kAll && node == 0);
  if (lists == SeedLists::kOwn) event.seeds.push_back(EndpointOfNode(node));
  for (uint32_t other = 0; other < settings_.config.nodes; ++other) {
    if (lists != SeedLists::kAll && other == node) continue;
    event.seeds.push_back(EndpointOfNode(other));
  }
  return event;
}

void World::StartNode(uint32_t node) {
  if (!nodes_[node]->IsUp()) {
    models_[node].BeforeRecovery(nodes_[node]->disk());
    death_noted_[node] = false;
  }
  nodes_[node]->Start(SeedsOf(node));
}

void World::StartSoon(uint32_t node) {
  queue_.Schedule(
      queue_.now() + kMillisecond,
      {.node = static_cast<uint16_t>(node), .what = Happening::kStart});
}

RunResult World::Run() {
  for (uint32_t node = 0; node < settings_.config.nodes; ++node) {
    const Duration after =
        Within(Fate(settings_.config.seed, Lot::kStart, node),
               {Duration{1'000'000}, 300 * kMillisecond});
    queue_.Schedule(queue_.now() + after, {.node = static_cast<uint16_t>(node),
                                           .what = Happening::kStart});
  }
  Instant end = Instant{0} + settings_.config.end;
  if (Converges()) end = std::max(end, HealedAt());
  if (options_.until.ns != 0) end = std::min(end, Instant{0} + options_.until);
  RunUntil(end);
  if (options_.until.ns == 0 && !is_cut_) {
    if (Converges()) {
      evidence_.inspected = queue_.now();
      Inspect();
      WatchQuiet();
      ReadEverything();
      AwaitIdle();
    }
    evidence_.healed = Converges();
  }
  evidence_.ended = queue_.now();
  witness_->NoteUnsent();

  RunResult result;
  Judge(&result);
  return result;
}

bool World::Converges() const {
  for (const Expectation& expectation : settings_.expectations) {
    if (expectation.kind == Expectation::Kind::kConverge) return true;
  }
  return false;
}

// When the bound of `expect converge` has passed since the last step.
Instant World::HealedAt() const {
  Instant healed;
  if (!steps_.empty()) healed = Instant{0} + steps_.back().at;
  for (const Expectation& expectation : settings_.expectations) {
    if (expectation.kind == Expectation::Kind::kConverge) {
      return healed + expectation.within;
    }
  }
  return healed;
}

void World::RunUntil(Instant end) {
  while (true) {
    if (options_.events_max != 0 && dispatched_ >= options_.events_max) {
      is_cut_ = true;
      return;
    }
    const bool has_step =
        next_step_ < steps_.size() && Instant{0} + steps_[next_step_].at <= end;
    const bool has_event = !queue_.empty() && queue_.next_time() <= end;
    if (!has_step && !has_event) break;
    const bool step_first =
        has_step && (!has_event ||
                     Instant{0} + steps_[next_step_].at <= queue_.next_time());
    if (step_first) {
      const StepLine& line = steps_[next_step_++];
      queue_.AdvanceTo(Instant{0} + line.at);
      if (options_.listener != nullptr) {
        options_.listener->OnScenarioStep(queue_.now(), line.step);
      }
      Perform(line.step);
    } else {
      Dispatch(queue_.Pop());
    }
  }
  queue_.AdvanceTo(std::max(end, queue_.now()));
}

void World::Dispatch(const Occasion& occasion) {
  ++dispatched_;
  switch (occasion.what) {
    case Happening::kTick:
      nodes_[occasion.node]->OnTick(occasion);
      AfterStep(occasion.node);
      return;
    case Happening::kTickSoon:
      nodes_[occasion.node]->OnTickSoon(occasion);
      AfterStep(occasion.node);
      return;
    case Happening::kDiskDone:
      nodes_[occasion.node]->OnDiskDone(occasion);
      AfterStep(occasion.node);
      return;
    case Happening::kLinkNotice:
      nodes_[occasion.node]->Deliver(
          occasion.process,
          PeerLinkEvent{.peer = EndpointOfNode(occasion.payload / 2),
                        .connected = occasion.payload % 2 == 1});
      AfterStep(occasion.node);
      return;
    case Happening::kFrame:
    case Happening::kDatagram:
    case Happening::kDialled:
    case Happening::kRedial:
    case Happening::kLinkTimeout:
    case Happening::kLinkLost: {
      std::optional<SimNetwork::Arrival> arrival = network_->On(occasion);
      if (!arrival.has_value()) return;
      nodes_[arrival->node]->Deliver(arrival->process,
                                     std::move(arrival->event));
      AfterStep(arrival->node);
      return;
    }
    case Happening::kOpTimeout:
      clients_->OnTimeout(occasion);
      if (!nodes_[occasion.node]->IsUp()) NoteDeath(occasion.node);
      return;
    case Happening::kStopTimeout:
      nodes_[occasion.node]->OnStopTimeout(occasion);
      AfterStep(occasion.node);
      return;
    case Happening::kStart:
      if (absent_[occasion.node] && nodes_[occasion.node]->process() == 0) {
        tally_.Count("fault.late_start");
        return;
      }
      StartNode(occasion.node);
      if (!nodes_[occasion.node]->IsUp()) NoteDeath(occasion.node);
      return;
  }
}

// After a node was given something: it may have ended, and now and then its
// state is looked at in depth.
void World::AfterStep(uint32_t node) {
  NoteStruck(node);
  NoteFailedSync(node);
  if (!nodes_[node]->IsUp()) {
    NoteDeath(node);
    return;
  }
  NoteRecovery(node);
  if (options_.listener != nullptr && options_.listener->WantsEntries()) {
    options_.listener->OnEntries(queue_.now(), node,
                                 nodes_[node]->engine().Entries());
  }
  NoteBeliefs(node);
  NoteSpace(node);
  if (dispatched_ % kLoadEvery == 0) NoteLoad(node);
  if (options_.invariants_every == 0) return;
  if (dispatched_ % options_.invariants_every != 0) return;
  nodes_[node]->engine().CheckInvariants();
}

// Within the budget no copy is taken that no other node has.
bool World::Permits(uint32_t node, const Struck& struck) {
  if (!settings_.config.within_budget || struck.records.empty()) return true;
  std::vector<std::vector<KeyEntry>> others;
  for (uint32_t other = 0; other < settings_.config.nodes; ++other) {
    if (other == node || !evidence_.InCore(other)) continue;
    if (nodes_[other]->IsUp()) {
      others.push_back(nodes_[other]->engine().Entries());
    }
  }
  const StoreId store = struck.InHints() ? StoreId::kHints : StoreId::kUser;
  return std::all_of(
      struck.records.begin(), struck.records.end(),
      [&](const StoredRecord& record) {
        const uint64_t token = TokenOf(UserKeyOf(store, record.key));
        return std::any_of(others.begin(), others.end(), [&](const auto& held) {
          const KeyEntry* entry = FindEntry(held, token);
          return entry != nullptr && !entry->doubted &&
                 entry->timestamp >= record.timestamp;
        });
      });
}

void World::NoteStruck(uint32_t node) {
  if (!nodes_[node]->disk().HasStruck()) return;
  for (const Struck& struck : nodes_[node]->disk().TakeStruck()) {
    models_[node].OnStruck(queue_.now(), struck);
    if (ClassOfPath(struck.path) == DiskTarget::Kind::kRing) {
      witness_->OnRingStruck(node, nodes_[node]->process());
    }
    // Its recovery may not have come to that file yet.
    const bool recovers =
        nodes_[node]->IsUp() && recovered_[node] != nodes_[node]->process();
    if (recovers) models_[node].BeforeRecovery(nodes_[node]->disk());
  }
}

void World::NoteFailedSync(uint32_t node) {
  const uint32_t failed = nodes_[node]->disk().failed_syncs();
  if (failed == failed_syncs_[node]) return;
  failed_syncs_[node] = failed;
  evidence_.history.RecordFailedSync(node, queue_.now());
}

// O12, O13.
void World::NoteBeliefs(uint32_t node) {
  const Engine& engine = nodes_[node]->engine();
  const uint64_t hash = engine.view_hash();
  const bool opinions_changed = witness_->TakeMembersChanged(node);
  if (!opinions_changed && hash == view_hashes_[node]) return;
  view_hashes_[node] = hash;
  const std::vector<MemberView> members = engine.Members();
  witness_->CheckMembers(members);
  evidence_.beliefs.Note(node, members, queue_.now());
  if (!opinions_changed) return;
  // Who is believed dead must not matter; another two keys each time.
  for (uint32_t i = 0; i < 2; ++i) {
    const uint64_t looks = evidence_.owners_seen.size();
    NoteOwners(node, static_cast<uint32_t>(looks % settings_.config.keys));
  }
}

// The weather may have changed.
void World::NoteWeather() {
  const Noise& now = settings_.noise;
  Noise& worst = evidence_.noise;
  worst.delay.high = std::max(worst.delay.high, now.delay.high);
  if (now.udp_loss.num > 0) worst.udp_loss = now.udp_loss;
  if (now.udp_late.num > 0) worst.udp_late = now.udp_late;
  if (now.udp_dup.num > 0) worst.udp_dup = now.udp_dup;
  if (now.udp_flip.num > 0) worst.udp_flip = now.udp_flip;
  if (now.udp_cut.num > 0) worst.udp_cut = now.udp_cut;
  if (now.udp_tail.num > 0) worst.udp_tail = now.udp_tail;
  if (now.udp_replay.num > 0) worst.udp_replay = now.udp_replay;
  worst.tick_grain = std::max(worst.tick_grain, now.tick_grain);
  if (IsStorm(now)) {
    evidence_.atlas.BeginStorm(queue_.now());
  } else {
    evidence_.atlas.EndStorm(queue_.now());
  }
}

// There is no process: nobody speaks, nobody believes anything.
void World::NoteSilence(uint32_t node) {
  using Trouble = ReachAtlas::NodeTrouble;
  evidence_.atlas.Begin(node, Trouble::kDown, queue_.now());
  evidence_.atlas.End(node, Trouble::kPaused, queue_.now());
  evidence_.atlas.End(node, Trouble::kEnding, queue_.now());
  evidence_.beliefs.Forget(node, queue_.now());
}

// A process is gone, by a step of the scenario or by itself.
void World::NoteDeath(uint32_t node) {
  if (death_noted_[node]) return;
  death_noted_[node] = true;
  NoteStruck(node);
  NoteFailedSync(node);
  NoteSilence(node);
  if (const auto stopped = nodes_[node]->stopped_clean_at()) {
    evidence_.history.RecordCleanStop(node, *stopped);
  }
  evidence_.history.RecordHalt(node, History::HaltCause::kProcess,
                               queue_.now());
  models_[node].OnProcessEnd(queue_.now());
  evidence_.history.RecordDeath(node, queue_.now(), evidence_.unsynced);
  clients_->OnProcessDown(node);
  if (nodes_[node]->TakeRestartWanted()) StartSoon(node);
}

// O18
void World::NoteSpace(uint32_t node) {
  if (!nodes_[node]->IsUp()) return;
  if (IsRelieved(nodes_[node]->engine().Space(),
                 nodes_[node]->disk().free_bytes(), settings_.config.engine)) {
    evidence_.relieved[node] = queue_.now();
  }
}

// O23.  What a paused process was sent and has not taken yet, it does not hold.
void World::NoteLoad(uint32_t node) {
  if (nodes_[node]->IsPaused() || catches_up_) return;
  const Engine& engine = nodes_[node]->engine();
  const StoreCounters stores[] = {engine.Counters(StoreId::kUser),
                                  engine.Counters(StoreId::kHints)};
  const bool is_judged = !evidence_.nodes.empty();  // As it was before.
  for (size_t which = 0; which < 2; ++which) {
    if (is_judged) continue;
    if (KeepsLittleThatIsDead(stores[which], settings_.config.engine)) {
      evidence_.fitted[node][which] = queue_.now();
    }
  }
  CheckLoad({.node = node,
             .open_requests = clients_->open_at(node),
             .open_files = nodes_[node]->disk().open_files(),
             .pinned_files = stores[0].pinned_files + stores[1].pinned_files,
             .disk_operations = nodes_[node]->disk().operations_under_way()},
            settings_.config, &evidence_.loads);
}

// O17: what a process found, before anyone could repair it.
void World::NoteRecovery(uint32_t node) {
  uint32_t& noted = recovered_[node];
  if (noted == nodes_[node]->process()) return;
  const Engine& engine = nodes_[node]->engine();
  if (engine.state() == EngineState::kStarting) return;
  noted = nodes_[node]->process();
  if (engine.state() == EngineState::kFailed) return;
  evidence_.history.RecordResumption(node, History::HaltCause::kProcess,
                                     queue_.now());
  evidence_.recoveries.push_back(
      {.node = node,
       .at = queue_.now(),
       .entries = engine.Entries(),
       .unreadable = UnreadableKeys(engine),
       .in_doubt = engine.Counters(StoreId::kUser).ranges_in_doubt > 0,
       .ring = engine.epoch(),
       .ring_told = witness_->RingToldBy(node, noted, engine.storage_id())});
  evidence_.fitted[node] = {queue_.now(), queue_.now()};
  evidence_.relieved[node] = queue_.now();
  models_[node].OnRecovered(evidence_.recoveries.back());
}

std::vector<uint32_t> World::UnreadableKeys(const Engine& engine) const {
  std::vector<uint32_t> keys;
  for (uint32_t key = 0; key < settings_.config.keys; ++key) {
    if (engine.IsDamaged(KeyText(key))) keys.push_back(key);
  }
  return keys;
}

NodeView World::Look(uint32_t node) const {
  NodeView view;
  view.up = nodes_[node]->IsUp();
  view.wiped = nodes_[node]->WasWiped();
  if (!view.up) return view;
  const Engine& engine = nodes_[node]->engine();
  view.state = engine.state();
  view.cluster = engine.cluster_id();
  view.epoch = engine.epoch();
  view.ring_hash = engine.ring_hash();
  view.ring_is_pristine = engine.ring_pristine();
  view.waiting_for = engine.WaitingFor();
  view.members = engine.Members();
  view.entries = engine.Entries();
  view.counters = engine.counters();
  view.in_doubt = engine.Counters(StoreId::kUser).ranges_in_doubt > 0;
  view.hints_stored = engine.Counters(StoreId::kHints).active_keys;
  view.hints_readable = engine.ReadableHints();
  for (const StoreId store : {StoreId::kUser, StoreId::kHints}) {
    view.stores[static_cast<size_t>(store)] = engine.Counters(store);
  }
  for (const HeldHints& held : engine.Hints()) {
    for (uint32_t target = 0; target < nodes_.size(); ++target) {
      if (NodeIdOf(NodeText(target)) != held.target) continue;
      const bool gone =
          !nodes_[target]->IsUp()
              ? nodes_[target]->WasWiped()
              : nodes_[target]->engine().storage_id() != held.storage;
      view.hints_for.push_back(
          {target, gone, held.hints, held.partly_delivered});
    }
  }
  return view;
}

std::vector<uint32_t> World::OwnersOf(const Engine& engine,
                                      uint32_t key) const {
  std::vector<uint32_t> owners;
  for (const std::string& name : engine.PreferenceListOf(KeyText(key))) {
    for (uint32_t node = 0; node < settings_.config.nodes; ++node) {
      if (NodeText(node) == name) owners.push_back(node);
    }
  }
  return owners;
}

// O20: a closed ring, the first time that it is seen.
void World::NoteRing(uint32_t node) {
  const Engine& engine = nodes_[node]->engine();
  if (engine.ring_hash() == 0 || engine.ring_pristine()) return;
  for (const RingSeen& ring : evidence_.rings) {
    if (ring.hash != engine.ring_hash()) continue;
    if (ring.cluster == engine.cluster_id()) return;
  }
  RingSeen ring{.node = node,
                .at = queue_.now(),
                .cluster = engine.cluster_id(),
                .hash = engine.ring_hash(),
                .tokens = {}};
  for (const Engine::TokenView& token : engine.Tokens()) {
    uint32_t owner = settings_.config.nodes;  // Nobody's.
    for (uint32_t other = 0; other < settings_.config.nodes; ++other) {
      if (NodeIdOf(NodeText(other)) == token.node) owner = other;
    }
    ring.tokens.push_back({token.token, owner});
  }
  evidence_.rings.push_back(std::move(ring));
}

void World::NoteOwners(uint32_t node, uint32_t key) {
  const Engine& engine = nodes_[node]->engine();
  if (engine.ring_hash() == 0 || engine.ring_pristine()) return;
  NoteRing(node);
  evidence_.owners_seen.push_back({.node = node,
                                   .at = queue_.now(),
                                   .ring_hash = engine.ring_hash(),
                                   .key = key,
                                   .owners = OwnersOf(engine, key)});
}

// O15.
void World::WatchQuiet() {
  const bool expected = std::ranges::any_of(
      settings_.expectations, [](const Expectation& expectation) {
        return expectation.kind == Expectation::Kind::kQuiet;
      });
  if (!expected) return;
  witness_->Count(true);
  RunUntil(queue_.now() + QuietWindow(settings_.config.engine));
  witness_->Count(false);
}

// Every node as it is now, and who owns what.
void World::Inspect() {
  const Engine* router = nullptr;
  for (uint32_t node = 0; node < nodes_.size(); ++node) {
    NoteSpace(node);
    evidence_.nodes.push_back(Look(node));
    models_[node].NoteWhatRemains();
    for (uint32_t key = 0; key < settings_.config.keys; ++key) {
      if (evidence_.nodes[node].Serves()) NoteOwners(node, key);
    }
    const bool asks = evidence_.nodes[node].Serves() && evidence_.InCore(node);
    if (asks && router == nullptr) router = &nodes_[node]->engine();
  }
  if (router == nullptr) return;
  for (uint32_t key = 0; key < settings_.config.keys; ++key) {
    KeyView view{.key = key, .token = TokenOf(KeyText(key)), .owners = {}};
    view.owners = OwnersOf(*router, key);
    evidence_.owners_per_key = std::max(
        evidence_.owners_per_key, static_cast<uint32_t>(view.owners.size()));
    evidence_.keys.push_back(std::move(view));
  }
}

// A quorum read of every key, each through another node that serves.
void World::ReadEverything() {
  std::vector<uint32_t> serving;
  for (uint32_t node = 0; node < settings_.config.nodes; ++node) {
    if (evidence_.nodes[node].Serves() && evidence_.InCore(node)) {
      serving.push_back(node);
    }
  }
  if (serving.empty()) return;
  // No more at once than one node admits, or some would be refused, nor than
  // slow disks answer in time: the reads are to ask, and not to be a load.
  const uint32_t most = std::clamp<uint32_t>(
      settings_.config.engine.limits.client_requests_max / 2, 1,
      kFinalReadsAtOnce);
  for (uint32_t key = 0; key < settings_.config.keys; ++key) {
    clients_->BeginFinalRead(kFinalReads + key, key,
                             serving[key % serving.size()]);
    if ((key + 1) % most == 0) AwaitAnswers();
  }
  AwaitAnswers();
}

void World::AwaitAnswers() {
  const Instant end =
      queue_.now() + settings_.config.engine.request_timeout + 2 * kSecond;
  while (clients_->open() > 0 && !queue_.empty() && queue_.next_time() <= end) {
    Dispatch(queue_.Pop());
  }
}

// A node outside the core that is awake and cannot store is repaired for ever,
// and whoever repairs it is never idle.
void World::ShutOut() {
  for (uint32_t from = 0; from < settings_.config.nodes; ++from) {
    for (uint32_t to = 0; to < settings_.config.nodes; ++to) {
      if (from == to || evidence_.InCore(from) == evidence_.InCore(to))
        continue;
      network_->Cut(from, to);
      evidence_.atlas.BeginLink(from, to, ReachAtlas::LinkTrouble::kCut,
                                queue_.now());
    }
  }
}

// With no client left, every node comes to a moment without a conversation:
// whoever does not has lost one.
void World::AwaitIdle() {
  ShutOut();
  const Instant end = queue_.now() +
                      settings_.config.engine.request_timeout * 2 +
                      settings_.config.engine.sync_interval + 5 * kSecond;
  std::vector<uint32_t> busy;
  for (uint32_t node = 0; node < settings_.config.nodes; ++node) {
    if (nodes_[node]->IsUp() && evidence_.InCore(node)) busy.push_back(node);
  }
  while (true) {
    std::erase_if(busy, [&](uint32_t node) {
      return !nodes_[node]->IsUp() || nodes_[node]->engine().IsIdle();
    });
    if (busy.empty()) return;
    if (queue_.empty() || queue_.next_time() > end) break;
    Dispatch(queue_.Pop());
  }
  for (const uint32_t node : busy) {
    evidence_.unanswered.push_back(
        NodeText(node) +
        " still has a conversation open long after the last "
        "client has gone.");
  }
}

// A process may end itself when its disk fails, and for no other reason: a full
// one is none.
void World::JudgeFatals(RunResult* result) {
  PropertyResult property{.oracle = "O0", .property = "no-process-ends-itself"};
  const std::string_view reason = "O0 the disk of the process had failed";
  const std::string_view no_room = "O0 a new data directory had no space";
  property.checked = nodes_.size();
  for (const Witness::Fatal& fatal : witness_->fatals()) {
    if (nodes_[fatal.node]->disk().HasFailed()) {
      ++property.excused;
      result->excuses.Count(reason);
      continue;
    }
    // What was never formatted serves nothing, and says so (light seed 1573).
    if (fatal.why.starts_with("the disk is full: a new data directory")) {
      ++property.excused;
      result->excuses.Count(no_room);
      continue;
    }
    ++property.failed;
    result->violations.push_back(
        {.oracle = "O0",
         .property = "no-process-ends-itself",
         .sentence = "The process of " + NodeText(fatal.node) +
                     " ended itself: " + fatal.why + ".",
         .op = 0,
         .key = 0,
         .at = fatal.at});
  }
  result->properties.push_back(property);
}

void World::Judge(RunResult* result) {
  if (evidence_.owners_per_key == 0) {
    evidence_.owners_per_key =
        std::min(settings_.config.engine.replication, settings_.config.nodes);
  }
  for (const auto& node : nodes_) {
    if (!node->IsUp() || node->engine().cluster_id().IsZero()) continue;
    OpenContexts(node->engine().cluster_id(), &evidence_.history);
    break;
  }
  for (const Checker& checker : AllCheckers()) {
    Verdict verdict = checker.check(evidence_);
    result->properties.push_back({.oracle = checker.oracle,
                                  .property = checker.property,
                                  .checked = verdict.checked,
                                  .excused = verdict.excused,
                                  .failed = verdict.violations.size(),
                                  .measured = checker.measured,
                                  .deviations = verdict.deviations});
    for (const auto& [reason, count] : verdict.excuses) {
      result->excuses.Add(reason, count);
    }
    for (Violation& violation : verdict.violations) {
      result->violations.push_back(std::move(violation));
    }
  }
  // What a scenario expects, it expects of the whole run.
  if (options_.until.ns == 0) {
    Verdict expected =
        CheckExpectations(evidence_, settings_.expectations, marks_);
    for (Violation& violation : expected.violations) {
      result->violations.push_back(std::move(violation));
    }
  }
  JudgeFatals(result);
  for (const auto& node : nodes_) {
    if (node->IsUp()) digest_.AddNumber(node->engine().StateDigest());
  }
  result->digest = digest_.value();
  result->events = dispatched_;
  result->was_cut = is_cut_;
  result->ended = queue_.now();
  result->tally = std::move(tally_);
  result->marks = std::move(marks_);
}

}  // namespace orrery::sim
