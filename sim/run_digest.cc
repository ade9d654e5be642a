#include "sim/run_digest.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/base/crc32c.h"

namespace orrery::sim {
namespace {

// Adds fields in a fixed order.  One overload a type; a type that is missing
// does not compile.
class Folder {
 public:
  explicit Folder(Hasher& hasher) : hasher_(hasher) {}

  template <typename T>
    requires std::is_integral_v<T>
  void Fold(T value) {
    hasher_.Add(static_cast<uint64_t>(value));
  }
  template <typename T>
    requires std::is_enum_v<T>
  void Fold(T value) {
    hasher_.Add(static_cast<uint64_t>(value));
  }
  void Fold(const std::string& text) { hasher_.AddText(text); }
  void Fold(std::string_view text) { hasher_.AddText(text); }
  // Values are most of what is folded, and CRC-32C has an instruction.
  void Fold(const Bytes& bytes) {
    hasher_.Add(uint64_t{bytes.size()});
    hasher_.Add(Crc32c(bytes.view()));
  }
  void Fold(const Id128& id) {
    hasher_.Add(id.hi);
    hasher_.Add(id.lo);
  }
  void Fold(NodeId id) { hasher_.Add(id.value); }
  void Fold(Handle handle) {
    hasher_.Add((uint64_t{handle.slot} << 32) | handle.gen);
  }
  void Fold(Epoch epoch) {
    hasher_.Add((uint64_t{epoch.era} << 32) | epoch.seq);
  }
  void Fold(Duration duration) { hasher_.Add(duration.ns); }
  void Fold(FileNumber file) { hasher_.Add(file.value); }

  // The fields of one struct, in order.
  template <typename... Fields>
  void FoldAll(const Fields&... fields) {
    (Fold(fields), ...);
  }

  void Fold(const Endpoint& e) {
    hasher_.AddBytes(std::as_bytes(std::span<const uint8_t>(e.ip)));
    hasher_.Add(uint64_t{e.port});
  }
  void Fold(const Dot& d) {
    FoldAll(d.actor.storage, d.actor.generation, d.counter);
  }
  void Fold(const Sibling& s) {
    FoldAll(s.dot, s.stamp, s.tombstone, s.keep, s.operation, s.checksum,
            s.value);
  }
  void Fold(const Object& o) { FoldAll(o.vv.entries, o.siblings); }
  void Fold(const SeenVersions& s) { FoldAll(s.vv.entries, s.stamp); }
  void Fold(const Level& l) { FoldAll(l.kind, l.number); }
  void Fold(const MemberRecord& r) {
    FoldAll(r.id, r.incarnation.generation, r.incarnation.counter, r.state,
            r.accusers, r.name, r.storage, r.gossip, r.http_port, r.vnodes,
            r.zone, r.protocol_min, r.protocol_max, r.features, r.ring_status,
            r.boot_salt);
  }

  void Fold(const Acks& a) { FoldAll(a.owners, a.hints, a.synced, a.nodes); }
  void Fold(const WriteDone& r) {
    FoldAll(r.version, r.context, r.acks, r.superseded_by);
  }
  void Fold(const ReadDone& r) {
    FoldAll(r.found, r.deleted, r.version, r.context, r.value, r.siblings);
  }
  void Fold(const SiblingValue& s) { FoldAll(s.version, s.value); }
  void Fold(const Refused& r) {
    FoldAll(r.why, r.required, r.received, r.context);
  }
  void Fold(const KeyCopy::Version& v) {
    FoldAll(v.stamp, v.tombstone, v.keep, v.dot, v.checksum);
  }
  void Fold(const KeyCopy& c) {
    FoldAll(c.node, c.answer, c.suspect, c.digest, c.versions);
  }
  void Fold(const KeyReport& r) {
    FoldAll(r.token, r.epoch, r.owners, r.hints, r.not_asked);
  }
  void Fold(const OutcomeUnknown& r) {
    FoldAll(r.required, r.received, r.operation, r.expired);
  }
  void Fold(const KeysPage& r) { FoldAll(r.keys, r.cursor); }
  void Fold(const SnapshotDone& r) { FoldAll(r.name, r.files, r.bytes); }
  void Fold(const TaskAnswer& r) { FoldAll(r.state, r.files, r.bytes); }

