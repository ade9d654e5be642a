#include "core/membership/gossiper.h"

#include <algorithm>
#include <tuple>

#include "core/base/total_order.h"
#include "core/membership/incarnation.h"
#include "core/protocol/limits.h"

namespace orrery {

namespace {

constexpr uint32_t kRetransmissionsMin = 12;
// Field by field, tags and varints at their longest, rounded up.
constexpr size_t kAccusationBytes = 40;
constexpr size_t kAccuserBytes = 12;
constexpr size_t kDescriptionBytes = 120;

}  // namespace

uint32_t RetransmissionsFor(size_t members) {
  uint32_t digits = 0;  // ceil(log10(members + 1))
  for (size_t power = 1; power < members + 1; power *= 10) ++digits;
  return std::max(kRetransmissionsMin, 4 * digits);
}

size_t EstimatedBytes(const MemberRecord& record) {
  size_t bytes = kAccusationBytes + kAccuserBytes * record.accusers.size();
  if (!record.name.empty()) {
    bytes += kDescriptionBytes + record.name.size() + record.zone.size();
  }
  return bytes;
}

void Gossiper::Queue(NodeId id) { entries_[id] = {0, next_++}; }

// A node that doubts itself says nothing against others that only it says.
bool Gossiper::IsWithheld(const MemberRecord& record, NodeId receiver) const {
  if (!isolated_ || record.id == receiver) return false;
  return IsAccusation(record.state) && record.accusers.size() == 1 &&
         record.accusers.front() == self_;
}

uint32_t Gossiper::ClassOf(const MemberRecord& record, NodeId receiver) const {
  if (record.id == receiver) return 0;
  if (record.id == self_) return 1;
  switch (record.state) {
    case MemberState::kLeft:
    case MemberState::kDead:
      return 2;
    case MemberState::kSuspect:
      return 3;
    case MemberState::kAlive:
      return 4;
  }
  return 4;
}

void Gossiper::Choose(NodeId receiver, const MemberTable& table, size_t bytes,
                      std::vector<MemberRecord>* records) {
  if (entries_.empty()) return;
  struct Candidate {
    uint32_t rank;
    uint32_t transmissions;
    uint64_t age;
    NodeId id;
    bool operator<(const Candidate& other) const {
      return std::tie(rank, transmissions, age, id) <
             std::tie(other.rank, other.transmissions, other.age, other.id);
    }
  };
  std::vector<Candidate> candidates;
  candidates.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) {
    const Member* member = table.Find(id);
    if (member == nullptr) continue;
    const MemberRecord& record = member->record;
    // It knows best itself that it is alive.
    if (id == receiver && !IsAccusation(record.state)) continue;
    if (IsWithheld(record, receiver)) continue;
    if (!records->empty() && records->front().id == id) continue;
    candidates.push_back({ClassOf(record, receiver), entry.transmissions,
                          next_ - entry.queued, id});
  }
  Sort(candidates.begin(), candidates.end());

  const uint32_t limit = RetransmissionsFor(table.size());
  for (const Candidate& candidate : candidates) {
    if (records->size() >= kRecordsPerDatagramMax) break;
    const MemberRecord& held = table.Find(candidate.id)->record;
    MemberRecord said = IsAccusation(held.state) ? AccusationOf(held) : held;
    const size_t size = EstimatedBytes(said);
    if (size > bytes) continue;
    bytes -= size;
    records->push_back(std::move(said));
    const auto entry = entries_.find(candidate.id);
    if (++entry->second.transmissions >= limit) entries_.erase(entry);
  }
}

}  // namespace orrery
