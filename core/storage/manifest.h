// core/storage/manifest.h
//
// The manifest of one store: which data files count, and what is known of
// them.  Edits are applied in order to a state; BASE carries a whole state.
// Bytes only: who writes them is ManifestLog.
//
// File: a header block, then edits.  An edit is
//
//   crc 4 (CRC-32C of the rest, then salt, then offset), payload length 4,
//   edit number 8 (+1 each), type 1, zero 7, payload, zeros
//
// and starts at a multiple of 4,096, so that a synced page is never rewritten.
//
// Invariants:
//   MAN-1  An edit that is torn, and has none behind it, never happened.  After
//          a clean stop none is torn: what does not hold then is damage, and
//          whoever knows how the process ended says so (has_unfinished).
//   MAN-2  Applying what Decode returned never fails, whatever the bytes.
//
// Threading: none.

#ifndef ORRERY_CORE_STORAGE_MANIFEST_H_
#define ORRERY_CORE_STORAGE_MANIFEST_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/protocol/disk.h"
#include "core/storage/control_record.h"
#include "core/storage/header_block.h"

namespace orrery {

enum class EditType : uint8_t {  // Persisted.
  kBase = 1,
  kAdd = 2,
  kSeal = 3,
  kSwap = 4,
  kDrop = 5,
  kPoison = 6,
  kDamage = 7,
  kSuspect = 8,
  kDropRange = 9,
  kNextId = 10,
  kScrub = 11,
};

enum class SuspectReason : uint8_t {  // Persisted.
  kNone = 0,
  kPowerLoss = 1,     // Unsynced writes may be gone.
  kPoison = 2,        // A failed sync was not made good.
  kDamage = 3,        // Records were lost whose keys are unknown.
  kManifestLost = 4,  // Rebuilt from the files: suspicious mode.
  kMoved = 5,         // A copied or restored directory.
};

struct ManifestFile {
  uint64_t id = 0;
  DataFileKind kind = DataFileKind::kUser;
  uint64_t salt = 0;
  // A compacted file: no record in it has a newer one whose seq is below this,
  // for what was dead when the job began was not copied.  Another: about the
  // first seq in it.
  uint64_t base_seq = 0;
  bool sealed = false;
  FileSummary summary;  // Sealed only.
  uint64_t length = 0;  // Sealed: all that counts of the file.
  std::optional<uint64_t> poison_offset;  // Not sealed yet: believe no more.
  ORRERY_FIELDS(id, kind, salt, base_seq, sealed, summary, length,
                poison_offset)
  friend bool operator==(const ManifestFile&, const ManifestFile&) = default;
};

struct DamageRange {
  enum class State : uint8_t { kOpen = 1, kRepaired = 2 };  // Persisted.
  uint64_t file = 0;
  uint64_t from = 0;
  uint64_t upto = 0;
  State state = State::kOpen;
  ORRERY_FIELDS(file, from, upto, state)
  friend bool operator==(const DamageRange&, const DamageRange&) = default;

