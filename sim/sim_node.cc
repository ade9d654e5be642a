#include "sim/sim_node.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/coding.h"
#include "core/base/invariant.h"
#include "sim/weather.h"

namespace orrery::sim {
namespace {

// The end of a turn of the event loop: what is ready now comes first.
constexpr Duration kLoopTurn{2'000};
// Monotonic clocks count from some earlier moment, never from zero.
constexpr Duration kUptime = 1000 * kSecond;
// What node/server.cc gives a stop.
constexpr Duration kStopTimeout = 7 * kSecond;
// No client of the workload.
constexpr Handle kOperator{UINT32_MAX, 1};

}  // namespace

SimNode::SimNode(const Wiring& wiring)
    : wiring_(wiring),
      disk_({.seed = wiring.seed, .node = wiring.index}, wiring.noise,
            wiring.queue, wiring.tally) {}

void SimNode::Start(const SeedsEvent& seeds) {
  if (IsUp()) return;
  ++process_;
  started_at_ = wiring_.queue.now();
  resumed_at_ = started_at_;
  stopping_ = false;
  stopped_ = false;
  stopped_clean_at_.reset();
  deadline_.reset();
  tick_at_ = {};
  tick_soon_ = false;
  disk_.StartProcess(process_);
  wiring_.network.OnProcessUp(wiring_.index, process_);
  engine_ = std::make_unique<Engine>(wiring_.engine);
  pump_ = std::make_unique<Pump>(*engine_, Pump::Ports{.clock = *this,
                                                       .disk = disk_,
                                                       .network = *this,
                                                       .clients = *this,
                                                       .observer = *this});
  StartEvent start;
  for (uint32_t word = 0; word < 4; ++word) {
    const uint64_t name = (uint64_t{wiring_.index} << 32) | process_;
    const uint64_t fate = Fate(wiring_.seed, Lot::kEntropy, name, word);
    for (uint32_t byte = 0; byte < 8; ++byte) {
      start.entropy[word * 8 + byte] = static_cast<uint8_t>(fate >> (8 * byte));
    }
  }
  start.boot_id = {Fate(wiring_.seed, Lot::kBoot, wiring_.index, boot_), boot_};
  Step(std::move(start));
  if (IsUp()) Step(seeds);
}

void SimNode::Step(EventBody&& body) {
  if (std::holds_alternative<StopEvent>(body)) BeginStop();
  pump_->Deliver(std::move(body));
  if (std::exchange(fatal_, false)) {
    End(false);
  } else if (stopped_) {
    FinishStop();
  }
}

void SimNode::BeginStop() {
  const EngineState state = engine_->state();
  had_data_ = state != EngineState::kStarting && state != EngineState::kFailed;
  stop_begun_ = wiring_.queue.now();
  disk_faults_ = disk_.faults();
  wiring_.queue.Schedule(stop_begun_ + kStopTimeout,
                         {.process = process_,
                          .payload = 0,
                          .node = static_cast<uint16_t>(wiring_.index),
                          .what = Happening::kStopTimeout});
}

// It ended itself.  What it had is synced, unless its disk ever failed it, or
// it had not recovered yet and promised nothing.
void SimNode::FinishStop() {
  if (had_data_ && !disk_.HasFailed()) {
    wiring_.tally.Count("mattered.stop");
    stopped_clean_at_ = wiring_.queue.now();
  }
  End(false);
}

void SimNode::OnStopTimeout(const Occasion& occasion) {
  if (!IsUp() || occasion.process != process_) return;
  if (paused_) {  // The clock of a sleeper has not struck yet.
    wiring_.queue.Schedule(wiring_.queue.now() + kSecond, occasion);
    return;
  }
  wiring_.tally.Count("fault.stop_timed_out");
  const bool held_up = disk_faults_ != disk_.faults() || disk_.IsFaulty() ||
                       wiring_.noise.disk_stall.num != 0 ||
                       resumed_at_ > stop_begun_;
  if (!held_up) wiring_.witness.OnStopOverdue(wiring_.index);
  End(false);
}

void SimNode::End(bool silently) {
  if (!IsUp()) return;
  stopping_ = false;
  stopped_ = false;
  engine_.reset();
  pump_.reset();
  backlog_.clear();
  paused_ = false;
  disk_.EndProcess();
  wiring_.network.OnProcessDown(wiring_.index, silently);
}

// What the process was about when it met its end.
void SimNode::CountMoment() const {
  if (!IsUp()) return;
  const EngineState state = engine_->state();
  if (state == EngineState::kStarting) {
    wiring_.tally.Count("fault.end_in_recovery");
  } else if (state == EngineState::kWaiting || state == EngineState::kForming) {
    wiring_.tally.Count("fault.end_before_ring");
  }
}

void SimNode::Crash() {
  if (IsUp()) wiring_.tally.Count("fault.crash");
  CountMoment();
  if (IsStopping()) wiring_.tally.Count("fault.crash_in_stop");
  restart_wanted_ = false;
  End(false);
}

void SimNode::Stop() {
  if (!IsUp()) return;
  if (stopping_) {
    if (paused_) return;  // One signal is pending: a second makes no two.
    wiring_.tally.Count("fault.stop_forced");
    restart_wanted_ = false;
    End(false);
    return;
  }
  wiring_.tally.Count("fault.stop");
  CountMoment();
  stopping_ = true;
  Deliver(process_, StopEvent{});
}

void SimNode::LosePower(std::optional<uint32_t> keep,
                        std::optional<uint32_t> torn) {
  if (IsUp()) wiring_.tally.Count("fault.powerloss");
  CountMoment();
  if (IsStopping()) wiring_.tally.Count("fault.powerloss_in_stop");
  restart_wanted_ = false;
  End(true);
  disk_.LosePower(keep, torn);
  ++boot_;
}

void SimNode::Wipe() {
  wiring_.tally.Count("fault.wipe");
  restart_wanted_ = false;
  End(false);
  disk_.Wipe();
  wiped_ = true;
}

bool SimNode::Restore() {
  restart_wanted_ = false;
  End(false);
  if (!disk_.Restore()) return false;
  wiring_.tally.Count("fault.restore");
  return true;
}

void SimNode::TakeSnapshot() {
  if (!IsUp()) return;
  std::string number = std::to_string(++snapshots_);
  number.insert(0, 4 - std::min<size_t>(number.size(), 4), '0');  // In order.
  ClientRequest request;
  request.client = kOperator;
  request.verb = ClientVerb::kSnapshot;
  request.key = "s" + number;
  Deliver(process_, std::move(request));
}

void SimNode::Pause() {
  if (!IsUp() || paused_) return;
  wiring_.tally.Count("fault.pause");
  paused_ = true;
}

std::vector<EventBody> SimNode::Resume() {
  if (!IsUp() || !paused_) return {};
  paused_ = false;
  resumed_at_ = wiring_.queue.now();
  return std::exchange(backlog_, {});
}

void SimNode::Deliver(uint32_t process, EventBody&& body) {
  if (!IsUp() || process != process_) return;  // NOD-1
  if (paused_) {                               // NOD-2
    wiring_.tally.Count("mattered.pause");
    if (backlog_.size() < kBacklogMax) backlog_.push_back(std::move(body));
    return;
  }
  Step(std::move(body));
}

void SimNode::OnTick(const Occasion& occasion) {
  if (!IsUp() || occasion.process != process_) return;
  if (occasion.payload != arming_) return;
  tick_at_ = {};
  if (!deadline_.has_value()) return;
  const Instant due = started_at_ + (*deadline_ - (Instant{0} + kUptime));
  if (due > wiring_.queue.now()) {
    ScheduleTick(due);
    return;
  }
  Deliver(process_, TickEvent{});
}

void SimNode::OnTickSoon(const Occasion& occasion) {
  if (!IsUp() || occasion.process != process_) return;
  tick_soon_ = false;
  Deliver(process_, TickEvent{});
}

void SimNode::OnDiskDone(const Occasion& occasion) {
  std::optional<DiskDone> done = disk_.Complete(occasion);
  if (done.has_value()) Deliver(occasion.process, std::move(*done));
}

Stamp SimNode::Now() {
  const Instant now = wiring_.queue.now();
  return {Instant{0} + kUptime + (now - started_at_), clock_.Wall(now)};
}

void SimNode::ArmTick(std::optional<Instant> deadline) {
  deadline_ = deadline;
  if (!deadline.has_value()) return;
  Instant due = started_at_ + (*deadline - (Instant{0} + kUptime));
  if (due < wiring_.queue.now()) due = wiring_.queue.now();
  if (tick_at_.ns != 0 && tick_at_ <= due) return;  // Comes earlier anyway.
  ScheduleTick(due);
}

void SimNode::ScheduleTick(Instant due) {
  ++arming_;
  const uint64_t name = (uint64_t{wiring_.index} << 32) | process_;
  const Duration late =
      Within(Fate(wiring_.seed, Lot::kTickLate, name, arming_),
             wiring_.noise.tick_late);
  // Never at the very moment it was asked for: a timer takes a loop turn.
  tick_at_ = due + late + kMicrosecond;
  const int64_t grain = wiring_.noise.tick_grain.ns;
  if (grain > 0) {
    wiring_.tally.Count("fault.coarse_tick");
    tick_at_ = {(tick_at_.ns + grain - 1) / grain * grain};
  }
  wiring_.queue.Schedule(tick_at_,
                         {.process = process_,
                          .payload = arming_,
                          .node = static_cast<uint16_t>(wiring_.index),
                          .what = Happening::kTick});
}

void SimNode::TickSoon() {
  if (tick_soon_) return;
  tick_soon_ = true;
  wiring_.queue.Schedule(wiring_.queue.now() + kLoopTurn,
                         {.process = process_,
                          .payload = 0,
                          .node = static_cast<uint16_t>(wiring_.index),
                          .what = Happening::kTickSoon});
}

void SimNode::Send(const Endpoint& to, const PeerMessage& message) {
  wiring_.network.Send(wiring_.index, to, message);
}

void SimNode::SendDatagram(const Endpoint& to, const Datagram& datagram) {
  wiring_.network.SendDatagram(wiring_.index, to, datagram);
}

void SimNode::Reply(Handle client, ClientReply reply) {
  if (client == kOperator) return;
  wiring_.witness.OnReply(wiring_.index, client, std::move(reply));
}

void SimNode::OnMark(std::string_view mark) { wiring_.witness.OnMark(mark); }

void SimNode::OnNote(const Note& note) {
  if (note.kind == Note::Kind::kFatal) fatal_ = true;
  wiring_.witness.OnNote(wiring_.index, note);
}

void SimNode::OnStopped() { stopped_ = true; }

void SimNode::OnEvent(const Event& event) { wiring_.witness.OnEvent(event); }

void SimNode::OnStep(const Event& event, const Effects& effects) {
  wiring_.witness.OnStep(wiring_.index, event, effects);
}

}  // namespace orrery::sim
