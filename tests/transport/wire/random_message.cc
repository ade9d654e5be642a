#include "tests/transport/wire/random_message.h"

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/crc32c.h"
#include "core/base/prng.h"
#include "core/protocol/limits.h"
#include "core/version/object_merge.h"

namespace orrery {
namespace {

class Draw {
 public:
  explicit Draw(uint64_t seed) : prng_(seed) {}

  // Small numbers and the ends of the range are as likely as the rest.
  uint64_t U64() {
    switch (prng_.Below(4)) {
      case 0:
        return 0;
      case 1:
        return prng_.Below(300);
      case 2:
        return UINT64_MAX;
      default:
        return prng_.Next();
    }
  }
  uint32_t U32() { return static_cast<uint32_t>(U64()); }
  bool Flag() { return prng_.Chance(1, 2); }
  size_t Count(size_t max) { return prng_.Below(max + 1); }

  template <typename Enum>
  Enum Of(Enum first, Enum last) {
    return static_cast<Enum>(
        prng_.Between(static_cast<int64_t>(first), static_cast<int64_t>(last)));
  }

  std::string Text(size_t min, size_t max) {
    std::string text(min + Count(max - min), '\0');
    for (char& c : text) c = static_cast<char>(prng_.Below(256));
    return text;
  }
  Bytes Blob(size_t max) { return Bytes::CopyOf(Text(0, max)); }
  std::string Key() { return Text(1, prng_.Chance(1, 8) ? kKeyBytesMax : 24); }
  Handle AHandle() {
    const uint32_t slot = U32();
    return {slot, U32()};
  }
  template <typename Id>
  Id AnId128() {
    Id id;
    id.hi = U64();
    id.lo = U64();
    return id;
  }
  NodeId Node() { return {U64()}; }
  Epoch AnEpoch() {
    const uint32_t era = U32();
    return {era, U32()};
  }
  Endpoint AnEndpoint() {
    Endpoint endpoint;
    for (uint8_t& byte : endpoint.ip) byte = static_cast<uint8_t>(U32());
    endpoint.port = static_cast<uint16_t>(U32());
    return endpoint;
  }
  std::vector<Endpoint> Endpoints(size_t max) {
    std::vector<Endpoint> endpoints(Count(max));
    for (Endpoint& endpoint : endpoints) endpoint = AnEndpoint();
    return endpoints;
  }
  std::vector<uint64_t> Numbers(size_t max) {
    std::vector<uint64_t> numbers(Count(max));
    for (uint64_t& number : numbers) number = U64();
    return numbers;
  }

  VersionVector Vector(size_t max) {
    std::vector<Actor> actors(Count(max));
    for (Actor& actor : actors) {
      actor.storage = U64();
      actor.generation = U32();
    }
    std::sort(actors.begin(), actors.end());
    actors.erase(std::unique(actors.begin(), actors.end()), actors.end());
    VersionVector vv;
    for (const Actor& actor : actors) {
      vv.entries.push_back({actor, std::max<uint64_t>(1, U64())});
    }
    return vv;
  }
  // Well-formed (core/version): in order of rank, collapsed.
  Object AnObject() {
    Object object;
    object.vv = Vector(5);
    for (const Dot& entry : object.vv.entries) {
      if (Flag()) continue;
      object.siblings.push_back(ASibling(entry));
    }
    std::sort(object.siblings.begin(), object.siblings.end(), RanksAbove);
    for (size_t i = 1; i < object.siblings.size(); ++i) {
      object.siblings[i].keep = true;
    }
    return object;
  }
  Sibling ASibling(const Dot& entry) {
    Sibling sibling;
    sibling.dot.actor = entry.actor;
    sibling.dot.counter = 1 + prng_.Below(entry.counter);
    sibling.stamp = 1 + U64() % kStampMax;
    sibling.tombstone = prng_.Chance(1, 4);
    sibling.keep = Flag();
    sibling.operation = AnId128<OperationId>();
    if (!sibling.tombstone) sibling.value = Blob(Flag() ? 20 : 3000);
    sibling.checksum = Crc32c(sibling.value.view());
    return sibling;
  }
  Object StoredObject() {
    Object object = AnObject();
    while (object.IsEmpty()) object = AnObject();
    return object;
  }

