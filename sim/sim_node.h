// sim/sim_node.h
//
// SimNode is one simulated machine: a disk and a clock that last, and at most
// one process (Engine and Pump) that comes and goes.  It implements the ports
// of that process; what happens when is the world's.
//
// Invariants:
//   NOD-1  A dead process is given nothing and does nothing.
//   NOD-2  A paused process is given nothing; what came meanwhile is given to
//          it, in order, when it resumes.

#ifndef ORRERY_SIM_SIM_NODE_H_
#define ORRERY_SIM_SIM_NODE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/engine/engine.h"
#include "core/engine/pump.h"
#include "core/ports/client_gateway.h"
#include "core/ports/clock.h"
#include "core/ports/network.h"
#include "core/ports/observer.h"
#include "core/protocol/options.h"
#include "sim/event_queue.h"
#include "sim/sim_clock.h"
#include "sim/sim_disk.h"
#include "sim/sim_network.h"

namespace orrery::sim {

// Hears what a node does.
class NodeWitness {
 public:
  virtual ~NodeWitness() = default;
  virtual void OnEvent(const Event& event) = 0;
  virtual void OnStep(uint32_t node, const Event& event,
                      const Effects& effects) = 0;
  virtual void OnReply(uint32_t node, Handle client, ClientReply reply) = 0;
  virtual void OnMark(std::string_view mark) = 0;
  virtual void OnNote(uint32_t node, const Note& note) = 0;
  // Its stop took too long, though nothing held it up.
  virtual void OnStopOverdue(uint32_t node) = 0;
};

class SimNode : private ClockPort,
                private NetworkPort,
                private ClientGateway,
                private Observer {
 public:
  struct Wiring {
    uint32_t index;
    uint64_t seed;
    EngineOptions engine;
    const Noise& noise;
    EventQueue& queue;
    SimNetwork& network;
    Tally& tally;
    NodeWitness& witness;
  };

  explicit SimNode(const Wiring& wiring);

  // No-ops where they make no sense: every step is total.
  void Start(const SeedsEvent& seeds);
  void Crash();
  void LosePower(std::optional<uint32_t> keep, std::optional<uint32_t> torn);
  void Wipe();
  // False: there is no snapshot, and nothing happened to the disk.
  bool Restore();
  void Pause();
  // What it was given while it was paused: for Deliver, in order.
  [[nodiscard]] std::vector<EventBody> Resume();
  // Asks the process to stop; it ends when it says so, or after kStopTimeout.
  // Asked again, it ends at once.
  void Stop();
  // Of a process that is stopping: it is started again after its end.
  void RestartAfterStop() { restart_wanted_ = IsStopping(); }
  // An operator asks for a snapshot; nobody waits for it.
  void TakeSnapshot();
  bool TakeRestartWanted() { return std::exchange(restart_wanted_, false); }

  bool IsUp() const { return engine_ != nullptr; }
  bool IsPaused() const { return paused_; }
  bool WasWiped() const { return wiped_; }
  bool IsStopping() const { return IsUp() && stopping_; }
  // When the last process ended itself on request, with all that it had
  // synced; none: it ended otherwise, or runs.
  std::optional<Instant> stopped_clean_at() const { return stopped_clean_at_; }
  Instant resumed_at() const { return resumed_at_; }
  // Counts starts, from 1.
  uint32_t process() const { return process_; }

  // An event for process `process`; dropped if that is gone.
  // The process may end by itself (Note::kFatal): then IsUp() is false after.
  void Deliver(uint32_t process, EventBody&& body);
  void OnTick(const Occasion& occasion);
  void OnTickSoon(const Occasion& occasion);
  void OnDiskDone(const Occasion& occasion);
  void OnStopTimeout(const Occasion& occasion);

  // REQUIRES: IsUp().
  const Engine& engine() const { return *engine_; }
  SimDisk& disk() { return disk_; }
  SimClock& clock() { return clock_; }

 private:
  // Longest backlog a paused process keeps; kernels keep less.
  static constexpr size_t kBacklogMax = 100'000;

  Stamp Now() override;
  void ArmTick(std::optional<Instant> deadline) override;
  void TickSoon() override;
  void Send(const Endpoint& to, const PeerMessage& message) override;
  void SendDatagram(const Endpoint& to, const Datagram& datagram) override;
  void Reply(Handle client, ClientReply reply) override;
  void OnMark(std::string_view mark) override;
  void OnNote(const Note& note) override;
  void OnStopped() override;
  void OnEvent(const Event& event) override;
  void OnStep(const Event& event, const Effects& effects) override;

  void End(bool silently);
  void Step(EventBody&& body);
  void BeginStop();
  void FinishStop();
  void CountMoment() const;
  void ScheduleTick(Instant at);

  Wiring wiring_;
  SimDisk disk_;
  SimClock clock_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Pump> pump_;
  uint32_t process_ = 0;
  uint32_t boot_ = 1;
  bool paused_ = false;
  bool wiped_ = false;
  bool fatal_ = false;
  bool stopping_ = false;
  bool stopped_ = false;   // It has said so.
  bool had_data_ = false;  // When it was asked to stop it had recovered.
  bool restart_wanted_ = false;
  uint32_t snapshots_ = 0;    // That were asked for.
  uint32_t disk_faults_ = 0;  // Of the disk, when it was asked to stop.
  Instant stop_begun_;
  std::optional<Instant> stopped_clean_at_;
  Instant started_at_;
  Instant resumed_at_;
  std::vector<EventBody> backlog_;

  std::optional<Instant> deadline_;  // On the monotonic clock.
  uint32_t arming_ = 0;              // Names the tick that is scheduled.
  Instant tick_at_;                  // World time of it; zero: none.
  bool tick_soon_ = false;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SIM_NODE_H_
