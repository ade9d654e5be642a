#include "sim/checkers/siblings_exact.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

void ComplainOfStored(const Evidence& evidence, std::string sentence,
                      const Operation* op, uint32_t key, Verdict* verdict) {
  Report(verdict, {.oracle = "O2",
                   .property = "siblings-exact",
                   .sentence = std::move(sentence),
                   .op = op == nullptr ? 0 : op->id,
                   .key = key,
                   .at = evidence.ended});
}

// The write that the version is of; null: a tombstone, or nobody's.
const Operation* WriteOf(const Evidence& evidence,
                         const Ledger::Version& version) {
  if (version.op == 0) return nullptr;
  return evidence.history.Find(version.op);
}

// Whether a delete of the key may have made the tombstone.
bool SomeDeleteMade(const Evidence& evidence, const Ledger::Version& version) {
  for (const Operation& op : evidence.history.operations()) {
    if (op.verb != OpStep::Verb::kDelete || op.key != version.key) continue;
    if (op.outcome == Outcome::kFailed || op.invoked > version.seen) continue;
    if (op.IsOpenEnded()) return true;  // Also where its node never woke.
    if (op.retried || op.version == version.stamp) return true;
  }
  return false;
}

// What is wrong with a version that is stored; empty: nothing.
std::string WrongWith(const Evidence& evidence,
                      const Ledger::Version& version) {
  if (version.tombstone) {
    return SomeDeleteMade(evidence, version) ? "" : "which no delete made";
  }
  const Operation* write = WriteOf(evidence, version);
  if (write == nullptr || write->verb != OpStep::Verb::kPut ||
      write->key != version.key) {
    return "which no put of that key wrote";
  }
  if (write->outcome == Outcome::kFailed) {
    return "which the " + OpText(*write) + " wrote, that was refused";
  }
  if (write->IsOk() && !write->retried && write->version != version.stamp) {
    return "which is the value of the " + OpText(*write) +
           " under another version than was acknowledged";
  }
  return "";
}

// Nodes behind a fast clock may draw one stamp: of those of the stamp that
// `accepts` the one that somebody had, and that ranks first.
template <typename Accepts>
const Ledger::Version* TopOfStamp(const Evidence& evidence, uint32_t key,
                                  uint64_t stamp, const Accepts& accepts) {
  const Ledger::Version* top = nullptr;
  for (const uint32_t index : evidence.ledger.OfKey(key)) {
    const Ledger::Version& version = evidence.ledger.At(index);
    if (version.stamp != stamp || !accepts(version)) continue;
    const bool is_better =
        top == nullptr ||
        (version.held == top->held ? Outranks(version, *top) : version.held);
    if (is_better) top = &version;
  }
  return top;
}

// A twin of the version that ranks above it, that somebody acknowledged, and
// that nobody can have lost: who of the holders of the stamp had which of the
// two is not told.
const Ledger::Version* KeptTwinAbove(const Evidence& evidence,
                                     const Ledger::Version& version) {
  const Ledger::Version* twin =
      TopOfStamp(evidence, version.key, version.stamp,
                 [&version](const Ledger::Version& one) {
                   return one.held && Outranks(one, version);
                 });
  if (twin == nullptr) return nullptr;
  const bool may_be_lost = evidence.history.AnyHolderLost(
      twin->key, twin->stamp, {evidence.unsynced}, kEver);
  return may_be_lost ? nullptr : twin;
}

// The highest version of the key that somebody acknowledged and did not lose,
// if it is above `stamp`.
const Ledger::Version* KeptAbove(const Evidence& evidence, uint32_t key,
                                 uint64_t stamp, Verdict* verdict) {
  const History::Durability durability{evidence.unsynced};
  const Ledger::Version* highest = nullptr;
  for (const uint32_t index : evidence.ledger.OfKey(key)) {
    const Ledger::Version& version = evidence.ledger.At(index);
    if (version.stamp <= stamp) continue;
    if (evidence.history.HoldersOf(key, version.stamp).empty()) continue;
    const std::vector<uint32_t> left =
        evidence.history.HoldersLeft(key, version.stamp, durability, kEver);
    if (left.empty()) {
      Excuse(verdict, "O2 all who stored it lost it");
      continue;
    }
    if (std::ranges::none_of(
            left, [&](uint32_t node) { return evidence.InCore(node); })) {
      Excuse(verdict, "O2 the only copies are on nodes outside the core");
      continue;
    }
    if (highest == nullptr || Outranks(version, *highest)) highest = &version;
  }
  return highest;
}

