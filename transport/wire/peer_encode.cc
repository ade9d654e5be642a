#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/base/coding.h"
#include "core/base/invariant.h"
#include "transport/wire/codec.h"
#include "transport/wire/member_fields.h"
#include "transport/wire/object_fields.h"
#include "transport/wire/scratch_arena.h"
#include "transport/wire/wire_limits.h"

namespace orrery {
namespace {

void Write(const Envelope& from, wire::Envelope* to) {
  const auto [ip_high, ip_low] = IpToWire(from.reply_to);
  to->set_cluster_high(from.cluster.hi);
  to->set_cluster_low(from.cluster.lo);
  to->set_from(from.from.value);
  to->set_storage_high(from.storage.hi);
  to->set_storage_low(from.storage.lo);
  to->set_reply_ip_high(ip_high);
  to->set_reply_ip_low(ip_low);
  to->set_reply_port(from.reply_to.port);
  to->set_generation(from.generation);
  to->set_boot_salt(from.boot_salt);
  to->set_era(from.epoch.era);
  to->set_seq(from.epoch.seq);
  to->set_ring_hash(from.ring_hash);
}

template <typename Enum>
uint32_t Number(Enum value) {
  return static_cast<uint32_t>(value);
}

void Write(const std::vector<uint64_t>& from,
           google::protobuf::RepeatedField<uint64_t>* to) {
  to->Add(from.begin(), from.end());
}

void Write(const Level& from, wire::Level* to) {
  to->set_kind(Number(from.kind));
  to->set_number(from.number);
}

void Write(const WriteDone& from, wire::WriteDone* to) {
  to->set_version(from.version);
  to->set_context(from.context.data(), from.context.size());
  to->set_owners(from.acks.owners);
  to->set_hints(from.acks.hints);
  to->set_synced(from.acks.synced);
  to->set_nodes(from.acks.nodes);
  to->set_superseded_by(from.superseded_by);
}

void Write(const Refused& from, wire::Refused* to) {
  to->set_why(Number(from.why));
  to->set_required(from.required);
  to->set_received(from.received);
  to->set_context(from.context.data(), from.context.size());
}

void Write(const OutcomeUnknown& from, wire::OutcomeUnknown* to) {
  to->set_required(from.required);
  to->set_received(from.received);
  to->set_operation(from.operation.data(), from.operation.size());
  to->set_expired(from.expired);
}

void Write(const RingParams& from, wire::RingParams* to) {
  to->set_replication(from.replication);
  to->set_read_quorum(from.read_quorum);
  to->set_write_quorum(from.write_quorum);
  to->set_hash_kind(from.hash_kind);
  to->set_zone_rule(from.zone_rule);
  to->set_placement(from.placement);
}

// One operator per body: it sets the oneof and fills it.
class BodyWriter {
 public:
  BodyWriter(wire::PeerMessage* message, ValuesOut* values)
      : message_(message), values_(values) {}

  void operator()(const ReplicaPut& from) {
    wire::ReplicaPut* to = message_->mutable_replica_put();
    to->set_request(ToWire(from.request));
    to->set_origin(Number(from.origin));
    to->set_key(from.key);
    Write(from.object, to->mutable_object(), values_);
    to->set_basis(from.basis);
    to->set_floor(from.floor);
  }

  void operator()(const ReplicaPutAck& from) {
    wire::ReplicaPutAck* to = message_->mutable_replica_put_ack();
    to->set_request(ToWire(from.request));
    to->set_status(Number(from.status));
    to->set_synced(from.synced);
    to->set_top_stamp(from.top_stamp);
  }

  void operator()(const ReplicaGet& from) {
    wire::ReplicaGet* to = message_->mutable_replica_get();
    to->set_request(ToWire(from.request));
    to->set_key(from.key);
    to->set_depth(Number(from.depth));
    to->set_from_hints(from.from_hints);
  }

