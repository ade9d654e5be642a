// core/storage/store.h
//
// Store keeps one shard's records on disk and its index in memory (Bitcask
// model).  It keeps what it is told, says what it no longer knows, and never
// guesses.  Version rules belong to others: it orders records by seq alone.
//
// It never touches a file: disk operations are effects, completions arrive in
// OnDiskDone.  Puts gather; OnTick writes the batch, so that one write (and one
// sync) serves many.
//
// Invariants (I1 to I12 are those of storage section 1):
//   STO-1  A put is answered kOk, and becomes visible to Get, PeekEntry, Walk
//          and TakeChanges, in one step: when its record is synced, if
//          sync_writes; when it is written, if not.  must_sync delays only the
//          answer.
//   STO-2  Seqs rise strictly in the order of Put.
//   STO-3  Nothing past a failed sync is ever called durable.
//   STO-4  Pinned and queued bytes <= limits.pinned_bytes_max, or one record.
//
// Two keys that agree in 128 bits of hash, 64 of them keyed with a secret, are
// taken for one key by the index; a read still proves the key.
//
// Threading: engine thread.  Cost: Put O(1), about a microsecond; Get one disk
// read, none if the record is not synced yet; PeekEntry O(1); Walk sorts a
// segment of the index when it has changed.

#ifndef ORRERY_CORE_STORAGE_STORE_H_
#define ORRERY_CORE_STORAGE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/ready_list.h"
#include "core/base/time.h"
#include "core/protocol/client.h"
#include "core/protocol/counters.h"
#include "core/protocol/disk.h"
#include "core/protocol/effects.h"
#include "core/protocol/limits.h"
#include "core/protocol/options.h"
#include "core/protocol/timers.h"
#include "core/protocol/turn.h"

namespace orrery {

enum class StoreStatus : uint8_t {
  kOk = 1,
  kNotFound = 2,
  kDeleted = 3,   // A tombstone: meta is given, value is empty.
  kCorrupt = 4,   // There is a record and it cannot be read: not absence.
  kFull = 5,      // No space: nothing was written.
  kReadOnly = 6,  // A sync failed, or the file system is read-only.
  kBusy = 7,      // At a cap: nothing was done.
  kTooLarge = 8,  // Key, metadata or value beyond the limits.
  kConflict = 9,  // if_seq did not match: `seq` is the current one.
  kCollisions = 10,
  kUnknown = 11,  // Accepted, and may or may not survive.
  kClosed = 12,
};

struct StorePut {
  Ticket ticket;
  std::string key;
  uint64_t digest = 0;  // Never 0.
  Bytes meta;           // Without the digest.
  Bytes value;          // Empty if deleted.
  uint64_t timestamp = 0;
  bool deleted = false;
  std::optional<uint64_t> if_seq;  // The seq that it replaces; 0: no entry.
  bool must_sync = false;  // Answer when synced, whatever sync_writes says.
};

struct StoreReply {
  Ticket ticket;
  StoreStatus status = StoreStatus::kOk;
  bool suspect = false;  // The shard or the key may lack acknowledged writes.
  uint64_t seq = 0;      // Put: its own; get: the record's; kConflict: current.
  uint64_t timestamp = 0;  // Get.
  // Get: a record of the key was lost that ranked so high, and nothing that
  // ranks as high has taken its place; 0: none.
  uint64_t lost_stamp = 0;
  uint64_t digest = 0;  // Get.
  bool deleted = false;
  Bytes meta;
  Bytes value;
  std::string key;                            // GetAt only.
  LogPosition position;                       // Put: where its record ends.
  Durability durability = Durability::kNone;  // Put: what is true of it now.
  ORRERY_FIELDS(ticket, status, suspect, seq, timestamp, lost_stamp, digest,
                deleted, meta, AsStoredValue(meta, value), key, position,
                durability)
};

// How a store's part of a snapshot ended.
struct StoreSnapshotResult {
  DiskError error = DiskError::kNone;
  uint64_t files = 0;  // Of data.
  uint64_t bytes = 0;  // That they hold; none of them was copied.
  ORRERY_FIELDS(error, files, bytes)
};

struct IndexEntry;  // core/storage/key_index.h
class SpaceGovernor;
class StoreParts;  // core/storage/store_parts.h: the sub-machines, wired.

class Store {
 public:
  struct Options {
    StoreId id = StoreId::kUser;
    std::string directory;  // "shard-0000" or "shard-0000/hints".
    bool sync_writes = false;
    Duration sync_interval = kSecond;
    Duration compact_interval = 300 * kSecond;
    Duration scrub_pass = 7 * 24 * kHour;
    uint64_t max_file_bytes = 100ull << 20;  // At least 8 KiB.
    Limits limits;
    size_t key_bytes_max = kKeyBytesMax;  // The hints store has longer keys.
    bool tells = false;                   // See Effects::told.
    // A tombstone is worth no more than what it hides on this disk: hints.
    bool drops_tombstones = false;
  };