  // Whether damage that a start finds is this one.  What lies inside of a
  // larger one that was repaired may have rotted since.
  bool Is(const DamageRange& found) const {
    if (file != found.file) return false;
    if (from == found.from && upto == found.upto) return true;
    return state == State::kOpen && from <= found.from && found.upto <= upto;
  }
};

// A record that a newer one hid when the newer one's seq was below this is not
// in the file.
inline uint64_t HidesNothingBelow(const ManifestFile& file) {
  const bool is_clean = file.kind == DataFileKind::kCompacted;
  return is_clean ? std::max(file.base_seq, file.summary.min_seq)
                  : file.summary.min_seq;
}

// Of tokens, (after, upto]; after == upto: all.
struct TokenInterval {
  uint64_t after = 0;
  uint64_t upto = 0;
  ORRERY_FIELDS(after, upto)
  friend bool operator==(const TokenInterval&, const TokenInterval&) = default;
};

struct SuspectState {
  SuspectReason reason = SuspectReason::kNone;
  std::vector<TokenInterval> intervals;  // Empty: nothing is in doubt.
  ORRERY_FIELDS(reason, intervals)
  friend bool operator==(const SuspectState&, const SuspectState&) = default;
};

struct DroppedRange {
  TokenInterval interval;
  uint64_t seq = 0;  // All records of it up to here are dead.
  ORRERY_FIELDS(interval, seq)
  friend bool operator==(const DroppedRange&, const DroppedRange&) = default;
};

struct ManifestState {
  absl::btree_map<uint64_t, ManifestFile> files;
  uint64_t next_id = 1;
  std::vector<DamageRange> damages;
  SuspectState suspect;
  std::vector<DroppedRange> dropped;
  uint64_t scrubbed_upto = 0;  // File id.
  ORRERY_FIELDS(files, next_id, damages, suspect, dropped, scrubbed_upto)
  friend bool operator==(const ManifestState&, const ManifestState&) = default;
};

struct BaseEdit {
  ManifestState state;
  ORRERY_FIELDS(state)
};
struct AddEdit {
  ManifestFile file;  // id, kind, salt, base_seq.
  ORRERY_FIELDS(file)
};
struct SealEdit {
  uint64_t file = 0;
  uint64_t length = 0;
  FileSummary summary;
  ORRERY_FIELDS(file, length, summary)
};
struct SwapEdit {
  std::vector<ManifestFile> outputs;  // Sealed.
  std::vector<uint64_t> inputs;
  ORRERY_FIELDS(outputs, inputs)
};
struct DropEdit {
  std::vector<uint64_t> files;
  ORRERY_FIELDS(files)
};
struct PoisonEdit {
  uint64_t file = 0;
  uint64_t offset = 0;
  ORRERY_FIELDS(file, offset)
};
struct DamageEdit {
  DamageRange range;
  ORRERY_FIELDS(range)
};
struct SuspectEdit {
  SuspectState state;
  ORRERY_FIELDS(state)
};
struct DropRangeEdit {
  DroppedRange range;
  ORRERY_FIELDS(range)
};
struct NextIdEdit {
  uint64_t next_id = 0;
  ORRERY_FIELDS(next_id)
};
struct ScrubEdit {
  uint64_t upto = 0;
  ORRERY_FIELDS(upto)
};

using Edit =
    std::variant<BaseEdit, AddEdit, SealEdit, SwapEdit, DropEdit, PoisonEdit,
                 DamageEdit, SuspectEdit, DropRangeEdit, NextIdEdit, ScrubEdit>;

void Apply(const Edit& edit, ManifestState* state);

// A whole manifest: a header block and one BASE.
struct ManifestHead {
  StorageId storage;
  uint64_t generation = 0;  // Of the manifest.
  uint64_t salt = 0;
  uint64_t created = 0;             // Wall time in nanoseconds.
  uint32_t process_generation = 0;  // Of the start that writes it.
  uint64_t first_edit = 1;
};
BytesList EncodeManifest(const ManifestHead& head, const ManifestState& state);

// One edit, padded with zeros to a multiple of 4,096.
struct EditPlace {
  uint64_t salt = 0;
  uint64_t offset = 0;
  uint64_t number = 0;
};
Bytes EncodeEdit(const Edit& edit, const EditPlace& place);

struct DecodedManifest {
  enum class Verdict : uint8_t {
    kValid = 1,
    kDamaged = 2,  // A bad header, BASE, or edit with a valid one behind it.
    kNewer = 3,    // Of a format that this program does not know.
  };
  Verdict verdict = Verdict::kDamaged;
  HeaderBlock header;
  ManifestState state;
  uint64_t last_edit = 0;
  // Where the edits that count end; 0: there is no header block.
  uint64_t upto = 0;
  // Something stands there that is no edit.
  bool has_unfinished = false;
  // The valid edit behind what is damaged there.
  std::optional<uint64_t> found_behind;
};
// `file` is the whole file as it could be read.
DecodedManifest DecodeManifest(ByteView file);

inline constexpr uint64_t kManifestPageBytes = 4096;

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_MANIFEST_H_
