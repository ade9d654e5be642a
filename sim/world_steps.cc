#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/base/invariant.h"
#include "sim/world.h"

namespace orrery::sim {

// Does what one step of the scenario says.  Nodes wrap round; what makes no
// sense does nothing.
struct World::StepRunner {
  // What it was given all that time, it takes now, one by one.
  void Resume(uint32_t number) const {
    SimNode& node = *world.nodes_[number];
    const uint32_t process = node.process();
    std::vector<EventBody> backlog = node.Resume();
    world.evidence_.atlas.End(number, ReachAtlas::NodeTrouble::kPaused,
                              world.queue_.now());
    if (node.IsUp()) {
      world.evidence_.history.RecordResumption(
          number, History::HaltCause::kProcess, world.queue_.now());
    }
    world.catches_up_ = true;
    for (EventBody& body : backlog) {
      node.Deliver(process, std::move(body));
      world.AfterStep(number);
    }
    world.catches_up_ = false;
    world.AfterStep(number);
  }

  World& world;

  void operator()(const OpStep& step) const { world.clients_->Begin(step); }

  // A machine that is down before its process was ever started does not start
  // it: somebody has to.
  void KeepAbsent(uint32_t number) const {
    if (world.nodes_[number]->process() == 0) world.absent_[number] = true;
  }

  void operator()(const NodeStep& step) const {
    const uint32_t number = world.NodeOf(step.node);
    SimNode& node = *world.nodes_[number];
    switch (step.kind) {
      case NodeStep::Kind::kCrash:
        KeepAbsent(number);
        node.Crash();
        return;
      case NodeStep::Kind::kRestart:
        if (node.IsUp()) {
          node.RestartAfterStop();
        } else {
          world.StartNode(number);
        }
        return;
      case NodeStep::Kind::kPause:
        node.Pause();
        if (node.IsPaused()) {
          world.evidence_.atlas.Begin(number, ReachAtlas::NodeTrouble::kPaused,
                                      world.queue_.now());
        }
        world.evidence_.history.RecordHalt(number, History::HaltCause::kProcess,
                                           world.queue_.now());
        return;
      case NodeStep::Kind::kResume:
        Resume(number);
        return;
      case NodeStep::Kind::kStop:
        KeepAbsent(number);
        if (node.IsUp()) {
          world.evidence_.atlas.Begin(number, ReachAtlas::NodeTrouble::kEnding,
                                      world.queue_.now());
        }
        node.Stop();
        world.AfterStep(number);
        return;
      case NodeStep::Kind::kStorm:
        world.tally_.Count("fault.storm");
        for (uint32_t peer = 0; peer < world.settings_.config.nodes; ++peer) {
          if (peer == number) continue;
          const bool out = world.network_->Reset(number, peer);
          const bool in = world.network_->Reset(peer, number);
          if (out || in) world.tally_.Count("mattered.storm");
        }
        return;
      case NodeStep::Kind::kDeaf:
        world.tally_.Count("fault.deaf");
        world.clients_->Deafen(number);
        return;
      case NodeStep::Kind::kMute:
        world.tally_.Count("fault.mute");
        world.clients_->Silence(number);
        return;
      case NodeStep::Kind::kHeard:
        world.clients_->Reconnect(number);
        return;
      case NodeStep::Kind::kWipe:
        node.Wipe();
        world.NoteDeath(number);
        world.models_[number].OnWiped();
        world.witness_->OnRingStruck(number, node.process());
        world.evidence_.atlas.Begin(number, ReachAtlas::NodeTrouble::kWiped,
                                    world.queue_.now());
        world.evidence_.history.RecordDisaster(
            {.node = number, .at = world.queue_.now(), .wiped = true});
        return;
      case NodeStep::Kind::kSnapshot:
        node.TakeSnapshot();
        world.AfterStep(number);
        return;
      case NodeStep::Kind::kRestore:
        return Restore(number);
    }
  }

  void Restore(uint32_t number) const {
    SimNode& node = *world.nodes_[number];
    KeepAbsent(number);
    const bool is_restored = node.Restore();
    world.NoteDeath(number);
    if (!is_restored) return;
    world.models_[number].OnRestored();
    world.witness_->OnRingStruck(number, node.process());
    world.evidence_.history.RecordDisaster(
        {.node = number, .at = world.queue_.now(), .restored = true});
  }

  void operator()(const PowerLossStep& step) const {
    const uint32_t number = world.NodeOf(step.node);
    KeepAbsent(number);
    world.nodes_[number]->LosePower(step.keep, step.torn);
    world.evidence_.history.RecordDisaster(
        {.node = number, .at = world.queue_.now(), .wiped = false});
  }

