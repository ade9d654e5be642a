// core/storage/identity.h
//
// What a data directory says about itself: the file IDENTITY, two slots of one
// header block each, updated in place in turn, so that an update needs no free
// space and a torn one leaves the other slot (storage section 2).
//
// Bytes only: who reads and writes them is DataDirectory.
//
// Threading: none.  Cost: one CRC-32C of 4 KiB per call.

#ifndef ORRERY_CORE_STORAGE_IDENTITY_H_
#define ORRERY_CORE_STORAGE_IDENTITY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/storage/header_block.h"

namespace orrery {

struct Identity {
  StorageId storage;  // 128 random bits of the format.
  ClusterId cluster;  // Zero: none yet.
  std::string node_name;
  uint32_t generation = 0;  // Raised and synced at every start.
  Id128 index_seed;         // Keys the index's hash and the files' salts.
  uint64_t seq_lease = 0;   // Every seq ever given lies below it.
  uint64_t hlc_high = 0;    // Every stamp ever drawn lies below it.
  Id128 boot_id;            // Of the machine, when last recovered.
  uint64_t inode = 0;       // Of IDENTITY itself: a copy has another.
  bool clean_stop = false;
  bool snapshot_copy = false;
  uint64_t revision = 0;  // Counts updates; the newer slot wins.
  // Not stored: where this start's seqs begin, a multiple of 2^32 above all
  // that were ever leased.
  uint64_t first_seq = 0;
  ORRERY_FIELDS(storage, cluster, node_name, generation, index_seed, seq_lease,
                hlc_high, boot_id, inode, clean_stop, snapshot_copy, revision,
                first_seq)
  friend bool operator==(const Identity&, const Identity&) = default;
};

inline constexpr size_t kIdentitySlotBytes = 4096;
inline constexpr size_t kIdentityBytes = 2 * kIdentitySlotBytes;

// One slot.  REQUIRES: node_name.size() <= kNodeNameBytesMax.
Bytes EncodeIdentitySlot(const Identity& identity, uint64_t salt);

struct IdentitySlots {
  std::optional<Identity> newest;  // Nothing: no slot is valid.
  // A slot needs a newer program: write nothing.
  std::optional<FileFormat> newer_format;
  // A slot holds something that is not valid: the newer one may be lost.
  bool one_damaged = false;
  ORRERY_FIELDS(newest, newer_format, one_damaged)
};
// `file` is what could be read of IDENTITY.
IdentitySlots DecodeIdentity(ByteView file);

// The file RING: a header block, then the payload.
Bytes EncodeRingFile(const StorageId& storage, ByteView ring, uint64_t salt);

struct RingFile {
  // kDamaged: the header block, or the payload that it names.
  HeaderCheck check = HeaderCheck::kDamaged;
  HeaderBlock header;
  Bytes ring;  // kValid.
};
RingFile DecodeRingFile(const Bytes& file);

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_IDENTITY_H_