  void Fold(const Envelope& e) {
    FoldAll(e.cluster, e.from, e.storage, e.reply_to, e.generation, e.boot_salt,
            e.epoch, e.ring_hash);
  }
  void Fold(const ReplicaPut& m) {
    FoldAll(m.request, m.origin, m.key, m.object, m.basis, m.floor);
  }
  void Fold(const ReplicaPutAck& m) {
    FoldAll(m.request, m.status, m.synced, m.top_stamp);
  }
  void Fold(const ReplicaGet& m) {
    FoldAll(m.request, m.key, m.depth, m.from_hints);
  }
  void Fold(const ReplicaGetAck& m) {
    FoldAll(m.request, m.status, m.depth, m.suspect, m.doubted, m.digest,
            m.floor, m.top_stamp, m.object);
  }
  void Fold(const ForwardWrite& m) {
    FoldAll(m.request, m.verb, m.key, m.value, m.read_level, m.write_level,
            m.sloppy, m.has_context, m.context, m.operation, m.client_operation,
            m.proposed_stamp, m.retry, m.keep, m.basis, m.remaining, m.sent.ns);
  }
  void Fold(const HintPut& m) {
    FoldAll(m.request, m.target, m.target_storage, m.key, m.object, m.counted,
            m.floor);
  }
  void Fold(const HintPutAck& m) { FoldAll(m.request, m.status, m.synced); }
  void Fold(const RangeRoot& r) { FoldAll(r.range_end, r.root); }
  void Fold(const KeyDigest& k) { FoldAll(k.token, k.digest); }
  void Fold(const SyncRoots& m) { FoldAll(m.session, m.roots); }
  void Fold(const SyncRootsAck& m) {
    FoldAll(m.session, m.status, m.suspect, m.differing);
  }
  void Fold(const SyncKeys& m) {
    FoldAll(m.session, m.range_end, m.after, m.upto, m.whole_range, m.items);
  }
  void Fold(const SyncKeysAck& m) {
    FoldAll(m.session, m.status, m.range_end, m.upto, m.want, m.have);
  }
  void Fold(const SyncFetch& m) { FoldAll(m.session, m.tokens); }
  void Fold(const SyncObject& o) { FoldAll(o.key, o.object); }
  void Fold(const SyncObjects& m) {
    FoldAll(m.session, m.status, m.floor, m.objects, m.unread);
  }
  void Fold(const JoinRequest& m) {
    FoldAll(m.self, m.params.replication, m.params.read_quorum,
            m.params.write_quorum, m.params.hash_kind, m.params.zone_rule,
            m.params.placement, m.wants_ring, m.seeds, m.self_first);
  }
  void Fold(const JoinAccept& m) { FoldAll(m.cluster, m.ring, m.members); }
  void Fold(const JoinReject& m) {
    FoldAll(m.why, m.field, m.theirs, m.ours, m.seeds, m.self_first, m.address,
            m.founder);
  }
  void Fold(const RingClose& m) { Fold(m.epoch); }
  void Fold(const RingPull& m) { Fold(m.epoch); }
  void Fold(const RingPush& m) { Fold(m.ring); }
  void Fold(const MemberSync& m) { FoldAll(m.answer_wanted, m.records); }

  void Fold(const Ping& m) {
    FoldAll(m.seq, m.target, m.expected_generation, m.view_hash, m.wall_ns);
  }
  void Fold(const Ack& m) {
    FoldAll(m.seq, m.view_hash, m.receive_delay_us, m.wall_ns);
  }
  void Fold(const PingRequest& m) {
    FoldAll(m.seq, m.target, m.target_endpoint);
  }
  void Fold(const ForwardedAck& m) {
    FoldAll(m.seq, m.target, m.target_generation);
  }
  void Fold(const Nack& m) { FoldAll(m.seq, m.target); }
  void Fold(const GossipOnly&) {}
  void Fold(const ViewDigest& m) {
    for (const uint64_t bucket : m.buckets) hasher_.Add(bucket);
  }
  void Fold(const DatagramHeader& d) {
    FoldAll(d.key_id, d.local_health, d.view16, d.cluster_tag, d.ring_hash,
            d.epoch, d.from, d.generation, d.seq, d.boot_salt);
  }

  template <typename T>
  void Fold(const std::vector<T>& items) {
    hasher_.Add(uint64_t{items.size()});
    for (const T& item : items) Fold(item);
  }
  template <typename T, size_t N>
  void Fold(const absl::InlinedVector<T, N>& items) {
    hasher_.Add(uint64_t{items.size()});
    for (const T& item : items) Fold(item);
  }
  template <typename... Ts>
  void Fold(const std::variant<Ts...>& choice) {
    hasher_.Add(uint64_t{choice.index()});
    std::visit([this](const auto& value) { this->Fold(value); }, choice);
  }
  void Fold(const ForwardWriteAck& m) { FoldAll(m.request, m.reply); }

