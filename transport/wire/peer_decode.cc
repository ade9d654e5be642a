#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/coding.h"
#include "transport/wire/codec.h"
#include "transport/wire/member_fields.h"
#include "transport/wire/object_fields.h"
#include "transport/wire/scratch_arena.h"
#include "transport/wire/wire_limits.h"

namespace orrery {
namespace {

bool ReadStatus(uint32_t wire, ReplicaStatus* status) {
  return ReadEnum(wire, ReplicaStatus::kOk, ReplicaStatus::kClockAhead, status);
}

bool ReadText(std::string* wire, size_t max, std::string* text) {
  if (wire->size() > max) return false;
  *text = std::move(*wire);
  return true;
}

bool ReadBytes(const std::string& wire, size_t max, Bytes* bytes) {
  if (wire.size() > max) return false;
  *bytes = Bytes::CopyOf(wire);
  return true;
}

bool Read(const google::protobuf::RepeatedField<uint64_t>& from, size_t max,
          std::vector<uint64_t>* to) {
  if (static_cast<size_t>(from.size()) > max) return false;
  to->assign(from.begin(), from.end());
  return true;
}

bool Read(const wire::Envelope& from, Envelope* to) {
  to->cluster.hi = from.cluster_high();
  to->cluster.lo = from.cluster_low();
  to->from.value = from.from();
  to->storage.hi = from.storage_high();
  to->storage.lo = from.storage_low();
  to->generation = from.generation();
  to->boot_salt = from.boot_salt();
  to->epoch = {from.era(), from.seq()};
  to->ring_hash = from.ring_hash();
  return ReadEndpoint(from.reply_ip_high(), from.reply_ip_low(),
                      from.reply_port(), &to->reply_to);
}

bool Read(wire::ReplicaPut* from, ReplicaPut* to, ValuesIn* values) {
  to->request = HandleOf(from->request());
  to->basis = from->basis();
  to->floor = from->floor();
  if (!ReadEnum(from->origin(), PutOrigin::kFresh, PutOrigin::kSync,
                &to->origin)) {
    return false;
  }
  if (!ReadKey(from->mutable_key(), &to->key)) return false;
  return ReadStored(from->object(), &to->object, values);
}

bool Read(const wire::ReplicaPutAck& from, ReplicaPutAck* to) {
  to->request = HandleOf(from.request());
  to->synced = from.synced();
  to->top_stamp = from.top_stamp();
  return ReadStatus(from.status(), &to->status);
}

bool ReadDepthOf(uint32_t wire, ReadDepth* depth) {
  return ReadEnum(wire, ReadDepth::kDigest, ReadDepth::kObject, depth);
}

bool Read(wire::ReplicaGet* from, ReplicaGet* to) {
  to->request = HandleOf(from->request());
  to->from_hints = from->from_hints();
  if (!ReadDepthOf(from->depth(), &to->depth)) return false;
  return ReadKey(from->mutable_key(), &to->key);
}

bool Read(const wire::ReplicaGetAck& from, ReplicaGetAck* to,
          ValuesIn* values) {
  to->request = HandleOf(from.request());
  to->suspect = from.suspect();
  to->doubted = from.doubted();
  to->digest = from.digest();
  to->floor = from.floor();
  to->top_stamp = from.top_stamp();
  if (!ReadStatus(from.status(), &to->status)) return false;
  if (!ReadDepthOf(from.depth(), &to->depth)) return false;
  return Read(from.object(), &to->object, values);
}

bool Read(const wire::Level& from, Level* to) {
  to->number = from.number();
  if (from.number() > kReplicationMax) return false;
  if (!ReadEnum(from.kind(), Level::Kind::kConfigured, Level::Kind::kNumber,
                &to->kind)) {
    return false;
  }
  return to->kind != Level::Kind::kNumber || to->number >= 1;
}

bool Read(wire::ForwardWrite* from, ForwardWrite* to, ValuesIn* values) {
  to->request = HandleOf(from->request());
  to->sloppy = from->sloppy();
  to->has_context = from->context_given();
  to->context.stamp = from->context().stamp();
  to->operation.hi = from->operation_high();
  to->operation.lo = from->operation_low();
  to->client_operation = from->client_operation();
  to->proposed_stamp = from->proposed_stamp();
  to->retry = from->retry();
  to->keep = from->keep();
  to->basis = from->basis();
  to->sent.ns = from->sent_ns();
  to->remaining.ns = from->remaining_ns();
  if (!ReadEnum(from->verb(), ClientVerb::kPut, ClientVerb::kDelete,
                &to->verb)) {
    return false;
  }
  if (to->verb == ClientVerb::kGet) return false;
  if (!ReadKey(from->mutable_key(), &to->key)) return false;
  if (!Read(from->read_level(), &to->read_level)) return false;
  if (!Read(from->write_level(), &to->write_level)) return false;
  if (!Read(from->context().vv(), &to->context.vv)) return false;
  return values->Take(from->value_bytes(), &to->value);
}

bool Read(const wire::WriteDone& from, WriteDone* to) {
  to->version = from.version();
  to->acks = {from.owners(), from.hints(), from.synced(), from.nodes()};
  to->superseded_by = from.superseded_by();
  return ReadBytes(from.context(), kContextBytesMax, &to->context);
}

bool Read(const wire::Refused& from, Refused* to) {
  to->required = from.required();
  to->received = from.received();
  if (!ReadBytes(from.context(), kContextBytesMax, &to->context)) return false;
  // Between the two stand those that are no write's.
  return ReadEnum(from.why(), Refused::Why::kTooFewOwners,
                  Refused::Why::kDamaged, &to->why) ||
         ReadEnum(from.why(), Refused::Why::kTooManySiblings,
                  Refused::Why::kClockAhead, &to->why);
}

bool Read(const wire::OutcomeUnknown& from, OutcomeUnknown* to) {
  to->required = from.required();
  to->received = from.received();
  to->expired = from.expired();
  return ReadBytes(from.operation(), kWireOperationTokenBytesMax,
                   &to->operation);
}

bool Read(const wire::ForwardWriteAck& from, ForwardWriteAck* to) {
  to->request = HandleOf(from.request());
  switch (from.reply_case()) {
    case wire::ForwardWriteAck::kDone:
      return Read(from.done(), &to->reply.emplace<WriteDone>());
    case wire::ForwardWriteAck::kRefused:
      return Read(from.refused(), &to->reply.emplace<Refused>());
    case wire::ForwardWriteAck::kUnknown:
      return Read(from.unknown(), &to->reply.emplace<OutcomeUnknown>());
    case wire::ForwardWriteAck::REPLY_NOT_SET:
      return false;
  }
  return false;
}

bool Read(wire::HintPut* from, HintPut* to, ValuesIn* values) {
  to->request = HandleOf(from->request());
  to->target.value = from->target();
  to->target_storage.hi = from->target_storage_high();
  to->target_storage.lo = from->target_storage_low();
  to->counted = from->counted();
  to->floor = from->floor();
  if (!ReadKey(from->mutable_key(), &to->key)) return false;
  return ReadStored(from->object(), &to->object, values);
}

bool Read(const wire::HintPutAck& from, HintPutAck* to) {
  to->request = HandleOf(from.request());
  to->synced = from.synced();
  return ReadStatus(from.status(), &to->status);
}

bool Read(const wire::SyncRoots& from, SyncRoots* to) {
  to->session = HandleOf(from.session());
  if (from.range_end_size() != from.root_size()) return false;
  if (static_cast<size_t>(from.root_size()) > kWireSyncRangesMax) return false;
  to->roots.reserve(static_cast<size_t>(from.root_size()));
  for (int i = 0; i < from.root_size(); ++i) {
    to->roots.push_back({from.range_end(i), from.root(i)});
  }
  return true;
}

bool Read(const wire::SyncRootsAck& from, SyncRootsAck* to) {
  to->session = HandleOf(from.session());
  to->suspect = from.suspect();
  if (!ReadStatus(from.status(), &to->status)) return false;
  return Read(from.differing(), kWireSyncRangesMax, &to->differing);
}

bool Read(const wire::SyncKeys& from, SyncKeys* to) {
  to->session = HandleOf(from.session());
  to->range_end = from.range_end();
  to->after = from.after();
  to->upto = from.upto();
  to->whole_range = from.whole_range();
  if (from.token_size() != from.digest_size()) return false;
  if (static_cast<size_t>(from.token_size()) > kWireSyncItemsMax) return false;
  to->items.reserve(static_cast<size_t>(from.token_size()));
  for (int i = 0; i < from.token_size(); ++i) {
    to->items.push_back({from.token(i), from.digest(i)});
  }
  return true;
}

bool Read(const wire::SyncKeysAck& from, SyncKeysAck* to) {
  to->session = HandleOf(from.session());
  to->range_end = from.range_end();
  to->upto = from.upto();
  if (!ReadStatus(from.status(), &to->status)) return false;
  if (!Read(from.want(), kWireSyncItemsMax, &to->want)) return false;
  return Read(from.have(), kWireSyncItemsMax, &to->have);
}

bool Read(const wire::SyncFetch& from, SyncFetch* to) {
  to->session = HandleOf(from.session());
  return Read(from.token(), kWireSyncItemsMax, &to->tokens);
}

bool Read(wire::SyncObjects* from, SyncObjects* to, ValuesIn* values) {
  to->session = HandleOf(from->session());
  to->floor = from->floor();
  if (!ReadStatus(from->status(), &to->status)) return false;
  if (static_cast<size_t>(from->object_size()) > kWireSyncItemsMax)
    return false;
  to->objects.reserve(static_cast<size_t>(from->object_size()));
  for (wire::SyncObject& item : *from->mutable_object()) {
    SyncObject& object = to->objects.emplace_back();
    if (!ReadKey(item.mutable_key(), &object.key)) return false;
    if (!ReadStored(item.object(), &object.object, values)) return false;
  }
  return Read(from->unread(), kWireSyncItemsMax, &to->unread);
}

RingParams ParamsOf(const wire::RingParams& from) {
  return {.replication = from.replication(),
          .read_quorum = from.read_quorum(),
          .write_quorum = from.write_quorum(),
          .hash_kind = from.hash_kind(),
          .zone_rule = from.zone_rule(),
          .placement = from.placement()};
}

bool Read(wire::JoinRequest* from, JoinRequest* to) {
  to->params = ParamsOf(from->params());
  to->wants_ring = from->wants_ring();
  to->self_first = from->self_first();
  if (!Read(from->mutable_self(), &to->self)) return false;
  return Read(from->seed(), kWireSeedsMax, &to->seeds);
}

bool Read(wire::JoinAccept* from, JoinAccept* to) {
  to->cluster.hi = from->cluster_high();
  to->cluster.lo = from->cluster_low();
  if (!ReadBytes(from->ring(), kWireRingBytesMax, &to->ring)) return false;
  return Read(from->mutable_member(), kMembersMax, &to->members);
}

bool Read(wire::JoinReject* from, JoinReject* to) {
  to->theirs = from->theirs();
  to->ours = from->ours();
  to->self_first = from->self_first();
  to->founder.value = from->founder();
  if (!ReadEnum(from->why(), JoinRejection::kNoCluster,
                JoinRejection::kNotFounder, &to->why)) {
    return false;
  }
  if (!ReadText(from->mutable_field(), kWireFieldNameBytesMax, &to->field)) {
    return false;
  }
  if (!Read(from->seed(), kWireSeedsMax, &to->seeds)) return false;
  return Read(from->address(), &to->address);
}

bool Read(wire::MemberSync* from, MemberSync* to) {
  to->answer_wanted = from->answer_wanted();
  return Read(from->mutable_record(), kMembersMax, &to->records);
}

bool ReadBody(wire::PeerMessage* from, PeerBody* to, ValuesIn* values) {
  using Case = wire::PeerMessage;
  switch (from->body_case()) {
    case Case::kReplicaPut:
      return Read(from->mutable_replica_put(), &to->emplace<ReplicaPut>(),
                  values);
    case Case::kReplicaPutAck:
      return Read(from->replica_put_ack(), &to->emplace<ReplicaPutAck>());
    case Case::kReplicaGet:
      return Read(from->mutable_replica_get(), &to->emplace<ReplicaGet>());
    case Case::kReplicaGetAck:
      return Read(from->replica_get_ack(), &to->emplace<ReplicaGetAck>(),
                  values);
    case Case::kForwardWrite:
      return Read(from->mutable_forward_write(), &to->emplace<ForwardWrite>(),
                  values);
    case Case::kForwardWriteAck:
      return Read(from->forward_write_ack(), &to->emplace<ForwardWriteAck>());
    case Case::kHintPut:
      return Read(from->mutable_hint_put(), &to->emplace<HintPut>(), values);
    case Case::kHintPutAck:
      return Read(from->hint_put_ack(), &to->emplace<HintPutAck>());
    case Case::kSyncRoots:
      return Read(from->sync_roots(), &to->emplace<SyncRoots>());
    case Case::kSyncRootsAck:
      return Read(from->sync_roots_ack(), &to->emplace<SyncRootsAck>());
    case Case::kSyncKeys:
      return Read(from->sync_keys(), &to->emplace<SyncKeys>());
    case Case::kSyncKeysAck:
      return Read(from->sync_keys_ack(), &to->emplace<SyncKeysAck>());
    case Case::kSyncFetch:
      return Read(from->sync_fetch(), &to->emplace<SyncFetch>());
    case Case::kSyncObjects:
      return Read(from->mutable_sync_objects(), &to->emplace<SyncObjects>(),
                  values);
    case Case::kJoinRequest:
      return Read(from->mutable_join_request(), &to->emplace<JoinRequest>());
    case Case::kJoinAccept:
      return Read(from->mutable_join_accept(), &to->emplace<JoinAccept>());
    case Case::kJoinReject:
      return Read(from->mutable_join_reject(), &to->emplace<JoinReject>());
    case Case::kRingClose:
      to->emplace<RingClose>().epoch = {from->ring_close().era(),
                                        from->ring_close().seq()};
      return true;
    case Case::kRingPull:
      to->emplace<RingPull>().epoch = {from->ring_pull().era(),
                                       from->ring_pull().seq()};
      return true;
    case Case::kRingPush:
      return ReadBytes(from->ring_push().ring(), kWireRingBytesMax,
                       &to->emplace<RingPush>().ring);
    case Case::kMemberSync:
      return Read(from->mutable_member_sync(), &to->emplace<MemberSync>());
    case Case::BODY_NOT_SET:  // A newer peer's message.
      return false;
  }
  return false;
}

}  // namespace

std::optional<PeerMessage> DecodePeerMessage(ByteView payload) {
  Reader reader(payload);
  uint32_t body_bytes = 0;
  ByteView body;
  if (!reader.ReadU32(&body_bytes)) return std::nullopt;
  if (body_bytes > kPeerBodyBytesMax) return std::nullopt;
  if (!reader.ReadBytes(body_bytes, &body)) return std::nullopt;

  ScratchArena scratch;
  auto* from = scratch.Create<wire::PeerMessage>();
  if (!from->ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return std::nullopt;
  }
  std::optional<PeerMessage> message(std::in_place);
  ValuesIn values(reader.rest());
  if (!Read(from->envelope(), &message->envelope)) return std::nullopt;
  if (!ReadBody(from, &message->body, &values)) return std::nullopt;
  if (!values.AtEnd()) return std::nullopt;
  return message;
}

}  // namespace orrery
