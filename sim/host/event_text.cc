#include "sim/host/event_text.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/strings/str_format.h"
#include "sim/host/text.h"
#include "sim/sim_network.h"

namespace orrery::sim {
namespace {

// In the order of PeerBody, DatagramBody, DiskVerb, Note::Kind.
constexpr std::string_view kPeerNames[] = {
    "ReplicaPut",   "ReplicaPutAck",   "ReplicaGet",  "ReplicaGetAck",
    "ForwardWrite", "ForwardWriteAck", "HintPut",     "HintPutAck",
    "SyncRoots",    "SyncRootsAck",    "SyncKeys",    "SyncKeysAck",
    "SyncFetch",    "SyncObjects",     "JoinRequest", "JoinAccept",
    "JoinReject",   "RingClose",       "RingPull",    "RingPush",
    "MemberSync"};
static_assert(std::size(kPeerNames) == std::variant_size_v<PeerBody>);
constexpr std::string_view kDatagramNames[] = {
    "Ping", "Ack",        "PingRequest", "ForwardedAck",
    "Nack", "GossipOnly", "ViewDigest"};
static_assert(std::size(kDatagramNames) == std::variant_size_v<DatagramBody>);
constexpr std::string_view kDiskNames[] = {
    "?",       "open",    "close",    "read",   "write",     "allocate",
    "sync",    "syncdir", "truncate", "rename", "link",      "unlink",
    "makedir", "list",    "stat",     "space",  "dropcache", "lock"};
constexpr std::string_view kNoteNames[] = {"?",
                                           "member state",
                                           "ring installed",
                                           "join rejected",
                                           "recovered",
                                           "torn tail",
                                           "damage",
                                           "suspect",
                                           "disk error",
                                           "fatal",
                                           "compaction",
                                           "serving",
                                           "identity conflict",
                                           "waiting",
                                           "founded",
                                           "joined",
                                           "vnodes kept",
                                           "space",
                                           "reserve",
                                           "index snapshot bad",
                                           "disk stall",
                                           "root file bad",
                                           "many siblings",
                                           "clock"};
static_assert(std::size(kNoteNames) ==
              static_cast<size_t>(Note::Kind::kClock) + 1);

std::string EndpointText(const Endpoint& endpoint) {
  const std::optional<uint32_t> node = NodeOfEndpoint(endpoint);
  return node.has_value() ? Cat("n", *node) : "nobody";
}

std::string HandleText(Handle handle) {
  return Cat(handle.slot, ":", handle.gen);
}

std::string ObjectText(const Object& object) {
  std::string text;
  for (const Sibling& sibling : object.siblings) {
    text +=
        Cat(" ", sibling.stamp, sibling.tombstone ? " tombstone" : " value ",
            sibling.value.text().substr(0, 16));
  }
  return text;
}

// The fields that a reader of a log asks for first.
struct BodyText {
  std::string operator()(const ReplicaPut& m) const {
    return Cat(" ", HandleText(m.request), " origin ",
               static_cast<int>(m.origin), " ", m.key, ObjectText(m.object));
  }
  std::string operator()(const ReplicaPutAck& m) const {
    return Cat(" ", HandleText(m.request), " status ",
               static_cast<int>(m.status), " top ", m.top_stamp);
  }
  std::string operator()(const ReplicaGet& m) const {
    return Cat(" ", HandleText(m.request), " ", m.key, " depth ",
               static_cast<int>(m.depth));
  }
  std::string operator()(const ReplicaGetAck& m) const {
    return Cat(" ", HandleText(m.request), " status ",
               static_cast<int>(m.status), " digest ", m.digest,
               m.suspect ? " suspect" : "", ObjectText(m.object));
  }
  std::string operator()(const ForwardWrite& m) const {
    return Cat(" ", HandleText(m.request), " ", m.key, " ",
               m.value.text().substr(0, 16));
  }
  std::string operator()(const HintPut& m) const {
    return Cat(" ", HandleText(m.request), " ", m.key, ObjectText(m.object),
               m.counted ? " counted" : "");
  }
  std::string operator()(const HintPutAck& m) const {
    return Cat(" ", HandleText(m.request), " status ",
               static_cast<int>(m.status));
  }
  std::string operator()(const JoinReject& m) const {
    return Cat(" why ", static_cast<int>(m.why));
  }
  std::string operator()(const SyncRoots& m) const {
    return Cat(" ", m.roots.size(), " ranges");
  }
  std::string operator()(const SyncRootsAck& m) const {
    return Cat(" status ", static_cast<int>(m.status), " differing ",
               m.differing.size());
  }
  std::string operator()(const SyncKeysAck& m) const {
    return Cat(" status ", static_cast<int>(m.status), " want ", m.want.size(),
               " have ", m.have.size());
  }
  std::string operator()(const SyncObjects& m) const {
    return Cat(" objects ", m.objects.size());
  }
  template <typename Other>
  std::string operator()(const Other&) const {
    return "";
  }
};

std::string PeerText(const PeerMessage& message) {
  return Cat(kPeerNames[message.body.index()],
             std::visit(BodyText{}, message.body));
}

struct ReplyText {
  std::string operator()(const WriteDone& r) const {
    return Cat("done version ", r.version, " owners ", r.acks.owners, " hints ",
               r.acks.hints);
  }
  std::string operator()(const ReadDone& r) const {
    return Cat(r.found ? "found " : "absent ", r.version, " ",
               r.value.text().substr(0, 16),
               r.siblings.empty() ? "" : Cat(" of ", r.siblings.size()));
  }
  std::string operator()(const Refused& r) const {
    return Cat("refused why ", static_cast<int>(r.why), " ", r.received, "/",
               r.required);
  }
  std::string operator()(const OutcomeUnknown& r) const {
    return Cat("unknown ", r.received, "/", r.required);
  }
  std::string operator()(const KeysPage& r) const {
    return Cat("page of ", r.keys.size());
  }
  std::string operator()(const SnapshotDone& r) const {
    return Cat("snapshot ", r.name, " files ", r.files);
  }
  std::string operator()(const TaskAnswer& r) const {
    return Cat("task state ", static_cast<int>(r.state), " files ", r.files);
  }
  std::string operator()(const KeyReport& r) const {
    return Cat("key report of ", r.owners.size(), " owners, hints at ",
               r.hints.size());
  }
};

struct EventPrinter {
  std::string operator()(const StartEvent&) const { return "start"; }
  std::string operator()(const ClientRequest& e) const {
    return Cat("client ", HandleText(e.client), " verb ",
               static_cast<int>(e.verb), " ", e.key, " ",
               e.value.text().substr(0, 16));
  }
  std::string operator()(const ClientGoneEvent&) const { return "client gone"; }
  std::string operator()(const PeerMessageEvent& e) const {
    return Cat("< ", EndpointText(e.message.envelope.reply_to), " ",
               PeerText(e.message));
  }
  std::string operator()(const DatagramEvent& e) const {
    return Cat("< ", EndpointText(e.source), " udp ",
               kDatagramNames[e.datagram.body.index()], " records ",
               e.datagram.records.size());
  }
  std::string operator()(const PeerLinkEvent& e) const {
    return Cat("link to ", EndpointText(e.peer), e.connected ? " up" : " lost");
  }
  std::string operator()(const DiskDone& e) const {
    return Cat("disk ", kDiskNames[static_cast<size_t>(e.verb)],
               " done, error ", static_cast<int>(e.error), " count ", e.count);
  }
  std::string operator()(const SeedsEvent&) const { return "seeds"; }
  std::string operator()(const TickEvent&) const { return "tick"; }
  std::string operator()(const StopEvent&) const { return "stop"; }
};

}  // namespace

std::string TimeColumn(Duration since) {
  return absl::StrFormat("%13.6f", static_cast<double>(since.ns) / 1e9);
}

std::string EventText(const Event& event) {
  return std::visit(EventPrinter{}, event.body);
}

std::vector<std::string> EffectTexts(const Effects& effects) {
  std::vector<std::string> lines;
  for (const DiskEffect& disk : effects.disk) {
    uint64_t bytes = 0;
    for (const Bytes& part : disk.data) bytes += part.size();
    lines.push_back(Cat("disk ", kDiskNames[static_cast<size_t>(disk.verb)],
                        " file ", disk.file.value, " ", disk.path,
                        disk.path2.empty() ? "" : " -> ", disk.path2, " at ",
                        disk.offset, " bytes ", bytes + disk.length));
  }
  for (const SendEffect& send : effects.sends) {
    lines.push_back(
        Cat("> ", EndpointText(send.to), " ", PeerText(send.message)));
  }
  for (const DatagramEffect& send : effects.datagrams) {
    lines.push_back(Cat("> ", EndpointText(send.to), " udp ",
                        kDatagramNames[send.datagram.body.index()]));
  }
  for (const ReplyEffect& reply : effects.replies) {
    lines.push_back(Cat("reply ", HandleText(reply.client), " ",
                        std::visit(ReplyText{}, reply.reply)));
  }
  for (const std::string_view mark : effects.marks) {
    lines.push_back(Cat("mark ", mark));
  }
  return lines;
}

std::string NoteText(const Note& note) {
  return Cat(kNoteNames[static_cast<size_t>(note.kind)], " detail ",
             note.detail, " number ", note.number, " ", note.text);
}

}  // namespace orrery::sim