  MemberRecord Record() {
    MemberRecord record;
    record.id = Node();
    record.incarnation.generation = U32();
    record.incarnation.counter = U32();
    record.state = Of(MemberState::kAlive, MemberState::kLeft);
    for (const uint64_t id : Numbers(kAccusersMax)) {
      record.accusers.push_back({id});
    }
    std::sort(record.accusers.begin(), record.accusers.end());
    record.accusers.erase(
        std::unique(record.accusers.begin(), record.accusers.end()),
        record.accusers.end());
    record.name = Text(0, 12);
    record.storage = AnId128<StorageId>();
    record.gossip = AnEndpoint();
    record.http_port = static_cast<uint16_t>(U32());
    record.vnodes = static_cast<uint32_t>(Count(kVnodesMax));
    record.zone = Text(0, 4);
    record.protocol_min = U32();
    record.protocol_max = U32();
    record.features = U64();
    record.ring_status = Of(RingStatus::kNoCluster, RingStatus::kStarting);
    record.boot_salt = U64();
    return record;
  }
  std::vector<MemberRecord> Records(size_t max) {
    std::vector<MemberRecord> records(Count(max));
    for (MemberRecord& record : records) record = Record();
    return records;
  }

  ReplicaStatus Status() {
    return Of(ReplicaStatus::kOk, ReplicaStatus::kClockAhead);
  }
  ReadDepth Depth() { return Of(ReadDepth::kDigest, ReadDepth::kObject); }
  Level ALevel() {
    const auto kind = Of(Level::Kind::kConfigured, Level::Kind::kNumber);
    const auto number = static_cast<uint32_t>(Count(kReplicationMax));
    if (kind == Level::Kind::kNumber) return {kind, std::max(number, 1u)};
    return {kind, number};
  }

  void Fill(Envelope* to) {
    to->cluster = AnId128<ClusterId>();
    to->from = Node();
    to->storage = AnId128<StorageId>();
    to->reply_to = AnEndpoint();
    to->generation = U32();
    to->boot_salt = U64();
    to->epoch = AnEpoch();
    to->ring_hash = U64();
  }

  void Fill(ReplicaPut* to) {
    to->request = AHandle();
    to->origin = Of(PutOrigin::kFresh, PutOrigin::kSync);
    to->key = Key();
    to->object = StoredObject();
    to->basis = U64();
    to->floor = U64();
  }
  void Fill(ReplicaPutAck* to) {
    to->request = AHandle();
    to->status = Status();
    to->synced = Flag();
    to->top_stamp = U64();
  }
  void Fill(ReplicaGet* to) {
    to->request = AHandle();
    to->key = Key();
    to->depth = Depth();
    to->from_hints = Flag();
  }
  void Fill(ReplicaGetAck* to) {
    to->request = AHandle();
    to->status = Status();
    to->depth = Depth();
    to->suspect = Flag();
    to->digest = U64();
    to->top_stamp = U64();
    to->floor = U64();
    to->object = AnObject();
  }
  void Fill(ForwardWrite* to) {
    to->request = AHandle();
    to->verb = Flag() ? ClientVerb::kPut : ClientVerb::kDelete;
    to->key = Key();
    to->value = Blob(2000);
    to->read_level = ALevel();
    to->write_level = ALevel();
    to->sloppy = Flag();
    to->has_context = Flag();
    to->context.vv = Vector(3);
    to->context.stamp = U64();
    to->operation = AnId128<OperationId>();
    to->client_operation = Flag();
    to->proposed_stamp = U64();
    to->retry = Flag();
    to->keep = Flag();
    to->basis = U64();
    to->sent.ns = static_cast<int64_t>(U64());
    to->remaining.ns = static_cast<int64_t>(U64());
  }
  void Fill(ForwardWriteAck* to) {
    to->request = AHandle();
    switch (Count(2)) {
      case 0: {
        auto& done = to->reply.emplace<WriteDone>();
        done.version = U64();
        done.context = Blob(200);
        done.acks.owners = U32();
        done.acks.hints = U32();
        done.acks.synced = U32();
        done.acks.nodes = U32();
        done.superseded_by = U64();
        return;
      }
      case 1: {
        auto& refused = to->reply.emplace<Refused>();
        refused.why =
            Flag()
                ? Of(Refused::Why::kTooFewOwners, Refused::Why::kDamaged)
                : Of(Refused::Why::kTooManySiblings, Refused::Why::kClockAhead);
        refused.context = Blob(200);
        refused.required = U32();
        refused.received = U32();
        return;
      }
      default: {
        auto& unknown = to->reply.emplace<OutcomeUnknown>();
        unknown.required = U32();
        unknown.received = U32();
        unknown.operation = Blob(100);
        unknown.expired = Flag();
      }
    }
  }
  void Fill(HintPut* to) {
    to->request = AHandle();
    to->target = Node();
    to->target_storage = AnId128<StorageId>();
    to->key = Key();
    to->object = StoredObject();
    to->counted = Flag();
    to->floor = U64();
  }
  void Fill(HintPutAck* to) {
    to->request = AHandle();
    to->status = Status();
    to->synced = Flag();
  }
  void Fill(SyncRoots* to) {
    to->session = AHandle();
    to->roots.resize(Count(50));
    for (RangeRoot& root : to->roots) {
      root.range_end = U64();
      root.root = U64();
    }
  }
  void Fill(SyncRootsAck* to) {
    to->session = AHandle();
    to->status = Status();
    to->suspect = Flag();
    to->differing = Numbers(50);
  }
  void Fill(SyncKeys* to) {
    to->session = AHandle();
    to->range_end = U64();
    to->after = U64();
    to->upto = U64();
    to->whole_range = Flag();
    to->items.resize(Count(50));
    for (KeyDigest& item : to->items) {
      item.token = U64();
      item.digest = U64();
    }
  }
  void Fill(SyncKeysAck* to) {
    to->session = AHandle();
    to->status = Status();
    to->range_end = U64();
    to->upto = U64();
    to->want = Numbers(20);
    to->have = Numbers(20);
  }
  void Fill(SyncFetch* to) {
    to->session = AHandle();
    to->tokens = Numbers(30);
  }
  void Fill(SyncObjects* to) {
    to->session = AHandle();
    to->status = Status();
    to->floor = U64();
    to->objects.resize(Count(6));
    for (SyncObject& item : to->objects) {
      item.key = Key();
      item.object = StoredObject();
    }
    to->unread = Numbers(10);
  }
  void Fill(JoinRequest* to) {
    to->self = Record();
    to->params.replication = U32();
    to->params.read_quorum = U32();
    to->params.write_quorum = U32();
    to->params.hash_kind = U32();
    to->params.zone_rule = U32();
    to->params.placement = U32();
    to->wants_ring = Flag();
    to->seeds = Endpoints(5);
    to->self_first = Flag();
  }
  void Fill(JoinAccept* to) {
    to->cluster = AnId128<ClusterId>();
    to->ring = Blob(2000);
    to->members = Records(5);
  }
  void Fill(JoinReject* to) {
    to->why = Of(JoinRejection::kNoCluster, JoinRejection::kNotFounder);
    to->field = Text(0, 40);
    to->theirs = U64();
    to->ours = U64();
    to->seeds = Endpoints(5);
    to->self_first = Flag();
    to->address = AnEndpoint();
    to->founder = Node();
  }
  void Fill(RingClose* to) { to->epoch = AnEpoch(); }
  void Fill(RingPull* to) { to->epoch = AnEpoch(); }
  void Fill(RingPush* to) { to->ring = Blob(5000); }
  void Fill(MemberSync* to) {
    to->answer_wanted = Flag();
    to->records = Records(10);
  }

