// core/storage/record_reader.h
//
// RecordReader answers gets that need the disk: pin the file, one read, both
// checksums, then the key, answer, unpin.  It says which records could not be
// read; it changes nothing.
//
// Invariants:
//   RDR-1  An answer with a value was written for exactly that key (I3).
//   RDR-2  Bytes that do not verify are read once more past the cache; still
//          bad: kCorrupt, never kNotFound (I4).
//   RDR-3  At most limits.store_reads_max reads are in flight; beyond: kBusy.
//
// Threading: engine thread.  Cost: one disk read of the record's length,
// rounded up by at most 1/128.

#ifndef ORRERY_CORE_STORAGE_RECORD_READER_H_
#define ORRERY_CORE_STORAGE_RECORD_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "core/base/fields.h"
#include "core/base/pool.h"
#include "core/base/ready_list.h"
#include "core/base/time.h"
#include "core/protocol/disk.h"
#include "core/protocol/turn.h"
#include "core/storage/file_table.h"
#include "core/storage/key_index.h"
#include "core/storage/record.h"
#include "core/storage/store_context.h"

namespace orrery {

class RecordReader {
 public:
  RecordReader(StoreContext& context, FileTable& files)
      : context_(context),
        files_(files),
        reads_(context.options.limits.store_reads_max) {}

  struct Request {
    Ticket ticket;
    IndexEntry entry;
    std::string key;          // Empty: whatever key the record has.
    bool suspect = false;     // Of the answer.
    uint64_t lost_stamp = 0;  // Likewise.
    ORRERY_FIELDS(ticket, entry, key, suspect, lost_stamp)
  };
  void Read(Request request, Turn& turn);
  void OnDiskDone(const DiskDone& done, Turn& turn);
  void OnFileOpened(uint16_t slot, Turn& turn);
  void OnFileFailed(uint16_t slot, Turn& turn);

  // Appends where the values are in what was read, sibling by sibling; bytes
  // that nobody will look at count as such.
  void FindValues(const DiskDone& done, FieldSaver::PartsOf parts_of,
                  std::vector<ByteSpan>* spans) const;

  std::vector<DamagedEntry>& TakeDamaged() { return damaged_.Take(); }
  // How long reads took that were answered from the disk at once.
  std::vector<Duration>& TakeTimes() { return times_.Take(); }
  bool IsIdle() const { return reads_.empty(); }

  ORRERY_FIELDS(reads_, waiting_, damaged_, times_)

 private:
  struct Reading {
    Request request;
    Instant since;     // When the disk was asked.
    ByteBuffer bytes;  // Of a record that came in parts.
    bool is_retry = false;
    bool is_dropping = false;  // The cache is being dropped.
    void Fields(FieldSaver& save) const;
    void Fields(FieldLoader& load);
  };

  void Submit(Handle handle, Turn& turn);
  void Answer(const Reading& reading, const RecordHeader& header,
              const Bytes& bytes);
  void Retry(Handle handle, Turn& turn);
  void Finish(Handle handle, StoreStatus status, Turn& turn);

  StoreContext& context_;
  FileTable& files_;
  Pool<Reading> reads_;
  absl::btree_map<uint16_t, std::vector<Handle>> waiting_;  // For their file.
  ReadyList<DamagedEntry> damaged_;
  ReadyList<Duration> times_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_RECORD_READER_H_