  // `space` is shared by the stores of a node.
  Store(const Options& options, SpaceGovernor& space);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  struct Open {
    StorageId storage;
    uint32_t generation = 0;
    Id128 index_seed;
    uint64_t first_seq = 0;
    bool machine_restarted = false;
    bool fresh = false;
    bool moved = false;
    bool was_clean = false;  // The stop before: nothing was being written.
    ORRERY_FIELDS(storage, generation, index_seed, first_seq, machine_restarted,
                  fresh, moved, was_clean)
  };
  // Recovers; then IsOpen() or IsFailed().  REQUIRES: called once, first.
  void OpenFiles(const Open& open, Turn& turn);
  bool IsOpen() const;
  bool IsFailed() const;
  const std::string& directory() const;
  std::string failure() const;
  // Of the process: 2 for a file of a format that this program cannot read.
  int failure_exit_code() const;
  // What recovery found is in the manifest.  On a full disk it waits for space,
  // though the store is open.
  bool HasNotedRecovery() const;
  // Only this process knows that something is damaged or in doubt: there was no
  // space to say it, or the manifest has failed.
  bool HidesDoubt() const;

  // The whole shard may lack acknowledged writes (I11).
  bool IsSuspect() const;
  // Every range was compared with enough other owners.  Durable by a manifest
  // edit; effective at once.  Also ends open damage.
  void ClearSuspect(Turn& turn);
  // Keys of which a record was lost have no vote, whatever was stored since,
  // until what the other owners have of them is here too: EndKeyDoubts says
  // that it is.  `losses` rises with each that is lost.
  bool HasKeysInDoubt() const;
  uint64_t losses() const;
  void EndKeyDoubts(Turn& turn);
  // The disk is silent: SegmentWriter::IsStalled.
  bool IsStalled() const;
  // Puts are refused: a sync failed, or the disk is full.
  bool IsReadOnly() const;

  // Exactly one StoreReply each.  REQUIRES: IsOpen().
  void Put(StorePut put, Turn& turn);
  void Get(const Ticket& ticket, std::string_view key, Turn& turn);
  // The record behind an index entry as Walk showed it; kNotFound if the entry
  // has changed since.  The reply carries the key.
  void GetAt(const Ticket& ticket, uint64_t token, uint64_t digest, Turn& turn);

  struct Peek {
    enum class Kind : uint8_t { kAbsent = 1, kEntry = 2, kUnsure = 3 };
    Kind kind = Kind::kAbsent;
    uint64_t digest = 0;
    uint64_t timestamp = 0;
    bool tombstone = false;
  };
  // From the index, without disk.  kUnsure: damaged or doubted; a Get tells.
  Peek PeekEntry(std::string_view key) const;

  // There is a record of the key, and it cannot be read.
  bool IsDamaged(std::string_view key) const;

