#include "tests/transcripts/quorum_wording.h"

#include <variant>

#include "core/version/object_merge.h"
#include "tests/transcripts/wording.h"

namespace orrery::transcripts {

namespace {

// Of QuorumBench.
constexpr WallTime kStart{1000 * kSecond.ns};

// ActorOf(1) is A, and so on (version_samples.h).
std::string DotText(const Dot& dot) {
  return Cat(static_cast<char>('A' + dot.actor.storage - 1), ":", dot.counter);
}

// The vector, if it says more than the siblings' dots do.
std::string VectorText(const Object& object) {
  std::string text;
  for (const Dot& entry : object.vv.entries) {
    bool is_shown = false;
    for (const Sibling& sibling : object.siblings) {
      is_shown |= sibling.dot == entry;
    }
    if (!is_shown) text += Cat(text.empty() ? " knows " : ",", DotText(entry));
  }
  return text;
}

std::string VersionsText(const Object& object, bool has_values) {
  if (object.IsEmpty()) return "nothing";
  std::string text;
  for (const Sibling& sibling : object.siblings) {
    if (!text.empty()) text += " | ";
    const std::string value = sibling.tombstone ? "(deleted)"
                              : has_values ? ValueText(sibling.value.text())
                                           : "(value)";
    text +=
        Cat(value, " ", StampText(sibling.stamp), " ", DotText(sibling.dot));
  }
  return text + VectorText(object);
}

struct Reply {
  std::string operator()(const WriteDone& r) const {
    return Cat("done ", StampText(r.version), " owners=", r.acks.owners,
               " hints=", r.acks.hints, " synced=", r.acks.synced,
               r.superseded_by == 0
                   ? ""
                   : " superseded by " + StampText(r.superseded_by));
  }
  std::string operator()(const ReadDone& r) const {
    if (r.found) {
      return Cat("found ", ValueText(r.value.text()), " ",
                 StampText(r.version));
    }
    if (r.deleted) return Cat("deleted ", StampText(r.version));
    return "absent";
  }
  std::string operator()(const Refused& r) const {
    return Cat("refused ", NameIn(kRefusalNames, r.why), " ", r.received, "/",
               r.required);
  }
  std::string operator()(const OutcomeUnknown& r) const {
    return Cat("unknown ", r.received, "/", r.required);
  }
  std::string operator()(const KeysPage&) const { return "a page of keys"; }
  std::string operator()(const TaskAnswer&) const { return "a task"; }
  std::string operator()(const KeyReport&) const { return "a key report"; }
  std::string operator()(const SnapshotDone&) const { return "a snapshot"; }
};

struct Body {
  const NodeLetters& names;

  std::string operator()(const ReplicaPut& m) const {
    return Cat("ReplicaPut ", NameIn(kPutOriginNames, m.origin), " ",
               ObjectText(m.object));
  }
  std::string operator()(const ReplicaPutAck& m) const {
    return Cat("ReplicaPutAck ", NameIn(kReplicaStatusNames, m.status),
               m.top_stamp == 0 ? "" : " top " + StampText(m.top_stamp));
  }
  std::string operator()(const ReplicaGet& m) const {
    return Cat("ReplicaGet ", NameIn(kReadDepthNames, m.depth),
               m.from_hints ? " of hints" : "");
  }
  std::string operator()(const ReplicaGetAck& m) const {
    std::string text =
        Cat("ReplicaGetAck ", NameIn(kReplicaStatusNames, m.status));
    if (m.suspect) text += " in doubt";
    if (m.status != ReplicaStatus::kOk) return text;
    if (m.digest == 0) return text + " nothing";
    switch (m.depth) {
      case ReadDepth::kDigest:
        return text + " digest";
      case ReadDepth::kVersions:
        return text + " " + VersionsText(m.object, false);
      case ReadDepth::kObject:
        return text + " " + ObjectText(m.object);
    }
    return text;
  }
  std::string operator()(const HintPut& m) const {
    return Cat("HintPut for ", names.at(m.target), " ", ObjectText(m.object),
               m.counted ? " counted" : "");
  }
  std::string operator()(const HintPutAck& m) const {
    return Cat("HintPutAck ", NameIn(kReplicaStatusNames, m.status),
               m.synced ? " synced" : "");
  }
  std::string operator()(const ForwardWrite& m) const {
    return Cat(
        "ForwardWrite ",
        m.verb == ClientVerb::kDelete ? "(deleted)" : ValueText(m.value.text()),
        " proposed ", StampText(m.proposed_stamp), m.retry ? " retry" : "",
        " within ", DurationText(m.remaining));
  }
  std::string operator()(const ForwardWriteAck& m) const {
    return Cat("ForwardWriteAck ", std::visit(Reply{}, m.reply));
  }
  template <typename Other>
  std::string operator()(const Other&) const {
    return "a message of another room";
  }
};

}  // namespace

uint64_t StampAt(Duration since_start) {
  return static_cast<uint64_t>((kStart + since_start).ns);
}

std::string StampText(uint64_t stamp) {
  const WallTime at{static_cast<int64_t>(stamp)};
  return "@" + DurationText(at - kStart);
}

std::string ObjectText(const Object& object) {
  return VersionsText(object, true);
}

std::string PeerBodyText(const PeerBody& body, const NodeLetters& names) {
  return std::visit(Body{names}, body);
}

std::string ReplyText(const ClientReply& reply) {
  return std::visit(Reply{}, reply);
}

std::string PromiseText(const Promise& promise) {
  if (promise.level == Durability::kNone) return "";
  return Cat(" (", NameIn(kDurabilityNames, promise.level), " here)");
}

}  // namespace orrery::transcripts