  void operator()(const ReplicaGetAck& from) {
    wire::ReplicaGetAck* to = message_->mutable_replica_get_ack();
    to->set_request(ToWire(from.request));
    to->set_status(Number(from.status));
    to->set_depth(Number(from.depth));
    to->set_suspect(from.suspect);
    to->set_doubted(from.doubted);
    to->set_digest(from.digest);
    to->set_floor(from.floor);
    to->set_top_stamp(from.top_stamp);
    if (from.object.IsEmpty()) return;
    Write(from.object, to->mutable_object(), values_);
  }

  void operator()(const ForwardWrite& from) {
    wire::ForwardWrite* to = message_->mutable_forward_write();
    to->set_request(ToWire(from.request));
    to->set_verb(Number(from.verb));
    to->set_key(from.key);
    to->set_value_bytes(static_cast<uint32_t>(from.value.size()));
    values_->push_back(from.value.view());
    Write(from.read_level, to->mutable_read_level());
    Write(from.write_level, to->mutable_write_level());
    to->set_sloppy(from.sloppy);
    to->set_context_given(from.has_context);
    Write(from.context.vv, to->mutable_context()->mutable_vv());
    to->mutable_context()->set_stamp(from.context.stamp);
    to->set_operation_high(from.operation.hi);
    to->set_operation_low(from.operation.lo);
    to->set_client_operation(from.client_operation);
    to->set_proposed_stamp(from.proposed_stamp);
    to->set_retry(from.retry);
    to->set_keep(from.keep);
    to->set_basis(from.basis);
    to->set_sent_ns(from.sent.ns);
    to->set_remaining_ns(from.remaining.ns);
  }

  void operator()(const ForwardWriteAck& from) {
    wire::ForwardWriteAck* to = message_->mutable_forward_write_ack();
    to->set_request(ToWire(from.request));
    if (const auto* done = std::get_if<WriteDone>(&from.reply)) {
      Write(*done, to->mutable_done());
    } else if (const auto* refused = std::get_if<Refused>(&from.reply)) {
      Write(*refused, to->mutable_refused());
    } else {
      Write(std::get<OutcomeUnknown>(from.reply), to->mutable_unknown());
    }
  }

  void operator()(const HintPut& from) {
    wire::HintPut* to = message_->mutable_hint_put();
    to->set_request(ToWire(from.request));
    to->set_target(from.target.value);
    to->set_target_storage_high(from.target_storage.hi);
    to->set_target_storage_low(from.target_storage.lo);
    to->set_key(from.key);
    Write(from.object, to->mutable_object(), values_);
    to->set_counted(from.counted);
    to->set_floor(from.floor);
  }

  void operator()(const HintPutAck& from) {
    wire::HintPutAck* to = message_->mutable_hint_put_ack();
    to->set_request(ToWire(from.request));
    to->set_status(Number(from.status));
    to->set_synced(from.synced);
  }

  void operator()(const SyncRoots& from) {
    wire::SyncRoots* to = message_->mutable_sync_roots();
    to->set_session(ToWire(from.session));
    for (const RangeRoot& range : from.roots) {
      to->add_range_end(range.range_end);
      to->add_root(range.root);
    }
  }

  void operator()(const SyncRootsAck& from) {
    wire::SyncRootsAck* to = message_->mutable_sync_roots_ack();
    to->set_session(ToWire(from.session));
    to->set_status(Number(from.status));
    to->set_suspect(from.suspect);
    Write(from.differing, to->mutable_differing());
  }

  void operator()(const SyncKeys& from) {
    wire::SyncKeys* to = message_->mutable_sync_keys();
    to->set_session(ToWire(from.session));
    to->set_range_end(from.range_end);
    to->set_after(from.after);
    to->set_upto(from.upto);
    to->set_whole_range(from.whole_range);
    for (const KeyDigest& item : from.items) {
      to->add_token(item.token);
      to->add_digest(item.digest);
    }
  }

  void operator()(const SyncKeysAck& from) {
    wire::SyncKeysAck* to = message_->mutable_sync_keys_ack();
    to->set_session(ToWire(from.session));
    to->set_status(Number(from.status));
    to->set_range_end(from.range_end);
    to->set_upto(from.upto);
    Write(from.want, to->mutable_want());
    Write(from.have, to->mutable_have());
  }