  void Apply(LinkStep::Kind kind, uint32_t from, uint32_t to) const {
    if (from == to) return;
    SimNetwork& network = *world.network_;
    ReachAtlas& atlas = world.evidence_.atlas;
    using Trouble = ReachAtlas::LinkTrouble;
    switch (kind) {
      case LinkStep::Kind::kCut:
        world.tally_.Count("fault.cut_link");
        network.Cut(from, to);
        atlas.BeginLink(from, to, Trouble::kCut, world.queue_.now());
        return;
      case LinkStep::Kind::kClog:
        network.Clog(from, to);
        atlas.BeginLink(from, to, Trouble::kClogged, world.queue_.now());
        return;
      case LinkStep::Kind::kReset:
        network.Reset(from, to);
        return;
      case LinkStep::Kind::kHalfOpen:
        network.HalfOpen(from, to);
        return;
      case LinkStep::Kind::kHold:
        network.Hold(from, to);
        atlas.BeginLink(from, to, Trouble::kHeld, world.queue_.now());
        return;
      case LinkStep::Kind::kRelease:
        network.Release(from, to);
        atlas.EndLink(from, to, Trouble::kHeld, world.queue_.now());
        return;
      case LinkStep::Kind::kChoke:
        network.Choke(from, to);
        return;
    }
  }

  void Heal(uint32_t from, uint32_t to) const {
    if (from == to) return;
    world.network_->Heal(from, to);
    using Trouble = ReachAtlas::LinkTrouble;
    for (const Trouble trouble :
         {Trouble::kCut, Trouble::kHeld, Trouble::kClogged}) {
      world.evidence_.atlas.EndLink(from, to, trouble, world.queue_.now());
    }
  }

  void operator()(const LinkStep& step) const {
    const uint32_t from = world.NodeOf(step.link.from);
    const uint32_t to = world.NodeOf(step.link.to);
    Apply(step.kind, from, to);
    if (step.link.both) Apply(step.kind, to, from);
  }

  void operator()(const SplitStep& step) const {
    for (const uint32_t left : step.left) {
      for (const uint32_t right : step.right) {
        const uint32_t a = world.NodeOf(left);
        const uint32_t b = world.NodeOf(right);
        Apply(LinkStep::Kind::kCut, a, b);
        Apply(LinkStep::Kind::kCut, b, a);
      }
    }
  }

  void operator()(const HealStep& step) const {
    if (step.link.has_value()) {
      const uint32_t from = world.NodeOf(step.link->from);
      const uint32_t to = world.NodeOf(step.link->to);
      Heal(from, to);
      if (step.link->both) Heal(to, from);
      return;
    }
    for (uint32_t from = 0; from < world.settings_.config.nodes; ++from) {
      world.clients_->Reconnect(from);
      for (uint32_t to = 0; to < world.settings_.config.nodes; ++to) {
        Heal(from, to);
      }
    }
  }

  void operator()(const ClockStep& step) const {
    world.tally_.Count("fault.clock");
    world.nodes_[world.NodeOf(step.node)]->clock().Fault(step,
                                                         world.queue_.now());
  }

  void operator()(const DiskStep& step) const {
    const uint32_t number = world.NodeOf(step.node);
    world.nodes_[number]->disk().Fault(step);
    world.NoteStruck(number);
    switch (step.kind) {
      case DiskStep::Kind::kOk:
        world.evidence_.history.RecordResumption(
            number, History::HaltCause::kDisk, world.queue_.now());
        return;
      case DiskStep::Kind::kFull:
      case DiskStep::Kind::kRoom:
      case DiskStep::Kind::kSyncFails:
      case DiskStep::Kind::kWriteFails:
      case DiskStep::Kind::kWriteFailsOnce:
      case DiskStep::Kind::kReadOnly:
      case DiskStep::Kind::kNoHandles:
        world.evidence_.history.RecordHalt(number, History::HaltCause::kDisk,
                                           world.queue_.now());
        return;
      case DiskStep::Kind::kStall:
      case DiskStep::Kind::kSlow:
      case DiskStep::Kind::kReadFails:
      case DiskStep::Kind::kReadFailsOnce:
        return;  // Evidence::unsynced has room for them.
      case DiskStep::Kind::kRot:
      case DiskStep::Kind::kLoseWrite:
      case DiskStep::Kind::kMisdirect:
      case DiskStep::Kind::kLoseFile:
        return;  // Nothing is halted.
    }
  }

  void operator()(const KnobStep& step) const {
    const std::string wrong =
        ApplyNoise(step.name, step.value, &world.settings_.noise);
    ORRERY_INVARIANT(wrong.empty());
    world.NoteWeather();
  }
};

void World::Perform(const Step& step) {
  std::visit(StepRunner{*this}, step);
  // Whatever the step did to whom, nobody answers for a process that is gone.
  for (uint32_t node = 0; node < settings_.config.nodes; ++node) {
    if (!nodes_[node]->IsUp()) NoteDeath(node);
  }
}

}  // namespace orrery::sim