  void Fill(DatagramHeader* to) {
    to->key_id = static_cast<uint8_t>(U32());
    to->local_health = static_cast<uint8_t>(U32());
    to->view16 = static_cast<uint16_t>(U32());
    to->cluster_tag = U32();
    to->ring_hash = U32();
    to->epoch = AnEpoch();
    to->from = Node();
    to->generation = U32();
    to->seq = U32();
    to->boot_salt = U64();
  }
  void Fill(Ping* to) {
    to->seq = U32();
    to->target = Node();
    to->expected_generation = U32();
    to->view_hash = U64();
    to->wall_ns = static_cast<int64_t>(U64());
  }
  void Fill(Ack* to) {
    to->seq = U32();
    to->view_hash = U64();
    to->receive_delay_us = U32();
    to->wall_ns = static_cast<int64_t>(U64());
  }
  void Fill(PingRequest* to) {
    to->seq = U32();
    to->target = Node();
    to->target_endpoint = AnEndpoint();
  }
  void Fill(ForwardedAck* to) {
    to->seq = U32();
    to->target = Node();
    to->target_generation = U32();
  }
  void Fill(Nack* to) {
    to->seq = U32();
    to->target = Node();
  }
  void Fill(GossipOnly*) {}
  void Fill(ViewDigest* to) {
    for (uint64_t& bucket : to->buckets) bucket = U64();
  }

 private:
  Prng prng_;
};

// Makes the alternative at run-time index `body` and fills it.
template <typename Variant, size_t... Index>
Variant Filled(Draw& draw, size_t body, std::index_sequence<Index...>) {
  Variant filled;
  (void)((Index == body &&
          (draw.Fill(&filled.template emplace<Index>()), true)) ||
         ...);
  return filled;
}

}  // namespace

PeerMessage RandomPeerMessage(uint64_t seed, size_t body) {
  Draw draw(seed);
  PeerMessage message;
  draw.Fill(&message.envelope);
  message.body =
      Filled<PeerBody>(draw, body, std::make_index_sequence<kPeerBodies>());
  return message;
}

Datagram RandomDatagram(uint64_t seed, size_t body) {
  Draw draw(seed);
  Datagram datagram;
  draw.Fill(&datagram.header);
  datagram.body = Filled<DatagramBody>(
      draw, body, std::make_index_sequence<kDatagramBodies>());
  // A digest takes 520 bytes, a record at most 170 here, of 1,336.
  datagram.records = draw.Records(4);
  return datagram;
}

}  // namespace orrery