  void Fold(const DiskToken& t) { FoldAll(t.owner, t.part, t.handle); }
  void Fold(const DiskEffect& e) {
    FoldAll(e.token, e.verb, e.priority, e.file, e.create, e.exclusive, e.path,
            e.path2, e.offset, e.length, e.data);
  }
  void FoldShape(const Effects& effects) {
    for (const DiskEffect& e : effects.disk) {
      size_t bytes = 0;
      for (const Bytes& data : e.data) bytes += data.size();
      FoldAll(e.token.handle, e.verb, e.offset + e.length + bytes);
    }
    for (const SendEffect& s : effects.sends) {
      hasher_.Add((uint64_t{s.to.port} << 8) | s.message.body.index());
    }
    for (const ReplyEffect& r : effects.replies) {
      FoldAll(r.client, r.reply.index());
    }
    hasher_.Add((uint64_t{effects.datagrams.size()} << 40) |
                (uint64_t{effects.marks.size()} << 20) |
                (uint64_t{effects.notes.size()} << 2) |
                (effects.more ? 2U : 0U) | (effects.stopped ? 1U : 0U));
  }
  void FoldWithoutBytes(const std::vector<DiskEffect>& effects) {
    for (const DiskEffect& e : effects) {
      FoldAll(e.token, e.verb, e.file, e.path, e.path2, e.offset, e.length);
      for (const Bytes& data : e.data) hasher_.Add(uint64_t{data.size()});
    }
  }
  void Fold(const SendEffect& s) {
    FoldAll(s.to, s.message.envelope, s.message.body);
  }
  void Fold(const DatagramEffect& s) {
    FoldAll(s.to, s.datagram.header, s.datagram.body, s.datagram.records);
  }
  void Fold(const ReplyEffect& r) { FoldAll(r.client, r.reply); }
  void Fold(const Note& n) {
    FoldAll(n.kind, n.member, n.detail, n.number, n.token, n.text);
  }

  // Of events only what the sender's effects did not already say: messages were
  // hashed when they were sent.
  void FoldEvent(const StartEvent& e) {
    hasher_.AddBytes(std::as_bytes(std::span<const uint8_t>(e.entropy)));
    Fold(e.boot_id);
  }
  void FoldEvent(const ClientRequest& e) {
    FoldAll(e.client, e.verb, e.key, e.value, e.context, e.keep,
            e.quorum_stamp);
  }
  void FoldEvent(const ClientGoneEvent& e) { Fold(e.client); }
  void FoldEvent(const PeerMessageEvent& e) {
    FoldAll(e.message.envelope.from, e.message.body.index());
  }
  void FoldEvent(const DatagramEvent& e) {
    FoldAll(e.source, e.datagram.header.seq);
  }
  void FoldEvent(const PeerLinkEvent& e) { FoldAll(e.peer, e.connected); }
  void FoldEvent(const DiskDone& e) {
    FoldAll(e.token, e.verb, e.error, e.count, e.inode, e.data.size(), e.names);
  }
  void FoldEvent(const SeedsEvent& e) { FoldAll(e.seeds, e.self_first); }
  void FoldEvent(const TickEvent&) {}
  void FoldEvent(const StopEvent&) {}

 private:
  Hasher& hasher_;
};

// Whether a write that a step asks for may be the rest of the one whose
// completion it took: it is asked for under the same token.
bool MayGoOn(const Event& event, const Effects& effects) {
  const auto* done = std::get_if<DiskDone>(&event.body);
  if (done == nullptr || done->verb != DiskVerb::kWrite) return false;
  return std::any_of(
      effects.disk.begin(), effects.disk.end(), [&](const DiskEffect& effect) {
        return effect.verb == DiskVerb::kWrite && effect.token == done->token;
      });
}

}  // namespace

void RunDigest::Add(Instant now, uint32_t node, const Event& event,
                    const Effects& effects) {
  ++events_;
  Folder folder(hasher_);
  if (of_ == Of::kShape) {
    hasher_.Add(event.at.mono.ns);
    hasher_.Add(uint64_t{event.body.index()});
    return folder.FoldShape(effects);
  }
  folder.FoldAll(now.ns, node, event.at.mono.ns, event.at.wall.ns,
                 event.body.index());
  std::visit([&](const auto& body) { folder.FoldEvent(body); }, event.body);
  if (of_ == Of::kAllWithStandIns && MayGoOn(event, effects)) {
    folder.FoldWithoutBytes(effects.disk);
  } else {
    folder.Fold(effects.disk);
  }
  folder.FoldAll(effects.sends, effects.datagrams, effects.replies,
                 effects.marks, effects.notes, effects.more, effects.stopped);
}

}  // namespace orrery::sim
