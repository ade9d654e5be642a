// core/protocol/client.h
//
// What a client asks and what it is told, as closed types with numbers.  The
// sentence a user reads is made from these in transport/http.
//
// The rule of every answer (CONTRACT section 3): refused before anything could
// have applied it (Refused), or unknown (OutcomeUnknown); never "failed" for a
// write that may surface later.

#ifndef ORRERY_CORE_PROTOCOL_CLIENT_H_
#define ORRERY_CORE_PROTOCOL_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/time.h"

namespace orrery {

enum class ClientVerb : uint8_t {
  kPut = 1,
  kGet = 2,
  kDelete = 3,
  kListKeys = 4,
  // What an operator asks of this node's storage.
  kCompact = 5,
  kScrub = 6,
  kSnapshot = 7,
  // What an operator asks of one key: who holds which version of it.
  kInspectKey = 8,
};
// One more than the greatest number of a verb.
inline constexpr size_t kClientVerbsEnd = 9;

// Asked of this node alone: no ring is needed, no other node hears of it.
constexpr bool IsForStorage(ClientVerb verb) {
  return verb >= ClientVerb::kCompact && verb <= ClientVerb::kSnapshot;
}

// How many owners must answer.  Counted afresh over each active owner set and
// capped at its size.
struct Level {
  enum class Kind : uint8_t {
    kConfigured = 0,
    kOne = 1,
    kQuorum = 2,
    kAll = 3,
    kNumber = 4
  };
  Kind kind = Kind::kConfigured;
  uint32_t number = 0;  // Only for kNumber; 1 to 99.
  ORRERY_FIELDS(kind, number)
  friend bool operator==(const Level&, const Level&) = default;
};

struct ClientRequest {
  Handle client;  // Minted by the gateway; comes back on the reply.
  ClientVerb verb = ClientVerb::kGet;
  // 1 to kKeyBytesMax bytes; of put, get, delete and kInspectKey.  kSnapshot:
  // its name, as the operator wrote it.
  std::string key;
  Bytes value;  // kPut.
  Level read_level;
  Level write_level;
  bool sloppy = false;
  bool keep = false;          // `siblings=true`: concurrent versions stay.
  bool quorum_stamp = false;  // `stamp=quorum` (semantics W10b).
  Bytes context;          // Sealed token as the client sent it; empty: none.
  OperationId operation;  // Client's own X-Operation-Id (hashed); zero: none.
  Bytes operation_token;  // The sealed `operation` of a 504, sent back.
  // kListKeys:
  uint32_t limit = 0;  // 1 to 10,000.
  std::string prefix;
  Bytes cursor;  // Opaque, from the last page; empty: from the start.
  ORRERY_FIELDS(client, verb, key, AsValue(value), read_level, write_level,
                sloppy, keep, quorum_stamp, context, operation, operation_token,
                limit, prefix, cursor)
  friend bool operator==(const ClientRequest&, const ClientRequest&) = default;
};

struct Acks {
  uint32_t owners = 0;  // Distinct owners that merged this version.
  uint32_t hints = 0;
  uint32_t synced = 0;  // Of owners and hints: those that synced it.
  uint32_t nodes = 0;   // Distinct machines among all of them.
  ORRERY_FIELDS(owners, hints, synced, nodes)
  friend bool operator==(const Acks&, const Acks&) = default;
};

// 200 of PUT and DELETE.
struct WriteDone {
  uint64_t version = 0;
  Bytes context;  // Sealed.
  Acks acks;
  uint64_t superseded_by = 0;  // 0: nobody reported a higher rank.
  ORRERY_FIELDS(version, context, acks, superseded_by)
  friend bool operator==(const WriteDone&, const WriteDone&) = default;
};

// One of several values of a key.
struct SiblingValue {
  uint64_t version = 0;
  Bytes value;
  ORRERY_FIELDS(version, AsValue(value))
  friend bool operator==(const SiblingValue&, const SiblingValue&) = default;
};

// 200 of GET; also its 404, with found == false.
struct ReadDone {
  bool found = false;
  bool deleted = false;  // Only if !found: a tombstone is known.
  uint64_t version = 0;  // 0 if nothing was ever known.
  Bytes context;         // Sealed; empty if nothing was ever known.
  Bytes value;           // Of those that remain, the one that ranks first.
  // If more than one value remains: all of them, as they rank (R8).
  std::vector<SiblingValue> siblings;
  ORRERY_FIELDS(found, deleted, version, context, AsValue(value), siblings)
  friend bool operator==(const ReadDone&, const ReadDone&) = default;
};

// Nothing was sent, nothing applied, ever: `applied: "no"`.  Reads too: they
// have no outcome.  503 unless said otherwise.
struct Refused {
  enum class Why : uint8_t {
    kTooFewOwners = 1,  // Not enough reachable owners for the level.
    kNotReady = 2,      // Starting, recovering, or not in the ring yet.
    kRingClosed = 3,    // Not a member; moving ownership waits.
    kOverloaded = 4,
    kDiskFull = 5,  // 507.
    kReadQuorumFailed = 6,
    kBadContext = 7,       // 400: truncated, forged, of another key or cluster.
    kBadOperation = 8,     // 400.
    kOperationReused = 9,  // 409: same id, other key or body.
    kReadOnly = 10,        // Failed sync or read-only file system.
    kShuttingDown = 11,
    kDamaged = 12,    // The only reachable copies cannot be read.
    kBadCursor = 13,  // 400: of a listing; not one that this node gave.
    // Of a snapshot, of which nothing is left:
    kBadName = 14,          // 400.
    kNameTaken = 15,        // 409.
    kSnapshotRunning = 16,  // Another one, or what a crash left is removed.
    kDiskFailed = 17,       // 500.
    // 409: of a key with as many versions as it may have (M9), that this write
    // has not seen.
    kTooManySiblings = 18,
    kClockUnknown = 19,  // No owner that was asked knows cluster time yet.
    kClockAhead = 20,    // A retry, stamped beyond the clock bound.
  };
  Why why = Why::kNotReady;
  uint32_t required = 0;
  uint32_t received = 0;
  Bytes context = {};  // kTooManySiblings: sealed; a write with it is taken.
  ORRERY_FIELDS(why, required, received, context)
  friend bool operator==(const Refused&, const Refused&) = default;
};

// 504: something was sent, the outcome is unknown.  `applied: "maybe"`.
struct OutcomeUnknown {
  uint32_t required = 0;
  uint32_t received = 0;
  Bytes operation;  // Sealed: send it back to repeat without overtaking.
  bool expired = false;
  ORRERY_FIELDS(required, received, operation, expired)
  friend bool operator==(const OutcomeUnknown&,
                         const OutcomeUnknown&) = default;
};

struct KeysPage {
  std::vector<std::string> keys;  // In ring-token order, ties by key bytes.
  Bytes cursor;                   // Empty: that was the last page.
  ORRERY_FIELDS(keys, cursor)
  friend bool operator==(const KeysPage&, const KeysPage&) = default;
};

// 200 of what an operator asked of the storage.
struct TaskAnswer {
  enum class State : uint8_t {
    kStarted = 1,  // It goes on; /admin/stats shows how far it is.
    kRunning = 2,  // It had been started before.
    kNothing = 3,  // There is nothing to do.
  };
  State state = State::kNothing;
  uint64_t files = 0;  // That it is about.
  uint64_t bytes = 0;  // Of them.
  ORRERY_FIELDS(state, files, bytes)
  friend bool operator==(const TaskAnswer&, const TaskAnswer&) = default;
};

// 200: it is complete and durable.
struct SnapshotDone {
  std::string name;
  std::string path;    // Relative to the data directory.
  uint64_t files = 0;  // Of data.
  uint64_t bytes = 0;  // That they hold; none of them was copied.
  ORRERY_FIELDS(name, path, files, bytes)
  friend bool operator==(const SnapshotDone&, const SnapshotDone&) = default;
};

// What one node says that it holds of a key, as an owner or in hints.
struct KeyCopy {
  enum class Answer : uint8_t {
    kHolds = 1,        // `versions`; none: it never heard of the key.
    kUnreachable = 2,  // Dead, or not connected: it was not asked.
    kSilent = 3,       // Asked, and it did not answer in time.
    kNotReady = 4,     // Recovering, or its ring is another.
    kDamaged = 5,      // Its record cannot be read.
    kFailed = 6,       // Busy, or its disk gave an error.
  };
  struct Version {
    uint64_t stamp = 0;
    bool tombstone = false;
    bool keep = false;
    Dot dot;
    uint32_t checksum = 0;
    ORRERY_FIELDS(stamp, tombstone, keep, dot, checksum)
    friend bool operator==(const Version&, const Version&) = default;
  };
  NodeId node;
  std::string name;
  Answer answer = Answer::kSilent;
  bool suspect = false;  // It may lack what it once held, and does not vote.
  uint64_t digest = 0;   // 0: nothing.
  std::vector<Version> versions;  // As they rank.
  ORRERY_FIELDS(node, name, answer, suspect, digest, versions)
  friend bool operator==(const KeyCopy&, const KeyCopy&) = default;
};

// 200 of kInspectKey.
struct KeyReport {
  uint64_t token = 0;
  Epoch epoch;
  std::vector<KeyCopy> owners;  // In order of preference.
  // Members that hold hints of it for its owners, or could not tell.
  std::vector<KeyCopy> hints;
  uint32_t not_asked = 0;  // For hints: too many members.
  ORRERY_FIELDS(token, epoch, owners, hints, not_asked)
  friend bool operator==(const KeyReport&, const KeyReport&) = default;
};

using ClientReply = std::variant<WriteDone, ReadDone, Refused, OutcomeUnknown,
                                 KeysPage, TaskAnswer, SnapshotDone, KeyReport>;

// What a write may be answered: all that a forwarder passes on.
using WriteReply = std::variant<WriteDone, Refused, OutcomeUnknown>;

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_CLIENT_H_
