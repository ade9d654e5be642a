#include "sim/checkers/kept_siblings.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/total_order.h"
#include "core/version/version_vector.h"
#include "sim/checkers/narration.h"
#include "sim/checkers/quorum_recency.h"

namespace orrery::sim {
namespace {

// A put and what became of it.
struct Put {
  const Operation* op = nullptr;
  struct Version {
    Dot dot;
    // It is what the client was told of.  A write that was repeated may have
    // two of one stamp: which of them it was is not known, and either will do.
    bool is_told = false;
  };
  // By which replicas know it; none: it never left.  One that was minted and
  // refused by the store is among them, and was never there; and those of a try
  // that came late, and brought back what was replaced.
  std::vector<Version> versions;
  Instant may_be_gone = kEver;  // From here on somebody may have replaced it.
};

// A read, and the puts whose values it showed, in order of their names.
struct Read {
  const Operation* op = nullptr;
  std::vector<uint32_t> shown;

  bool Shows(const Put& put) const {
    return std::ranges::binary_search(shown, put.op->id);
  }
};

// All that concerns one key.
struct Subject {
  std::vector<Put> puts;
  std::vector<const Operation*> writes;  // Puts and deletes, not refused.
  std::vector<Read> reads;
};

Read ReadOf(const Operation& op) {
  Read read{.op = &op, .shown = {}};
  const auto take = [&read](const Bytes& value) {
    const std::optional<uint32_t> id = OpOfValue(value.text());
    if (id.has_value()) read.shown.push_back(*id);
  };
  if (op.found && op.values.empty()) take(op.value);
  for (const SiblingValue& sibling : op.values) take(sibling.value);
  Sort(read.shown.begin(), read.shown.end());
  return read;
}

// The context that the write carried; null: none.
const VersionVector* ContextOf(const Evidence& evidence, const Operation& op) {
  if (op.context_of == 0) return nullptr;
  const Operation* seen = evidence.history.Find(op.context_of);
  if (seen == nullptr || seen->told.vv.entries.empty()) return nullptr;
  return &seen->told.vv;
}

bool IsBlindDelete(const Operation& op) {
  return op.verb == OpStep::Verb::kDelete && op.context_of == 0;
}

// Whether `write`, if it was applied, may have replaced that version of `put`.
bool MayHaveSeen(const Evidence& evidence, const Operation& write,
                 const Put& put, const Dot& dot) {
  if (IsBlindDelete(write)) {
    return write.IsOpenEnded() || put.op->invoked < write.returned;
  }
  const VersionVector* seen = ContextOf(evidence, write);
  return seen != nullptr && Covers(*seen, dot);
}

// Whether the acknowledged write has certainly replaced it.
bool HasSeen(const Evidence& evidence, const Operation& write, const Put& put,
             const Dot& dot) {
  if (write.retried) return false;  // Which of its tries was it?
  if (IsBlindDelete(write)) {
    if (!put.op->IsOk() || put.op->retried) return false;
    const uint32_t met = put.op->acks.owners + evidence.RequiredReads(write);
    return put.op->returned < write.invoked && met > evidence.owners_per_key;
  }
  const VersionVector* seen = ContextOf(evidence, write);
  return seen != nullptr && Covers(*seen, dot);
}

std::vector<Subject> SubjectsOf(const Evidence& evidence) {
  std::vector<Subject> subjects(evidence.config.keys);
  for (const Operation& op : evidence.history.operations()) {
    if (!evidence.history.IsKept(op.key)) continue;
    Subject& subject = subjects[op.key];
    if (!op.IsWrite()) {
      if (op.IsOk() && !op.sloppy) subject.reads.push_back(ReadOf(op));
    } else if (op.outcome != Outcome::kFailed) {
      subject.writes.push_back(&op);
      if (op.verb == OpStep::Verb::kPut) subject.puts.push_back({.op = &op});
    }
  }
  for (uint32_t key = 0; key < subjects.size(); ++key) {
    for (const uint32_t index : evidence.ledger.OfKey(key)) {
      const Ledger::Version& version = evidence.ledger.At(index);
      for (Put& put : subjects[key].puts) {
        if (put.op->id != version.op) continue;
        put.versions.push_back(
            {version.dot, version.held && version.stamp == put.op->version});
      }
    }
  }
  return subjects;
}

void FindWhenGone(const Evidence& evidence, Subject* subject) {
  for (Put& put : subject->puts) {
    bool any_told = false;
    for (const Put::Version& version : put.versions) {
      if (!version.is_told) continue;
      any_told = true;
      for (const Operation* write : subject->writes) {
        if (write == put.op) continue;
        if (!MayHaveSeen(evidence, *write, put, version.dot)) continue;
        put.may_be_gone = std::min(put.may_be_gone, write->invoked);
      }
    }
    // Nobody is known to have it, or it may be outranked.
    if (!any_told || !put.op->siblings) put.may_be_gone = put.op->invoked;
  }
}

// The read had to meet an owner that acknowledged the write, which was done
// before the read began.
bool MustMeet(const Evidence& evidence, const Operation& write,
              const Operation& read) {
  if (!write.IsOk() || write.returned >= read.invoked) return false;
  if (read.final_read) return true;
  return write.acks.owners + evidence.RequiredReads(read) >
         evidence.owners_per_key;
}

// Some node that was healed is known to have stored it.
bool IsInTheCore(const Evidence& evidence, const Operation& write) {
  return std::ranges::any_of(
      evidence.history.HoldersOf(write.key, write.version),
      [&evidence](const History::Holding& holding) {
        return evidence.InCore(holding.node);
      });
}

void CheckMissing(const Evidence& evidence, const Put& put, const Read& reading,
                  Verdict* verdict) {
  const Operation& read = *reading.op;
  if (!MustMeet(evidence, *put.op, read)) return;
  ++verdict->checked;
  if (put.may_be_gone <= read.returned || reading.Shows(put)) return;
  const bool is_outside = read.final_read && !IsInTheCore(evidence, *put.op);
  if (is_outside || MayBeLost(evidence, *put.op, read)) {
    return Excuse(verdict, "O2 those who acknowledged the sibling lost it");
  }
  Report(
      verdict,
      {.oracle = "O2",
       .property = "kept-siblings",
       .sentence = "The " + OpText(read) + " through " + NodeText(read.node) +
                   " began at " + SecondsText(read.invoked) + ", after the " +
                   OpText(*put.op) + " was acknowledged at " +
                   SecondsText(put.op->returned) + " (stored by " +
                   HoldersText(evidence.history, *put.op) +
                   "), and does not show its value, which no write had "
                   "seen.",
       .op = read.id,
       .key = read.key,
       .at = read.returned,
       .other = put.op->id});
}

// Who replaced the version, acknowledged, and had to be met; null: nobody.
const Operation* ReplacerOf(const Evidence& evidence, const Subject& subject,
                            const Put& put, const Dot& dot,
                            const Operation& read) {
  for (const Operation* write : subject.writes) {
    if (write == put.op || !MustMeet(evidence, *write, read)) continue;
    if (HasSeen(evidence, *write, put, dot)) return write;
  }
  return nullptr;
}

void CheckLeftOver(const Evidence& evidence, const Subject& subject,
                   const Put& put, const Read& reading, Verdict* verdict) {
  const Operation& read = *reading.op;
  if (put.versions.empty() || !reading.Shows(put)) return;
  ++verdict->checked;
  const Operation* replacer = nullptr;
  const History::Durability durability{evidence.unsynced};
  for (const Put::Version& version : put.versions) {
    replacer = ReplacerOf(evidence, subject, put, version.dot, read);
    if (replacer == nullptr) return;
    const bool may_be_lost =
        evidence.history.AnyHolderLost(replacer->key, replacer->version,
                                       durability, read.returned) ||
        evidence.history.AnyHolderLostSilently(replacer->key, replacer->version,
                                               read.returned);
    if (may_be_lost) {
      return Excuse(verdict, "O2 one who stored what replaced it lost it");
    }
    if (read.final_read && !IsInTheCore(evidence, *replacer)) {
      return Excuse(verdict, "O2 what replaced it is outside the core");
    }
  }
  Report(
      verdict,
      {.oracle = "O2",
       .property = "kept-siblings",
       .sentence = "The " + OpText(read) + " through " + NodeText(read.node) +
                   " began at " + SecondsText(read.invoked) +
                   " and shows the value of the " + OpText(*put.op) +
                   ", which the " + OpText(*replacer) + ", acknowledged at " +
                   SecondsText(replacer->returned) + ", had seen and replaced.",
       .op = read.id,
       .key = read.key,
       .at = read.returned,
       .other = replacer->id});
}

}  // namespace

Verdict CheckKeptSiblings(const Evidence& evidence) {
  Verdict verdict;
  std::vector<Subject> subjects = SubjectsOf(evidence);
  for (Subject& subject : subjects) {
    if (subject.reads.empty()) continue;
    FindWhenGone(evidence, &subject);
    for (const Read& read : subject.reads) {
      for (const Put& put : subject.puts) {
        CheckMissing(evidence, put, read, &verdict);
        CheckLeftOver(evidence, subject, put, read, &verdict);
      }
    }
  }
  return verdict;
}

}  // namespace orrery::sim
