#include "tests/transcripts/membership_wording.h"

#include <algorithm>
#include <string_view>
#include <variant>
#include <vector>

#include "tests/transcripts/wording.h"

namespace orrery::transcripts {

namespace {

std::string NameOf(NodeId id, const MemberNames& names) {
  const auto found = names.find(id);
  return found == names.end() ? "a stranger" : found->second;
}

// Of a note's 64 bits.
Incarnation IncarnationOf(uint64_t number) {
  return {.generation = static_cast<uint32_t>(number >> 32),
          .counter = static_cast<uint32_t>(number)};
}

struct Frame {
  const MemberNames& names;

  std::string operator()(const JoinRequest& m) const {
    return m.wants_ring ? "JoinRequest for the ring" : "JoinRequest";
  }
  std::string operator()(const JoinAccept&) const { return "JoinAccept"; }
  std::string operator()(const JoinReject& m) const {
    return Cat("JoinReject ", NameIn(kRejectionNames, m.why));
  }
  std::string operator()(const RingClose& m) const {
    return Cat("RingClose epoch ", m.epoch.seq);
  }
  std::string operator()(const RingPull& m) const {
    return Cat("RingPull has epoch ", m.epoch.seq);
  }
  std::string operator()(const RingPush& m) const {
    const auto ring = DecodeRingState(m.ring.view());
    return "RingPush " + (ring.has_value() ? RingText(*ring, names) : "?");
  }
  std::string operator()(const MemberSync& m) const {
    std::string text = "MemberSync";
    for (const MemberRecord& record : m.records) {
      text += ", " + RecordText(record, names);
    }
    return text;
  }
  template <typename Other>
  std::string operator()(const Other&) const {
    return "a message of another room";
  }
};

}  // namespace

std::string IncarnationText(Incarnation incarnation) {
  return Cat(incarnation.generation, ".", incarnation.counter);
}

std::string RingText(const RingState& ring, const MemberNames& names) {
  std::string text =
      Cat("ring ", ring.epoch.seq, ring.pristine ? " pristine" : " closed");
  std::vector<std::string> members;  // Ids stand in the order of hashes.
  for (const RingMember& member : ring.members) {
    members.push_back(NameOf(member.id, names));
  }
  std::sort(members.begin(), members.end());
  for (const std::string& member : members) text += " " + member;
  return text;
}

std::string FrameText(const PeerBody& body, const MemberNames& names) {
  return std::visit(Frame{names}, body);
}

std::string RecordText(const MemberRecord& record, const MemberNames& names) {
  std::string text = Cat(NameOf(record.id, names), " ",
                         NameIn(kMemberStateNames, record.state), " ",
                         IncarnationText(record.incarnation));
  for (const NodeId accuser : record.accusers) {
    text += " by " + NameOf(accuser, names);
  }
  return text;
}

std::string MemberNoteText(const Note& note, const MemberNames& names) {
  const std::string kind(NameIn(kNoteNames, note.kind));
  switch (note.kind) {
    case Note::Kind::kMemberState:
      return Cat(
          NameOf(note.member, names), " ",
          NameIn(kMemberStateNames, static_cast<MemberState>(note.detail)), " ",
          IncarnationText(IncarnationOf(note.number)));
    case Note::Kind::kRingInstalled:
      return Cat(kind, " ", note.number);
    case Note::Kind::kJoinRejected:
      return Cat(
          kind, " ",
          NameIn(kRejectionNames, static_cast<JoinRejection>(note.detail)));
    default:
      return kind;
  }
}

std::string SecondsText(Duration duration) {
  constexpr int64_t kTenth = kSecond.ns / 10;
  const int64_t tenths = duration.ns / kTenth;
  return Cat(tenths / 10, ".", tenths % 10, "s");
}

}  // namespace orrery::transcripts
