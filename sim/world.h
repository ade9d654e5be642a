// sim/world.h
//
// World runs one scenario: simulated machines, network and clients in virtual
// time, and afterwards every oracle over what happened.  Same scenario, same
// run, same digest.
//
// Cost: proportional to events; memory to the history of the run.

#ifndef ORRERY_SIM_WORLD_H_
#define ORRERY_SIM_WORLD_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/lookup_map.h"
#include "sim/clients.h"
#include "sim/event_queue.h"
#include "sim/evidence.h"
#include "sim/listener.h"
#include "sim/run_digest.h"
#include "sim/scenario.h"
#include "sim/settings.h"
#include "sim/sim_network.h"
#include "sim/sim_node.h"
#include "sim/store_model.h"
#include "sim/tally.h"
#include "sim/witness.h"

namespace orrery::sim {

struct RunOptions {
  Duration until;  // Zero: to the end.
  // After so many it is cut short: nothing is expected to have converged.
  uint64_t events_max = 0;  // 0: no bound.
  Listener* listener = nullptr;
  uint32_t codec_check_every = 16;
  // CheckInvariants of the node concerned every so many events; 0: never.
  uint32_t invariants_every = 4096;
};

struct PropertyResult {
  std::string_view oracle;
  std::string_view property;
  uint64_t checked = 0;
  uint64_t excused = 0;
  uint64_t failed = 0;
  bool measured = false;
  uint64_t deviations = 0;  // If measured: of what nothing is promised.
};

struct RunResult {
  uint64_t digest = 0;
  uint64_t events = 0;
  Instant ended;
  bool was_cut = false;  // By RunOptions::events_max.
  std::vector<Violation> violations;
  std::vector<PropertyResult> properties;
  Tally tally;    // Faults fired and client outcomes.
  Tally excuses;  // What oracles let pass, and why.
  Tally marks;
};

// How node `node` of the scenario is configured.
EngineOptions OptionsOfNode(const Config& config, uint32_t node);

class World : private StrikeJudge {
 public:
  World(const Scenario& scenario, const RunOptions& options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Once.
  RunResult Run();
  // What the oracles judged, after it.
  const Evidence& evidence() const { return evidence_; }

 private:
  struct StepRunner;

  SeedsEvent SeedsOf(uint32_t node) const;
  void StartNode(uint32_t node);
  void StartSoon(uint32_t node);
  void RunUntil(Instant end);
  void Dispatch(const Occasion& occasion);
  void Perform(const Step& step);
  void AfterStep(uint32_t node);
  bool Permits(uint32_t node, const Struck& struck) override;
  void NoteStruck(uint32_t node);
  void NoteFailedSync(uint32_t node);
  void NoteBeliefs(uint32_t node);
  void NoteSilence(uint32_t node);
  void NoteWeather();
  void NoteDeath(uint32_t node);
  void NoteRecovery(uint32_t node);
  void NoteSpace(uint32_t node);
  void NoteLoad(uint32_t node);
  bool Converges() const;
  void Inspect();
  NodeView Look(uint32_t node) const;
  std::vector<uint32_t> UnreadableKeys(const Engine& engine) const;
  std::vector<uint32_t> OwnersOf(const Engine& engine, uint32_t key) const;
  void NoteRing(uint32_t node);
  void NoteOwners(uint32_t node, uint32_t key);
  void WatchQuiet();
  void ReadEverything();
  void AwaitAnswers();
  void ShutOut();
  void AwaitIdle();
  void Judge(RunResult* result);
  void JudgeFatals(RunResult* result);
  Instant HealedAt() const;

  uint32_t NodeOf(uint32_t number) const {
    return number % settings_.config.nodes;
  }

  RunOptions options_;
  Settings settings_;
  std::vector<StepLine> steps_;  // In order of time.
  size_t next_step_ = 0;
  EventQueue queue_;
  Tally tally_;
  Tally marks_;
  RunDigest digest_;
  Evidence evidence_;
  std::vector<StoreModel> models_;
  std::unique_ptr<Witness> witness_;
  std::unique_ptr<SimNetwork> network_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::vector<uint32_t> failed_syncs_;  // Of each node's disk, noted.
  std::vector<bool> death_noted_;       // That of its last process.
  std::vector<uint64_t> view_hashes_;   // Of each node, as last looked at.
  std::vector<uint32_t> recovered_;     // Of each node: the process that has.
  std::unique_ptr<Clients> clients_;
  std::vector<bool> absent_;  // Died before it was first started.
  uint64_t dispatched_ = 0;
  bool catches_up_ = false;  // A node takes what it was sent while paused.
  bool is_cut_ = false;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_WORLD_H_
