#include "core/membership/view_digest.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/container/btree_map.h"
#include "core/membership/incarnation.h"

namespace orrery {

namespace {

constexpr Duration kMismatchPatience = kSecond;
constexpr int64_t kDigestIntervals = 10;  // Of gossip_interval.
constexpr int64_t kCompareJitterPercent = 20;

}  // namespace

ViewComparison::ViewComparison(const Wiring& wiring) : in_(wiring) {}

void ViewComparison::Start(Prng random, Turn& turn) {
  random_ = random;
  turn.timers.Arm(TimerKind::kViewDigest, Handle{},
                  turn.now() + in_.local.options.gossip_interval);
}

void ViewComparison::OnViewHash(NodeId from, uint64_t view_hash, Turn& turn) {
  Member* member = in_.table.Mutable(from);
  if (member == nullptr) return;
  const bool differs = view_hash != in_.table.ViewHash();
  if (!differs || !member->view_differs) {
    member->view_differs = differs;
    member->view_differs_at = turn.now();
    return;
  }
  if (turn.now() < member->view_differs_at + kMismatchPatience) return;
  member->view_differs_at = turn.now();
  SendDigest(*member, turn);
}

void ViewComparison::OnTimer(Turn& turn) {
  const int64_t period =
      in_.local.options.gossip_interval.ns * kDigestIntervals;
  const int64_t spread = period * kCompareJitterPercent / 100;
  const int64_t next = random_.Between(period - spread, period + spread);
  turn.timers.Arm(TimerKind::kViewDigest, Handle{},
                  turn.now() + Duration{next});

  std::vector<const Member*> peers;
  for (const auto& [id, member] : in_.table.entries()) {
    if (id == in_.local.id || member.state != MemberState::kAlive) continue;
    if (!member.record.gossip.IsNone()) peers.push_back(&member);
  }
  if (peers.empty()) return;
  const size_t chosen = random_.Below(peers.size());
  SendDigest(*peers[chosen], turn);
}

void ViewComparison::SendDigest(const Member& to, Turn& turn) {
  if (to.record.gossip.IsNone()) return;
  in_.sender.Send(to.record.gossip, to.record.id,
                  ViewDigest{.buckets = in_.table.BucketHashes()}, turn);
}

void ViewComparison::OnDigest(const ViewDigest& digest, const Endpoint& source,
                              Turn& turn) {
  const std::array<uint64_t, 64> mine = in_.table.BucketHashes();
  std::vector<MemberRecord> records;
  for (const auto& [id, member] : in_.table.entries()) {
    const size_t bucket = MemberTable::BucketOf(id);
    if (mine[bucket] != digest.buckets[bucket]) {
      records.push_back(member.record);
    }
  }
  if (mine == digest.buckets) return;
  turn.effects.Mark("membership.views_compared");
  SendSync(source, true, records, turn);
}

// ALIVE before accusations, so that an accusation finds who it is about.  The
// answer holds what is stronger or unknown there, in the buckets shown.
void ViewComparison::OnSync(const MemberSync& sync, NodeId from,
                            const Endpoint& reply_to, Turn& turn) {
  for (const bool accusations : {false, true}) {
    for (const MemberRecord& record : sync.records) {
      if (IsAccusation(record.state) == accusations) {
        in_.suspicion.Merge(record, from, turn);
      }
    }
  }
  if (!sync.answer_wanted) return;

  absl::btree_map<NodeId, const MemberRecord*> shown;
  std::array<bool, 64> buckets{};
  for (const MemberRecord& record : sync.records) {
    shown[record.id] = &record;
    buckets[MemberTable::BucketOf(record.id)] = true;
  }
  std::vector<MemberRecord> answer;
  for (const auto& [id, member] : in_.table.entries()) {
    if (!buckets[MemberTable::BucketOf(id)] && id != in_.local.id) continue;
    const auto theirs = shown.find(id);
    if (theirs == shown.end() ||
        theirs->second->incarnation != member.record.incarnation ||
        theirs->second->state != member.record.state) {
      answer.push_back(member.record);
    }
  }
  SendSync(reply_to, false, answer, turn);
}

void ViewComparison::SendSync(const Endpoint& to, bool answer_wanted,
                              const std::vector<MemberRecord>& records,
                              Turn& turn) {
  if (to.IsNone()) return;
  size_t sent = 0;
  do {
    MemberSync chunk{.answer_wanted = answer_wanted, .records = {}};
    const size_t end = std::min(records.size(), sent + kSyncRecordsMax);
    for (; sent < end; ++sent) {
      if (in_.gossiper.IsWithheld(records[sent], NodeId{})) continue;
      chunk.records.push_back(records[sent]);
    }
    turn.effects.Send(to, std::move(chunk));
  } while (sent < records.size());
}

}  // namespace orrery