  struct Entry {
    uint64_t token = 0;
    uint64_t digest = 0;
    uint64_t timestamp = 0;
    bool tombstone = false;
    bool doubted = false;
    ORRERY_FIELDS(token, digest, timestamp, tombstone, doubted)
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  // Appends the visible entries (damaged ones are not) with token in (after,
  // upto] of the circle, in that direction, ties by digest.  after == upto: the
  // whole circle.  Stops once `max` are appended and the next has another token
  // than the last, so that *next, the last token visited, resumes the walk.
  // True if done; *next is then `upto`.
  bool Walk(uint64_t after, uint64_t upto, size_t max, std::vector<Entry>* out,
            uint64_t* next) const;

  // An entry that became visible, was replaced, or was found to be damaged
  // (no new digest), for range digests.
  struct Change {
    uint64_t token = 0;
    std::optional<uint64_t> old_digest;
    std::optional<uint64_t> new_digest;
    ORRERY_FIELDS(token, old_digest, new_digest)
  };
  std::vector<Change>& TakeChanges() { return changes_.Take(); }
  std::vector<StoreReply>& TakeReplies() { return replies_.Take(); }
  // Of an answer that was taken, when it is acted upon: Effects::told.
  void TellAnswer(const StoreReply& reply, Turn& turn) const;

  void OnDiskDone(const DiskDone& done, Turn& turn);
  // Appends, in order, which bytes of what was read are values and no more than
  // that to this store.  REQUIRES: OnDiskDone comes next.
  void FindValues(const DiskDone& done, FieldSaver::PartsOf parts_of,
                  std::vector<ByteSpan>* spans) const;
  // kStoreSync, kDiskWatch, kWatermark, kCompaction, kCompactionPace, kScrub,
  // kSpace with handle {slot = StoreId, gen = 1}.
  void OnTimer(const TimerHeap::Due& due, Turn& turn);
  // End of a turn of the event loop: what gathered becomes one write.
  void OnTick(Turn& turn);

  // The governor has news: what waits for space tries again, and if there is
  // little of it something to compact is looked for.
  void OnSpace(Turn& turn);

  // Looks for something to compact now.
  void Compact(Turn& turn);
  // Compacts whatever is worth it for an operator who asks.
  TaskAnswer CompactAll(Turn& turn);
  // Reads every sealed file again, one after the other.
  TaskAnswer ScrubAll(Turn& turn);
  bool IsCompacting() const;
  // Links a consistent state into a directory that is there and empty, and
  // writes a manifest of it (StoreSnapshot): all that was answered by now is in
  // it.  Then, once, TakeSnapshotResult.  REQUIRES: IsOpen(), and none is being
  // made.
  void MakeSnapshot(std::string directory, Turn& turn);
  std::optional<StoreSnapshotResult> TakeSnapshotResult();
  // Answers what is queued, seals, syncs; later puts and gets are kClosed.
  void Close(Turn& turn);
  bool IsClosed() const;
  // Closed, nothing that was answered is unsynced, and no doubt lives in memory
  // alone: only then may IDENTITY be marked clean.
  bool IsClean() const;

  bool IsDurable(LogPosition position, Durability level) const;
  StoreCounters counters() const;
  // Nothing queued, written and not acknowledged, read or compacted.
  bool IsIdle() const;
  uint64_t StateDigest() const;
  void CheckInvariants() const;

  // The state (base/fields.h), and the index's part of it (KeyIndex).
  void Fields(FieldSaver& save) const;
  void Fields(FieldLoader& load);
  void WatchTouches();
  void StopWatching();
  std::vector<IndexEntry>& touched();
  [[nodiscard]] bool Reveal(const IndexEntry& entry);

 private:
  void TellPut(const StorePut& put, Turn& turn) const;
  void ReadEntry(const Ticket& ticket, const IndexEntry& entry,
                 std::string_view key, Turn& turn);

  std::unique_ptr<StoreParts> parts_;
  // Of the parts; looked at several times a step.
  ReadyList<Change>& changes_;
  ReadyList<StoreReply>& replies_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_STORE_H_
