// core/protocol/effects.h
//
// What a step wants done, as data.  The pump performs disk, sends, datagrams,
// replies, notes in that order, each in order of emission.
//
// Durable before send: an effect that promises durability carries a Promise,
// and exists only in the step that consumed the completion which made it true,
// or later.  The pump asserts it against the store in every build.
//
// Nothing in core reads marks or notes back.

#ifndef ORRERY_CORE_PROTOCOL_EFFECTS_H_
#define ORRERY_CORE_PROTOCOL_EFFECTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/protocol/client.h"
#include "core/protocol/disk.h"
#include "core/protocol/member.h"
#include "core/protocol/message.h"

namespace orrery {

enum class Durability : uint8_t {
  kNone = 0,
  kWritten = 1,  // Survives a process crash.
  kSynced = 2,   // Survives a power loss.
};

// Bytes appended to one store's log so far; monotone over its files.
struct LogPosition {
  uint64_t value = 0;
  ORRERY_FIELDS(value)
  friend constexpr auto operator<=>(const LogPosition&,
                                    const LogPosition&) = default;
};

enum class StoreId : uint8_t { kUser = 0, kHints = 1 };

struct Promise {
  StoreId store = StoreId::kUser;
  LogPosition upto;
  Durability level = Durability::kNone;
  ORRERY_FIELDS(store, upto, level)
};

struct SendEffect {
  Endpoint to;
  PeerMessage message;  // The engine stamps the envelope; rooms leave it empty.
  Promise promise;
};

struct DatagramEffect {
  Endpoint to;
  Datagram datagram;
};

struct ReplyEffect {
  Handle client;
  ClientReply reply;
  Promise promise;
};

// For people: becomes a structured log line or a metric outside core.
struct Note {
  enum class Kind : uint8_t {
    kMemberState = 1,    // member, detail = MemberState, number = incarnation
    kRingInstalled = 2,  // number = seq
    kJoinRejected = 3,   // detail = JoinRejection, text = field or address
    kRecovered = 4,      // text = report
    kTornTail = 5,       // text = file, number = bytes cut
    kDamage = 6,         // text = file, number = offset, token of the key if
                         // it is known; detail = 1: none, for each key that it
                         // took is told of by a note of its own
    kSuspect = 7,        // detail = 1 opened, 0 cleared
    kDiskError = 8,      // detail = DiskError, text = path, number = offset
                         // up to which a poisoned file is believed
    kFatal = 9,  // The process must end: text says why; detail = exit code
    kCompaction = 10,  // number = bytes freed
    kServing = 11,     // Ready for clients.
    kIdentityConflict = 12,
    kWaiting = 13,  // text = what for
    kFounded = 14,
    kJoined = 15,
    kVnodesKept = 16,  // detail = configured, number = recorded: that counts
    kSpace = 17,       // detail = SpaceState, number = free bytes
    kReserve = 18,     // number = bytes, fewer than configured: text says why
    kIndexSnapshotBad = 19,  // text = file, which is made again
    kDiskStall = 20,         // text = store; detail = 1: a write or sync does
                             // not end, 0: it did; number = milliseconds
    // text = IDENTITY, number = offset of the slot that does not hold; or RING,
    // which does not hold or is not there.  No record is lost by it.
    kRootFileBad = 21,
    kManySiblings = 22,  // text = key, number = versions that it has
    kClock = 23,  // detail = 1: this node's clock is off the members' median,
                  // 0: no longer; number = milliseconds, text = ahead, behind
  };
  Kind kind = Kind::kWaiting;
  NodeId member;
  uint32_t detail = 0;
  uint64_t number = 0;
  uint64_t token = 0;
  std::string text;
};

// What a store was asked and what it answered, in order: for a model of the
// store outside.  Told only if EngineOptions::tells_stores.
struct StoreTold {
  enum class Kind : uint8_t { kPut = 1, kGet = 2, kAnswer = 3 };
  // The answer names who asked; one question of it is open at a time.
  struct Asker {
    uint32_t owner = 0;
    uint32_t part = 0;
    Handle handle;
    friend constexpr auto operator<=>(const Asker&, const Asker&) = default;
  };
  Kind kind = Kind::kGet;
  StoreId store = StoreId::kUser;
  Asker asker;
  uint8_t status = 0;  // Of an answer: StoreStatus.
  std::string key;     // kGet: empty if it is asked for by token and digest.
  uint64_t token = 0;
  uint64_t digest = 0;
  uint64_t timestamp = 0;
  uint64_t seq = 0;
  bool deleted = false;
  bool must_sync = false;
  Bytes meta;
  Bytes value;
};

struct Effects {
  std::vector<DiskEffect> disk;
  std::vector<SendEffect> sends;
  std::vector<DatagramEffect> datagrams;
  std::vector<ReplyEffect> replies;
  std::vector<std::string_view> marks;  // Literals: "room.what_happened".
  std::vector<Note> notes;
  std::vector<StoreTold> told;
  bool more = false;     // Work is left over: send a Tick at once (at the end
                         // of this turn of the event loop).
  bool stopped = false;  // The answer to StopEvent: nothing is unsynced.

  void Send(const Endpoint& to, PeerBody body, Promise promise = {}) {
    sends.push_back({to, {{}, std::move(body)}, promise});
  }
  void Reply(Handle client, ClientReply reply, Promise promise = {}) {
    replies.push_back({client, std::move(reply), promise});
  }
  // REQUIRES: a string literal.
  void Mark(std::string_view literal) { marks.push_back(literal); }

  // Keeps capacity: after warm-up a step allocates nothing here.
  void Clear() {
    disk.clear();
    sends.clear();
    datagrams.clear();
    replies.clear();
    marks.clear();
    notes.clear();
    told.clear();
    more = false;
    stopped = false;
  }
};

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_EFFECTS_H_
