#include "sim/checkers/quiet.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/hint/hint_replayer.h"
#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

// A session asks for roots twice, so much apart, if they differ (SyncSession).
constexpr Duration kAsksAgain = 2 * kSecond;
// For a record that one owner has found damaged: keys, an object, a put, and
// the same once more should a session end.
constexpr uint64_t kMessagesARecord = 8;

struct Baseline {
  uint64_t rounds = 0;
  uint64_t hint_tries = 0;  // Of one hint.
  uint64_t datagrams = 0;
  uint64_t frames = 0;
};

// What one node may send another in the window.
Baseline BaselineOf(const EngineOptions& engine) {
  const int64_t window = QuietWindow(engine).ns;
  const auto times = [&](Duration period) {
    return static_cast<uint64_t>(window / std::max<int64_t>(period.ns, 1)) + 2;
  };
  Baseline baseline;
  baseline.rounds = times(engine.sync_round_interval);
  baseline.hint_tries = times(kHintBackoffMax);
  // A ping with a tenth of jitter and an answer to the other's; what views and
  // seeds need is less than once an interval.
  baseline.datagrams = times(engine.gossip_interval * 9 / 10) * 3;
  baseline.frames = times(kSecond);
  return baseline;
}

class Judge15 {
 public:
  Judge15(const Evidence& evidence, Verdict* verdict)
      : evidence_(evidence),
        verdict_(verdict),
        baseline_(BaselineOf(evidence.config.engine)),
        all_there_(evidence.EveryOwnerIsThere()) {
    const Noise& noise = evidence.noise;
    lossless_ = noise.udp_loss.num == 0 && noise.udp_late.num == 0 &&
                noise.udp_flip.num == 0 && noise.udp_cut.num == 0 &&
                noise.udp_tail.num == 0;
  }

  void Judge(uint32_t from, uint32_t to, const Traffic& sent) {
    const uint64_t late = DamagesFoundLately(from, to);
    if (late > 0 && sent.repair > 0) {
      Excuse(verdict_, "O15 damage was found just before, or meanwhile");
    }
    Require(from, to, sent.repair, late * kMessagesARecord,
            "messages to make replicas equal");
    Require(from, to, sent.roots, baseline_.rounds, "lists of roots");
    Require(from, to, sent.hints, HintsMax(from), "deliveries of hints");
    if (!all_there_ || !lossless_) return;
    Require(from, to, sent.datagrams, baseline_.datagrams, "datagrams");
    Require(from, to, sent.frames, baseline_.frames, "other messages");
  }

 private:
  uint64_t DamagesFoundLately(uint32_t a, uint32_t b) const {
    return static_cast<uint64_t>(
        std::ranges::count_if(evidence_.damages, [&](const Damage& damage) {
          return (damage.node == a || damage.node == b) && !damage.in_hints &&
                 evidence_.FoundLate(damage);
        }));
  }

  uint64_t HintsMax(uint32_t from) const {
    uint64_t held = 0;
    for (const NodeView::HintsFor& hints : evidence_.nodes[from].hints_for) {
      held += hints.hints;
    }
    return all_there_ ? 0 : held * baseline_.hint_tries;
  }

  void Require(uint32_t from, uint32_t to, uint64_t sent, uint64_t most,
               const std::string& what) {
    ++verdict_->checked;
    if (sent <= most) return;
    const EngineOptions& engine = evidence_.config.engine;
    Report(verdict_,
           {.oracle = "O15",
            .property = "quiet-after-convergence",
            .sentence = "All had converged, and " + NodeText(from) + " sent " +
                        NodeText(to) + " " + std::to_string(sent) + " " + what +
                        " in " + TimeText(QuietWindow(engine)) + ", where " +
                        std::to_string(most) + " would do.",
            .op = 0,
            .key = 0,
            .at = evidence_.ended});
  }

  const Evidence& evidence_;
  Verdict* verdict_;
  Baseline baseline_;
  bool all_there_;
  bool lossless_ = false;
};

}  // namespace

Duration QuietWindow(const EngineOptions& engine) {
  return engine.sync_round_interval * 2 + kAsksAgain + kSecond;
}

Verdict CheckQuiet(const Evidence& evidence) {
  Verdict verdict;
  if (!evidence.healed || evidence.traffic.empty()) return verdict;
  Judge15 judge(evidence, &verdict);
  const auto nodes = static_cast<uint32_t>(evidence.nodes.size());
  for (uint32_t from = 0; from < nodes; ++from) {
    for (uint32_t to = 0; to < nodes; ++to) {
      if (from == to) continue;
      if (!evidence.InCore(from) || !evidence.InCore(to)) continue;
      // A node without a ring asks for one, and is no replica.
      if (!evidence.nodes[from].Serves() || !evidence.nodes[to].Serves()) {
        continue;
      }
      judge.Judge(from, to, evidence.traffic[from * nodes + to]);
    }
  }
  return verdict;
}

}  // namespace orrery::sim
