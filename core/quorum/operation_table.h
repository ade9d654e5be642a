// core/quorum/operation_table.h
//
// OperationTable remembers recent writes by their operation id, so that a
// repeated one is the version that it was, and an id used for another write is
// found out (semantics 3, "Retries").  It holds no values: of the write it
// keeps a hash.
//
// Invariants:
//   OPT-1  At most kOperationsMax entries, none older than kOperationLife when
//          asked for.
//
// Threading: engine thread.  Memory: under 100 bytes an entry.
// Cost: O(1) amortised.

#ifndef ORRERY_CORE_QUORUM_OPERATION_TABLE_H_
#define ORRERY_CORE_QUORUM_OPERATION_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/lookup_map.h"
#include "core/base/time.h"
#include "core/protocol/client.h"

namespace orrery {

// At 100 writes a second with ids of their own: the whole ten minutes.
inline constexpr size_t kOperationsMax = 65536;
inline constexpr Duration kOperationLife = 10 * kMinute;

class OperationTable {
 public:
  enum class Finding : uint8_t { kNew = 1, kRepeated = 2, kReused = 3 };
  struct Answer {
    Finding finding = Finding::kNew;
    // kRepeated: of the version that this node minted; 0 if it has not yet.
    uint64_t stamp = 0;
    Dot dot = {};
  };

  static uint64_t HashOf(ClientVerb verb, std::string_view key,
                         const Bytes& value);

  // Remembers the operation if it is new.  REQUIRES: !operation.IsZero().
  Answer Meet(OperationId operation, uint64_t write_hash, Instant now);
  bool Knows(OperationId operation) const {
    return entries_.Find(operation) != nullptr;
  }
  // Its version was minted.  Ignored if the entry is gone.
  void SetVersion(OperationId operation, uint64_t stamp, const Dot& dot);

  size_t size() const { return entries_.size(); }

  ORRERY_FIELDS(entries_, by_age_)

 private:
  struct Entry {
    uint64_t write_hash = 0;
    uint64_t stamp = 0;
    Dot dot = {};
    ORRERY_FIELDS(write_hash, stamp, dot)
  };
  struct Age {
    OperationId operation;
    Instant since;
    ORRERY_FIELDS(operation, since)
  };

  void DropOldest();

  LookupMap<OperationId, Entry> entries_;
  std::deque<Age> by_age_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_QUORUM_OPERATION_TABLE_H_