  void operator()(const SyncFetch& from) {
    wire::SyncFetch* to = message_->mutable_sync_fetch();
    to->set_session(ToWire(from.session));
    Write(from.tokens, to->mutable_token());
  }

  void operator()(const SyncObjects& from) {
    wire::SyncObjects* to = message_->mutable_sync_objects();
    to->set_session(ToWire(from.session));
    to->set_status(Number(from.status));
    to->set_floor(from.floor);
    for (const SyncObject& item : from.objects) {
      wire::SyncObject* object = to->add_object();
      object->set_key(item.key);
      Write(item.object, object->mutable_object(), values_);
    }
    Write(from.unread, to->mutable_unread());
  }

  void operator()(const JoinRequest& from) {
    wire::JoinRequest* to = message_->mutable_join_request();
    Write(from.self, to->mutable_self());
    Write(from.params, to->mutable_params());
    to->set_wants_ring(from.wants_ring);
    Write(from.seeds, to->mutable_seed());
    to->set_self_first(from.self_first);
  }

  void operator()(const JoinAccept& from) {
    wire::JoinAccept* to = message_->mutable_join_accept();
    to->set_cluster_high(from.cluster.hi);
    to->set_cluster_low(from.cluster.lo);
    to->set_ring(from.ring.data(), from.ring.size());
    Write(from.members, to->mutable_member());
  }

  void operator()(const JoinReject& from) {
    wire::JoinReject* to = message_->mutable_join_reject();
    to->set_why(Number(from.why));
    to->set_field(from.field);
    to->set_theirs(from.theirs);
    to->set_ours(from.ours);
    Write(from.seeds, to->mutable_seed());
    to->set_self_first(from.self_first);
    Write(from.address, to->mutable_address());
    to->set_founder(from.founder.value);
  }

  void operator()(const RingClose& from) {
    wire::RingClose* to = message_->mutable_ring_close();
    to->set_era(from.epoch.era);
    to->set_seq(from.epoch.seq);
  }

  void operator()(const RingPull& from) {
    wire::RingPull* to = message_->mutable_ring_pull();
    to->set_era(from.epoch.era);
    to->set_seq(from.epoch.seq);
  }

  void operator()(const RingPush& from) {
    message_->mutable_ring_push()->set_ring(from.ring.data(), from.ring.size());
  }

  void operator()(const MemberSync& from) {
    wire::MemberSync* to = message_->mutable_member_sync();
    to->set_answer_wanted(from.answer_wanted);
    Write(from.records, to->mutable_record());
  }

 private:
  wire::PeerMessage* message_;
  ValuesOut* values_;
};

}  // namespace

bool AppendPeerMessage(const PeerMessage& message, std::string* out) {
  ScratchArena scratch;
  auto* to = scratch.Create<wire::PeerMessage>();
  ValuesOut values;
  Write(message.envelope, to->mutable_envelope());
  std::visit(BodyWriter(to, &values), message.body);

  const size_t body_bytes = to->ByteSizeLong();
  if (body_bytes > kPeerBodyBytesMax) return false;
  size_t total = kBodyLengthBytes + body_bytes;
  for (const ByteView value : values) total += value.size();
  if (total > kPeerFrameBytesMax) return false;

  const size_t start = out->size();
  out->resize(start + kBodyLengthBytes + body_bytes);
  auto* at = reinterpret_cast<uint8_t*>(out->data() + start);
  StoreU32(reinterpret_cast<std::byte*>(at), static_cast<uint32_t>(body_bytes));
  to->SerializeWithCachedSizesToArray(at + kBodyLengthBytes);
  for (const ByteView value : values) out->append(TextOf(value));
  return true;
}

bool EncodePeerMessage(const PeerMessage& message, std::string* out) {
  out->clear();
  return AppendPeerMessage(message, out);
}

}  // namespace orrery
