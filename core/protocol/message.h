// core/protocol/message.h
//
// Everything nodes say to each other.  Two carriers:
//
//   PeerMessage  a TCP frame; ordered inside a connection, may be lost with it.
//   Datagram     UDP gossip, at most kDatagramBytesMax with its header.
//
// A link is one-way: the sender dials, the answer comes on the link that the
// answerer dials.  Every request carries a Handle of its sender, which the
// answer returns; a handle that finds nobody is ignored.
//
// Bytes from the network become these types in transport/wire, once; core
// never sees an unparsed message.  Fields here are final from the first
// version; later versions add, never reinterpret.

#ifndef ORRERY_CORE_PROTOCOL_MESSAGE_H_
#define ORRERY_CORE_PROTOCOL_MESSAGE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/client.h"
#include "core/protocol/member.h"
#include "core/protocol/object.h"

namespace orrery {

// ---- Who speaks, and which ring it believes in ----

struct Envelope {
  ClusterId cluster;  // Zero: the sender has none yet.
  NodeId from;
  StorageId storage;  // A wiped disk is a different owner.
  Endpoint reply_to;  // The sender's advertised gossip address.
  uint32_t generation = 0;
  uint64_t boot_salt = 0;
  Epoch epoch;
  uint64_t ring_hash = 0;
  ORRERY_FIELDS(cluster, from, storage, reply_to, generation, boot_salt, epoch,
                ring_hash)
  friend bool operator==(const Envelope&, const Envelope&) = default;
};

// ---- Replication (semantics 3 and 4) ----

// Why an object is sent to an owner.  Only kFresh is held to the clock bound
// and is refused under a stale ring; the others are stored data.
enum class PutOrigin : uint8_t {
  kFresh = 1,
  kWriteBack = 2,
  kHint = 3,
  kSync = 4
};

enum class ReplicaStatus : uint8_t {
  kOk = 1,          // Merged (put); found or absent (get).
  kStaleRing = 2,   // The sender's epoch is older and the range changed.
  kRingBehind = 3,  // The answerer's epoch is older; it is pulling.
  kNotReady = 4,    // Recovering: never "not found".
  kCorrupt = 5,     // The record exists and cannot be read.
  kReadError = 6,
  kBusy = 7,
  kFull = 8,
  kReadOnly = 9,
  kPristine = 10,  // The ring must be closed before the first write.
  kBelowFloor = 11,
  kUnknown = 12,     // A failed sync: may or may not be stored.
  kClockAhead = 13,  // Fresh, and stamped beyond the clock bound (C2).
  // Of a mint, never of a peer: the key has as many versions as it may (M9).
  kTooManySiblings = 14,
};

struct ReplicaPut {
  Handle request;
  PutOrigin origin = PutOrigin::kFresh;
  std::string key;
  Object object;
  uint64_t basis = 0;
  uint64_t floor = 0;
  ORRERY_FIELDS(request, origin, key, object, basis, floor)
  friend bool operator==(const ReplicaPut&, const ReplicaPut&) = default;
};

struct ReplicaPutAck {
  Handle request;
  ReplicaStatus status = ReplicaStatus::kOk;
  bool synced = false;
  uint64_t top_stamp = 0;  // Stamp that ranks first at the answerer now.
  ORRERY_FIELDS(request, status, synced, top_stamp)
  friend bool operator==(const ReplicaPutAck&, const ReplicaPutAck&) = default;
};

enum class ReadDepth : uint8_t { kDigest = 1, kVersions = 2, kObject = 3 };

struct ReplicaGet {
  Handle request;
  std::string key;
  ReadDepth depth = ReadDepth::kObject;
  bool from_hints = false;  // Sloppy read at a stand-in: look in its hints.
  ORRERY_FIELDS(request, key, depth, from_hints)
  friend bool operator==(const ReplicaGet&, const ReplicaGet&) = default;
};

struct ReplicaGetAck {
  Handle request;
  ReplicaStatus status = ReplicaStatus::kOk;
  ReadDepth depth = ReadDepth::kObject;
  bool suspect = false;  // Merge what it says, do not count it (storage I11).
  bool doubted = false;  // Suspect because of this key, not of the whole copy.
  uint64_t digest = 0;   // 0: absent.
  uint64_t floor = 0;
  // Highest stamp that it holds or has lost of the key; 0: none.
  uint64_t top_stamp = 0;
  Object object;  // kVersions: values empty, checksums present.
  ORRERY_FIELDS(request, status, depth, suspect, doubted, digest, floor,
                top_stamp, object)
  friend bool operator==(const ReplicaGetAck&, const ReplicaGetAck&) = default;
};

// A node that is no ready owner hands the whole write to one that is (W2).
// Never forwarded again.
struct ForwardWrite {
  Handle request;
  ClientVerb verb = ClientVerb::kPut;  // kPut or kDelete.
  std::string key;
  Bytes value;
  Level read_level;
  Level write_level;
  bool sloppy = false;
  bool has_context = false;
  SeenVersions context;
  OperationId operation;
  bool client_operation = false;  // The client chose the id itself.
  uint64_t proposed_stamp = 0;    // 0: none.
  bool retry = false;             // A retry keeps its stamp.
  bool keep = false;              // siblings=true.
  uint64_t basis = 0;  // Highest stamp that a majority was found to hold.
  Duration remaining;  // Of the request's deadline,
  WallTime sent;       // at this cluster time; 0: the sender does not know it.
  ORRERY_FIELDS(request, verb, key, AsValue(value), read_level, write_level,
                sloppy, has_context, context, operation, client_operation,
                proposed_stamp, retry, keep, basis, remaining, sent)
  friend bool operator==(const ForwardWrite&, const ForwardWrite&) = default;
};

struct ForwardWriteAck {
  Handle request;
  WriteReply reply;
  ORRERY_FIELDS(request, reply)
  friend bool operator==(const ForwardWriteAck&,
                         const ForwardWriteAck&) = default;
};

// ---- Hints (semantics 5) ----

struct HintPut {
  Handle request;
  NodeId target;
  StorageId target_storage;
  std::string key;
  Object object;
  bool counted = false;  // Must be synced before the acknowledgement.
  uint64_t floor = 0;
  ORRERY_FIELDS(request, target, target_storage, key, object, counted, floor)
  friend bool operator==(const HintPut&, const HintPut&) = default;
};

struct HintPutAck {
  Handle request;
  ReplicaStatus status = ReplicaStatus::kOk;
  bool synced = false;
  ORRERY_FIELDS(request, status, synced)
  friend bool operator==(const HintPutAck&, const HintPutAck&) = default;
};

// ---- Anti-entropy (semantics 7), driven by the side that opened the session
// ----

// A range is named by the token that ends it on the ring of the epoch.
struct RangeRoot {
  uint64_t range_end = 0;
  uint64_t root = 0;
  ORRERY_FIELDS(range_end, root)
  friend bool operator==(const RangeRoot&, const RangeRoot&) = default;
};

struct SyncRoots {
  Handle session;
  std::vector<RangeRoot> roots;  // Every range both own, by range_end.
  ORRERY_FIELDS(session, roots)
  friend bool operator==(const SyncRoots&, const SyncRoots&) = default;
};

struct SyncRootsAck {
  Handle session;
  ReplicaStatus status = ReplicaStatus::kOk;
  bool suspect = false;             // The answerer is itself in doubt.
  std::vector<uint64_t> differing;  // range_ends.
  ORRERY_FIELDS(session, status, suspect, differing)
  friend bool operator==(const SyncRootsAck&, const SyncRootsAck&) = default;
};

struct KeyDigest {
  uint64_t token = 0;
  uint64_t digest = 0;
  ORRERY_FIELDS(token, digest)
  friend constexpr auto operator<=>(const KeyDigest&,
                                    const KeyDigest&) = default;
};

// What the opener holds in (after, upto] of one range, in token order.
struct SyncKeys {
  Handle session;
  uint64_t range_end = 0;
  uint64_t after = 0;
  uint64_t upto = 0;
  bool whole_range = false;  // after == upto would mean empty; this means all.
  std::vector<KeyDigest> items;
  ORRERY_FIELDS(session, range_end, after, upto, whole_range, items)
  friend bool operator==(const SyncKeys&, const SyncKeys&) = default;
};

struct SyncKeysAck {
  Handle session;
  ReplicaStatus status = ReplicaStatus::kOk;
  uint64_t range_end = 0;
  uint64_t upto = 0;
  std::vector<uint64_t> want;  // Tokens the answerer lacks or holds otherwise.
  std::vector<uint64_t> have;  // Tokens the opener lacks or holds otherwise.
  ORRERY_FIELDS(session, status, range_end, upto, want, have)
  friend bool operator==(const SyncKeysAck&, const SyncKeysAck&) = default;
};

struct SyncFetch {
  Handle session;
  std::vector<uint64_t> tokens;
  ORRERY_FIELDS(session, tokens)
  friend bool operator==(const SyncFetch&, const SyncFetch&) = default;
};

struct SyncObject {
  std::string key;
  Object object;
  ORRERY_FIELDS(key, object)
  friend bool operator==(const SyncObject&, const SyncObject&) = default;
};

struct SyncObjects {
  Handle session;
  ReplicaStatus status = ReplicaStatus::kOk;
  uint64_t floor = 0;
  std::vector<SyncObject> objects;
  std::vector<uint64_t> unread;  // Tokens whose records could not be read.
  ORRERY_FIELDS(session, status, floor, objects, unread)
  friend bool operator==(const SyncObjects&, const SyncObjects&) = default;
};

// ---- Ring and membership over TCP (membership 6 and 7) ----

struct RingParams {
  uint32_t replication = 3;
  uint32_t read_quorum = 2;
  uint32_t write_quorum = 2;
  uint32_t hash_kind = 1;  // MurmurHash3 x64_128, seed 0.
  uint32_t zone_rule = 1;
  uint32_t placement = 1;  // `ring`.
  ORRERY_FIELDS(replication, read_quorum, write_quorum, hash_kind, zone_rule,
                placement)
  friend bool operator==(const RingParams&, const RingParams&) = default;
};

struct JoinRequest {
  MemberRecord self;
  RingParams params;
  bool wants_ring = false;      // false: asks to be let into the cluster;
                                // true: asks its founder for ownership (JOIN).
  std::vector<Endpoint> seeds;  // Resolved seed set of the asker.
  bool self_first = false;      // Its list begins with itself, or is empty.
  ORRERY_FIELDS(self, params, wants_ring, seeds, self_first)
  friend bool operator==(const JoinRequest&, const JoinRequest&) = default;
};

struct JoinAccept {
  ClusterId cluster;
  Bytes ring;  // RingState, canonical encoding.
  std::vector<MemberRecord> members;
  ORRERY_FIELDS(cluster, ring, members)
  friend bool operator==(const JoinAccept&, const JoinAccept&) = default;
};

enum class JoinRejection : uint8_t {
  kNoCluster = 1,
  kClusterMismatch = 2,
  kProtocolUnsupported = 3,
  kParamsMismatch = 4,
  kIdCollision = 5,
  kStorageConflict = 6,
  kNameTakenAlive = 7,
  kEvicted = 8,
  kRingClosed = 9,
  kNotFounder = 10,
};

struct JoinReject {
  JoinRejection why = JoinRejection::kNoCluster;
  std::string field;  // kParamsMismatch: which.
  uint64_t theirs = 0;
  uint64_t ours = 0;
  std::vector<Endpoint> seeds;  // kNoCluster: the answerer's seed set.
  bool self_first = false;
  Endpoint address;  // kNoCluster: the answerer's; kNameTakenAlive: whose.
  NodeId founder;    // kNotFounder: whom to ask.
  ORRERY_FIELDS(why, field, theirs, ours, seeds, self_first, address, founder)
  friend bool operator==(const JoinReject&, const JoinReject&) = default;
};

// Asks the founder to close a pristine ring: a write waits for it.
struct RingClose {
  Epoch epoch;  // The pristine epoch the asker knows.
  ORRERY_FIELDS(epoch)
  friend bool operator==(const RingClose&, const RingClose&) = default;
};

struct RingPull {
  Epoch epoch;  // What the asker holds.
  ORRERY_FIELDS(epoch)
  friend bool operator==(const RingPull&, const RingPull&) = default;
};

struct RingPush {
  Bytes ring;  // RingState, canonical encoding; whoever is behind installs it.
  ORRERY_FIELDS(ring)
  friend bool operator==(const RingPush&, const RingPush&) = default;
};

struct MemberSync {
  bool answer_wanted = false;
  std::vector<MemberRecord> records;
  ORRERY_FIELDS(answer_wanted, records)
  friend bool operator==(const MemberSync&, const MemberSync&) = default;
};

using PeerBody =
    std::variant<ReplicaPut, ReplicaPutAck, ReplicaGet, ReplicaGetAck,
                 ForwardWrite, ForwardWriteAck, HintPut, HintPutAck, SyncRoots,
                 SyncRootsAck, SyncKeys, SyncKeysAck, SyncFetch, SyncObjects,
                 JoinRequest, JoinAccept, JoinReject, RingClose, RingPull,
                 RingPush, MemberSync>;

struct PeerMessage {
  Envelope envelope;
  PeerBody body;
  ORRERY_FIELDS(envelope, body)
  friend bool operator==(const PeerMessage&, const PeerMessage&) = default;
};

// ---- Gossip over UDP (membership 5) ----

// The fixed 48-byte header, always in the clear.
struct DatagramHeader {
  uint8_t key_id = 0;
  uint8_t local_health = 0;
  uint16_t view16 = 0;
  uint32_t cluster_tag = 0;  // 0: the sender has no cluster id yet.
  uint32_t ring_hash = 0;    // Low 32 bits.
  Epoch epoch;
  NodeId from;
  uint32_t generation = 0;
  uint32_t seq = 0;  // Counts the datagrams of this generation.
  uint64_t boot_salt = 0;
  ORRERY_FIELDS(key_id, local_health, view16, cluster_tag, ring_hash, epoch,
                from, generation, seq, boot_salt)
  friend bool operator==(const DatagramHeader&,
                         const DatagramHeader&) = default;
};

struct Ping {
  uint32_t seq = 0;
  NodeId target;                     // Zero: whoever hears it (a seed).
  uint32_t expected_generation = 0;  // 0: any.
  uint64_t view_hash = 0;
  int64_t wall_ns = 0;  // For cluster time (semantics C3).
  ORRERY_FIELDS(seq, target, expected_generation, view_hash, wall_ns)
  friend bool operator==(const Ping&, const Ping&) = default;
};
struct Ack {
  uint32_t seq = 0;
  uint64_t view_hash = 0;
  uint32_t receive_delay_us = 0;
  int64_t wall_ns = 0;
  ORRERY_FIELDS(seq, view_hash, receive_delay_us, wall_ns)
  friend bool operator==(const Ack&, const Ack&) = default;
};
struct PingRequest {
  uint32_t seq = 0;
  NodeId target;
  Endpoint target_endpoint;
  ORRERY_FIELDS(seq, target, target_endpoint)
  friend bool operator==(const PingRequest&, const PingRequest&) = default;
};
struct ForwardedAck {
  uint32_t seq = 0;
  NodeId target;
  uint32_t target_generation = 0;
  ORRERY_FIELDS(seq, target, target_generation)
  friend bool operator==(const ForwardedAck&, const ForwardedAck&) = default;
};
struct Nack {
  uint32_t seq = 0;
  NodeId target;
  ORRERY_FIELDS(seq, target)
  friend bool operator==(const Nack&, const Nack&) = default;
};
struct GossipOnly {  // The records beside it are the message.
  ORRERY_FIELDS()
  friend bool operator==(const GossipOnly&, const GossipOnly&) = default;
};
struct ViewDigest {
  std::array<uint64_t, 64> buckets{};  // By the top 6 bits of NodeId.
  ORRERY_FIELDS(buckets)
  friend bool operator==(const ViewDigest&, const ViewDigest&) = default;
};

using DatagramBody = std::variant<Ping, Ack, PingRequest, ForwardedAck, Nack,
                                  GossipOnly, ViewDigest>;

struct Datagram {
  DatagramHeader header;
  DatagramBody body;
  std::vector<MemberRecord> records;
  ORRERY_FIELDS(header, body, records)
  friend bool operator==(const Datagram&, const Datagram&) = default;
};

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_MESSAGE_H_