void CheckStored(const Evidence& evidence, const KeyView& key, uint32_t owner,
                 const KeyEntry& entry, Verdict* verdict) {
  const std::string place =
      "After healing, " + NodeText(owner) + " holds version " +
      std::to_string(entry.timestamp) + " of " + KeyText(key.key);
  const Ledger::Version* version = TopOfStamp(
      evidence, key.key, entry.timestamp, [&entry](const Ledger::Version& one) {
        return one.tombstone == entry.tombstone;
      });
  if (version == nullptr) {
    ComplainOfStored(evidence,
                     place +
                         (entry.tombstone ? " as a delete" : " as a value") +
                         ", which no node ever sent or was told.",
                     nullptr, key.key, verdict);
    return;
  }
  if (KeptTwinAbove(evidence, *version) != nullptr) {
    ComplainOfStored(evidence, place + " as a value, and it is a delete.",
                     nullptr, key.key, verdict);
    return;
  }
  const std::string wrong = WrongWith(evidence, *version);
  if (!wrong.empty()) {
    ComplainOfStored(evidence, place + ", " + wrong + ".",
                     WriteOf(evidence, *version), key.key, verdict);
    return;
  }
  const Ledger::Version* above =
      KeptAbove(evidence, key.key, entry.timestamp, verdict);
  if (above == nullptr) return;
  ComplainOfStored(evidence,
                   place + ", and the higher version " +
                       std::to_string(above->stamp) +
                       " was stored and never lost.",
                   WriteOf(evidence, *above), key.key, verdict);
}

// What the final read was told is what the first owner holds.
void CheckFinalRead(const Evidence& evidence, const KeyView& key,
                    const KeyEntry& entry, const Operation& read,
                    Verdict* verdict) {
  ++verdict->checked;
  const std::string told = "The " + OpText(read) + ", after healing, returned ";
  if (read.version != entry.timestamp || read.found == entry.tombstone) {
    ComplainOfStored(evidence,
                     told + "version " + std::to_string(read.version) +
                         ", and its owners hold version " +
                         std::to_string(entry.timestamp) + ".",
                     &read, key.key, verdict);
    return;
  }
  if (!read.found) return;
  const std::optional<uint32_t> op = OpOfValue(read.value.text());
  const Ledger::Version* version =
      TopOfStamp(evidence, key.key, entry.timestamp,
                 [&op](const Ledger::Version& one) { return one.op == op; });
  if (version == nullptr) {
    ComplainOfStored(evidence,
                     told + AnswerText(read) + ", which is not of its stamp.",
                     &read, key.key, verdict);
    return;
  }
  const Ledger::Version* twin = KeptTwinAbove(evidence, *version);
  if (twin == nullptr) return;
  ComplainOfStored(evidence,
                   told + AnswerText(read) + ", and of its stamp op" +
                       std::to_string(twin->op) + " ranks first.",
                   &read, key.key, verdict);
}

}  // namespace

Verdict CheckSiblingsExact(const Evidence& evidence) {
  Verdict verdict;
  if (!evidence.healed) return verdict;
  std::vector<const Operation*> final_reads(evidence.config.keys);
  for (const Operation& op : evidence.history.operations()) {
    if (op.final_read && op.IsOk()) final_reads[op.key] = &op;
  }
  for (const KeyView& key : evidence.keys) {
    if (evidence.history.IsKept(key.key)) continue;
    std::vector<uint32_t> owners;
    for (const uint32_t owner : key.owners) {
      const NodeView& node = evidence.nodes[owner];
      if (!evidence.InCore(owner)) continue;
      if (node.up && !node.wiped) owners.push_back(owner);
    }
    if (owners.size() < 2) continue;  // Nothing was ever sent of its versions.
    for (const uint32_t owner : owners) {
      const KeyEntry* entry =
          FindEntry(evidence.nodes[owner].entries, key.token);
      if (entry == nullptr) continue;
      ++verdict.checked;
      CheckStored(evidence, key, owner, *entry, &verdict);
      if (owner == owners.front() && final_reads[key.key] != nullptr) {
        CheckFinalRead(evidence, key, *entry, *final_reads[key.key], &verdict);
      }
    }
  }
  return verdict;
}

}  // namespace orrery::sim
