// core/storage/store_parts.h
//
// The sub-machines of one store, wired.  The order of the members is the order
// of dependency: each holds references only to those above it.

#ifndef ORRERY_CORE_STORAGE_STORE_PARTS_H_
#define ORRERY_CORE_STORAGE_STORE_PARTS_H_

#include <vector>

#include "core/base/fields.h"
#include "core/storage/awaited_keys.h"
#include "core/storage/compaction.h"
#include "core/storage/file_table.h"
#include "core/storage/index_snapshot_writer.h"
#include "core/storage/key_index.h"
#include "core/storage/manifest.h"
#include "core/storage/manifest_log.h"
#include "core/storage/record_reader.h"
#include "core/storage/recovery.h"
#include "core/storage/scrubber.h"
#include "core/storage/segment_writer.h"
#include "core/storage/store_context.h"
#include "core/storage/store_snapshot.h"

namespace orrery {

class StoreParts {
 public:
  StoreParts(const Store::Options& options, SpaceGovernor& space);

  void OnDiskDone(const DiskDone& done, Turn& turn);
  void FindValues(const DiskDone& done, FieldSaver::PartsOf parts_of,
                  std::vector<ByteSpan>* spans) const;
  // Carries what one sub-machine finished to those that wait for it.
  void Settle(Turn& turn);
  void ClearSuspect(Turn& turn);
  void EndKeyDoubts(Turn& turn);
  // That cannot be read, and are not repaired.
  uint64_t DamagedRecords() const;
  bool IsFailed() const;

  StoreContext context;
  FileTable files;
  KeyIndex index;
  ManifestLog manifest;
  AwaitedKeys awaited;
  Recovery recovery;
  SegmentWriter writer;
  RecordReader reader;
  Compaction compaction;
  Scrubber scrubber;
  StoreSnapshot snapshot;
  IndexSnapshotWriter index_snapshots;
  bool is_open = false;
  bool is_suspect = false;

  ORRERY_FIELDS(context, files, index, manifest, awaited, recovery, writer,
                reader, compaction, scrubber, snapshot, index_snapshots,
                is_open, is_suspect)

 private:
  void OnRecovered(Turn& turn);
  void MarkDamaged(const DamagedEntry& damaged, Turn& turn);
  void AwaitKeysOf(DamageRange gap, Turn& turn);
  void CloseRepairedDamage(Turn& turn);
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_STORE_PARTS_H_
