// core/storage/store_context.h
//
// What every sub-machine of one store knows: its options, who opened it, how
// to name its files, and where answers go.
//
// Threading: engine thread.

#ifndef ORRERY_CORE_STORAGE_STORE_CONTEXT_H_
#define ORRERY_CORE_STORAGE_STORE_CONTEXT_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/fields.h"
#include "core/base/ready_list.h"
#include "core/base/siphash.h"
#include "core/storage/index_snapshot.h"
#include "core/storage/key_index.h"
#include "core/storage/manifest.h"
#include "core/storage/space_governor.h"
#include "core/storage/store.h"
#include "core/storage/store_disk.h"

namespace orrery {

struct StoreContext {
  StoreContext(const Store::Options& store_options, SpaceGovernor& governor)
      : options(store_options),
        disk(store_options.id, store_options.directory),
        space(governor) {}

  const Store::Options options;
  const StoreDisk disk;
  SpaceGovernor& space;
  Store::Open open;
  uint64_t next_file_id = 1;  // Never given twice (I8).

  ReadyList<StoreReply> replies;
  ReadyList<Store::Change> changes;
  // Of a key whose records were lost: the highest stamp among them (the
  // manifest knows where they are).  Such a key is in doubt, whatever takes
  // their place, until it was exchanged with the other owners
  // (decisions/0007); of hints, until what is stored ranks as high.  In memory
  // only: after a restart open damage tells again, by key or for the whole
  // store (RVR-5).
  absl::btree_map<KeyHash, uint64_t> lost;
  uint64_t losses = 0;            // How often one was added, or a higher stamp.
  std::vector<KeyHash> repaired;  // Keys that are in doubt no more.
  StoreCounters counters;
  ORRERY_FIELDS(open, next_file_id, replies, changes, lost, losses, repaired,
                counters)

  void NoteLost(const KeyHash& hash, uint64_t stamp) {
    uint64_t& highest = lost[hash];
    highest = std::max(highest, stamp);
    ++losses;
  }
  // 0: nothing of the key was lost.
  uint64_t LostStampOf(const KeyHash& hash) const {
    const auto found = lost.find(hash);
    return found == lost.end() ? 0 : found->second;
  }
  SipKey index_key() const { return {open.index_seed.hi, open.index_seed.lo}; }
  KeyHash HashOf(std::string_view key) const {
    return HashKey(index_key(), key);
  }
  // What the index snapshot of a listed file must agree with.
  SnapshotSource SnapshotSourceOf(const ManifestFile& listed) const {
    return {.storage = open.storage,
            .file = listed.id,
            .salt = listed.salt,
            .summary = listed.summary,
            .hash_check = SnapshotSource::HashCheckOf(index_key())};
  }
  // Unpredictable without the index seed; differs per file and start.
  uint64_t SaltOf(uint64_t file_id) const;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_STORE_CONTEXT_H_
