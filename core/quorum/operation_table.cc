#include "core/quorum/operation_table.h"

#include "core/base/crc32c.h"
#include "core/base/hash.h"
#include "core/base/invariant.h"

namespace orrery {

uint64_t OperationTable::HashOf(ClientVerb verb, std::string_view key,
                                const Bytes& value) {
  Hasher hasher;
  hasher.Add(uint64_t{static_cast<uint8_t>(verb)});
  hasher.AddText(key);
  // Values are opaque: their length and checksum are what a replay has.
  hasher.Add(uint64_t{value.size()});
  hasher.Add(Crc32c(value.view()));
  return hasher.Value();
}

OperationTable::Answer OperationTable::Meet(OperationId operation,
                                            uint64_t write_hash, Instant now) {
  ORRERY_INVARIANT(!operation.IsZero());
  while (!by_age_.empty() && now - by_age_.front().since >= kOperationLife) {
    DropOldest();
  }
  if (const Entry* entry = entries_.Find(operation); entry != nullptr) {
    if (entry->write_hash != write_hash) return {Finding::kReused};
    return {Finding::kRepeated, entry->stamp, entry->dot};
  }
  if (entries_.size() >= kOperationsMax) DropOldest();  // OPT-1
  entries_.Insert(operation, {write_hash});
  by_age_.push_back({operation, now});
  return {Finding::kNew};
}

void OperationTable::SetVersion(OperationId operation, uint64_t stamp,
                                const Dot& dot) {
  Entry* entry = entries_.Find(operation);
  if (entry == nullptr) return;
  entry->stamp = stamp;
  entry->dot = dot;
}

void OperationTable::DropOldest() {
  entries_.Erase(by_age_.front().operation);
  by_age_.pop_front();
}

}  // namespace orrery
