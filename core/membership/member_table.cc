#include "core/membership/member_table.h"

#include "core/base/invariant.h"
#include "core/protocol/limits.h"

namespace orrery {

const Member* MemberTable::Find(NodeId id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

Member* MemberTable::Mutable(NodeId id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

bool MemberTable::IsFull() const { return entries_.size() >= kMembersMax; }

const Member* MemberTable::FindAt(const Endpoint& endpoint) const {
  for (const auto& [id, member] : entries_) {
    if (member.record.gossip == endpoint) return &member;
  }
  return nullptr;
}

Member& MemberTable::Insert(const MemberRecord& record, Instant now) {
  ORRERY_INVARIANT(!IsFull());  // TAB-2
  const auto [entry, inserted] = entries_.try_emplace(record.id);
  ORRERY_INVARIANT(inserted);
  Member& member = entry->second;
  member.record = record;
  member.state = record.state;
  member.heard_at = now;
  member.view_differs = true;  // Until it says otherwise.
  member.view_differs_at = now;
  hashed_ = false;
  return member;
}

void MemberTable::SetRecord(const MemberRecord& record) {
  const auto found = entries_.find(record.id);
  ORRERY_INVARIANT(found != entries_.end());
  ORRERY_INVARIANT(record.incarnation >=
                   found->second.record.incarnation);  // TAB-1
  ORRERY_INVARIANT(record.incarnation > found->second.record.incarnation ||
                   record.state >= found->second.record.state);  // TAB-3
  found->second.record = record;
  hashed_ = false;
}

void MemberTable::Postpone(Duration late) {
  for (auto& [id, member] : entries_) {
    member.heard_at = member.heard_at + late;
    member.suspected_at = member.suspected_at + late;
    member.frame_ping_at = member.frame_ping_at + late;
    member.told_at = member.told_at + late;
    member.view_differs_at = member.view_differs_at + late;
  }
}

void MemberTable::Clear() {
  entries_.clear();
  hashed_ = false;
}

uint64_t MemberTable::HashOf(const MemberRecord& record) {
  Hasher hasher;
  hasher.Add(record.id.value);
  hasher.Add(record.incarnation.generation);
  hasher.Add(record.incarnation.counter);
  hasher.Add(uint64_t{static_cast<uint8_t>(record.state)});
  return hasher.Value();
}

uint64_t MemberTable::ViewHash() const {
  if (!hashed_) {
    view_hash_ = 0;
    for (const auto& [id, member] : entries_) {
      view_hash_ += HashOf(member.record);
    }
    hashed_ = true;
  }
  return view_hash_;
}

std::array<uint64_t, 64> MemberTable::BucketHashes() const {
  std::array<uint64_t, 64> buckets{};
  for (const auto& [id, member] : entries_) {
    buckets[BucketOf(id)] += HashOf(member.record);
  }
  return buckets;
}

void MemberTable::DigestInto(Hasher& hasher) const {
  hasher.Add(uint64_t{entries_.size()});
  for (const auto& [id, member] : entries_) {
    hasher.Add(HashOf(member.record));
    hasher.Add(uint64_t{static_cast<uint8_t>(member.state)});
    hasher.Add(uint64_t{static_cast<uint8_t>(member.record.ring_status)});
    hasher.Add(member.heard_at.ns);
    hasher.Add(member.suspected_at.ns);
    hasher.Add(member.ping_seq);
    hasher.Add(member.in_doubt);
    hasher.Add(member.view_differs);
  }
}

}  // namespace orrery
