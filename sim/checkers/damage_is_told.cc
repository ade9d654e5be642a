#include "sim/checkers/damage_is_told.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/ring/token.h"
#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

std::string_view FaultText(DiskStep::Kind how) {
  switch (how) {
    case DiskStep::Kind::kRot:
      return "rotted";
    case DiskStep::Kind::kLoseWrite:
      return "never reached the disk";
    case DiskStep::Kind::kMisdirect:
      return "was written over";
    default:
      return "went with its file";
  }
}

std::string RecordText(const Damage& damage) {
  return "Version " + std::to_string(damage.version) + " of " +
         KeyText(damage.key) + " on " + NodeText(damage.node) + " " +
         std::string(FaultText(damage.how)) + " at " + SecondsText(damage.at);
}

void Complain(const Damage& damage, Instant at, std::string sentence,
              Verdict* verdict) {
  Report(verdict, {.oracle = "O19",
                   .property = "damage-is-told",
                   .sentence = std::move(sentence),
                   .op = 0,
                   .key = damage.key,
                   .at = at});
}

bool Has(const NodeView& node, const Damage& damage) {
  if (!node.up || node.wiped) return false;
  const KeyEntry* entry = FindEntry(node.entries, TokenOf(KeyText(damage.key)));
  return entry != nullptr && !entry->doubted &&
         entry->timestamp >= damage.version;
}

// What was told of is repaired in the end, if anyone can.
void CheckRepair(const Evidence& evidence, const Damage& damage,
                 Verdict* verdict) {
  if (!evidence.healed || damage.in_hints) return;
  if (!evidence.InCore(damage.node)) return;
  const NodeView& node = evidence.nodes[damage.node];
  if (!node.Serves() || node.wiped) return;
  if (Has(node, damage) && !damage.remains) return;
  const bool is_owner = std::any_of(
      evidence.keys.begin(), evidence.keys.end(), [&](const KeyView& key) {
        return key.key == damage.key &&
               std::find(key.owners.begin(), key.owners.end(), damage.node) !=
                   key.owners.end();
      });
  if (!is_owner) return;
  // Who is not in the core does not give it.
  bool is_lost = true;
  for (uint32_t other = 0; other < evidence.nodes.size(); ++other) {
    if (other == damage.node || !evidence.InCore(other)) continue;
    if (Has(evidence.nodes[other], damage)) is_lost = false;
  }
  if (is_lost) {
    Excuse(verdict, "O19 nobody has it any more");
    return;
  }
  if (evidence.FoundLate(damage)) {
    Excuse(verdict, "O19 found just before the end");
    return;
  }
  Complain(damage, evidence.ended,
           RecordText(damage) +
               "; the node said so, and after healing it has " +
               "nothing in its place.",
           verdict);
}

// So many passes, and so much for what slows a disk or stops a process.
constexpr int64_t kPasses = 2;
constexpr Duration kSlack = 15 * kSecond;

// What nobody asks for is found by a scrub.  The file is sealed, because it is
// older than the process.
void CheckScrub(const Evidence& evidence, const Damage& damage,
                Verdict* verdict) {
  const NodeView& node = evidence.nodes[damage.node];
  if (!node.Serves() || node.wiped) return;
  Instant started;
  for (const Recovery& recovery : evidence.recoveries) {
    if (recovery.node == damage.node) started = recovery.at;
  }
  if (started < damage.at) return;
  const Duration passes = evidence.config.engine.scrub_pass * kPasses;
  if (evidence.inspected - started <= passes + kSlack) return;
  ++verdict->checked;
  Complain(damage, evidence.inspected,
           RecordText(damage) + "; the process began at " +
               SecondsText(started) + ", scrubs its files within " +
               SecondsText(Instant{evidence.config.engine.scrub_pass.ns}) +
               ", and has not found it.",
           verdict);
}

}  // namespace

Verdict CheckDamageIsTold(const Evidence& evidence) {
  Verdict verdict;
  for (const Damage& damage : evidence.damages) {
    switch (damage.end) {
      case Damage::End::kUnseen:
        CheckScrub(evidence, damage, &verdict);
        continue;
      case Damage::End::kReplaced:
        continue;
      case Damage::End::kSilent:
        ++verdict.checked;
        Excuse(&verdict, "O19 behind all watermarks when its process ended");
        continue;
      case Damage::End::kTold:
        ++verdict.checked;
        CheckRepair(evidence, damage, &verdict);
        continue;
      case Damage::End::kDenied:
        ++verdict.checked;
        Complain(damage, damage.ended,
                 RecordText(damage) + ", and at " + SecondsText(damage.ended) +
                     " " + NodeText(damage.node) + " " + damage.denial + ".",
                 &verdict);
        continue;
    }
  }
  return verdict;
}

}  // namespace orrery::sim
