#include "core/membership/cluster_clock.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "core/base/invariant.h"
#include "core/base/total_order.h"

namespace orrery {

namespace {

// An answer may be kept by its sender for so long and still be a sample.
constexpr Duration kPingRemembered = 2 * kSecond;
constexpr int64_t kBlendParts = 1'000;  // 1 ms per second.
constexpr int64_t kDriftPercent = 1;
// What those that do not agree wait for the rest.
constexpr Duration kDisagreementMax = kSecond;

constexpr Duration Bounded(Duration value, Duration most) {
  return {std::clamp(value.ns, -most.ns, most.ns)};
}

}  // namespace

void ClusterClock::SetOthers(std::vector<NodeId> others, Turn& turn) {
  Sort(others.begin(), others.end());
  has_ring_ = true;
  others_ = std::move(others);
  Measure(turn);
}

void ClusterClock::OnStep(Turn& turn) {
  if (HasJumped(turn.at)) {
    turn.effects.Mark("clock.jumped");
    offsets_.clear();
    pings_.clear();
    is_sure_ = false;
    half_known_since_.reset();
    known_ = false;
    offset_ = {};
    target_ = {};
    Measure(turn);
  } else if (!known_ && half_known_since_.has_value()) {
    Measure(turn);
  }
  Blend(turn.now());
}

bool ClusterClock::HasJumped(const Stamp& at) {
  const Duration apart{Plausible(at.wall).ns - at.mono.ns};
  if (!has_reference_) {
    has_reference_ = true;
    reference_ = apart;
    stepped_at_ = at.mono;
    return false;
  }
  const Duration moved = apart - reference_;
  if (std::abs(moved.ns) > (skew_bound_ / 2).ns) {
    reference_ = apart;
    return true;
  }
  const Duration drift = (at.mono - stepped_at_) * kDriftPercent / 100;
  reference_ = reference_ + Bounded(moved, drift);
  return false;
}

void ClusterClock::Blend(Instant now) {
  const Duration most = (now - stepped_at_) / kBlendParts;
  stepped_at_ = stepped_at_ + most * kBlendParts;  // The rest is not lost.
  offset_ = offset_ + Bounded(target_ - offset_, most);
}

void ClusterClock::OnPingSent(uint32_t seq, NodeId target, Turn& turn) {
  auto kept = std::find_if(pings_.begin(), pings_.end(), [&](const Sent& ping) {
    return turn.now() <= ping.at + kPingRemembered;
  });
  const bool full = static_cast<size_t>(pings_.end() - kept) == kClockPingsMax;
  pings_.erase(pings_.begin(), full ? kept + 1 : kept);  // CLK-5
  pings_.push_back({seq, target, turn.now()});
}

void ClusterClock::OnAck(const Ack& ack, NodeId from, Turn& turn) {
  const auto sent =
      std::find_if(pings_.begin(), pings_.end(), [&](const Sent& ping) {
        return ping.seq == ack.seq &&
               (ping.target.IsZero() || ping.target == from);
      });
  if (sent == pings_.end()) return;
  const Duration elapsed = turn.now() - sent->at;
  pings_.erase(sent);
  const Duration kept = int64_t{ack.receive_delay_us} * kMicrosecond;
  const Duration round_trip = elapsed - kept;
  if (round_trip < Duration{0} || round_trip > skew_bound_ / 2) {  // CLK-3
    turn.effects.Mark("clock.sample_late");
    return;
  }
  const WallTime theirs = Plausible(WallTime{ack.wall_ns});
  const WallTime mine = Plausible(turn.wall());
  // Both at the midpoint of the round trip.
  offsets_[from] = (theirs - mine) + (elapsed - kept) / 2;
  Measure(turn);
}

uint32_t ClusterClock::samples() const {
  return static_cast<uint32_t>(
      std::count_if(others_.begin(), others_.end(),
                    [&](NodeId node) { return offsets_.contains(node); }));
}

std::optional<NodeId> ClusterClock::Unmeasured(NodeId last) const {
  const size_t from = static_cast<size_t>(
      std::upper_bound(others_.begin(), others_.end(), last) - others_.begin());
  for (size_t step = 0; step < others_.size(); ++step) {
    const NodeId node = others_[(from + step) % others_.size()];
    if (!offsets_.contains(node)) return node;
  }
  return std::nullopt;
}

void ClusterClock::Measure(Turn& turn) {
  if (!has_ring_) return;
  absl::InlinedVector<Duration, 16> clocks{Duration{0}};
  for (const NodeId node : others_) {
    const auto theirs = offsets_.find(node);
    if (theirs != offsets_.end()) clocks.push_back(theirs->second);
  }
  const bool knew = known_;
  if (clocks.size() - 1 < (others_.size() + 1) / 2) {  // CLK-1
    half_known_since_.reset();
    known_ = false;
    is_sure_ = false;
    return;
  }
  Sort(clocks.begin(), clocks.end());
  is_sure_ = IsSure(clocks);
  if (!half_known_since_.has_value()) half_known_since_ = turn.now();
  const bool waited = turn.now() - *half_known_since_ >= kDisagreementMax;
  if (!knew && !is_sure_ && !waited) return;
  known_ = true;
  target_ = clocks[(clocks.size() - 1) / 2];
  const bool far = std::abs((target_ - offset_).ns) > (skew_bound_ / 2).ns;
  if (!knew || far) offset_ = target_;  // CLK-2
  if (!knew && !others_.empty()) turn.effects.Mark("clock.measured");
  SayWhetherOff(turn);
}

// The median of all lies between what it is if all that are missing are low,
// and if all are high.
bool ClusterClock::IsSure(std::span<const Duration> clocks) const {
  const size_t members = others_.size() + 1;
  const size_t missing = members - clocks.size();
  const size_t middle = (members - 1) / 2;
  if (middle >= clocks.size() || middle < missing) return false;
  return clocks[middle] - clocks[middle - missing] <= skew_bound_ / 2;
}

void ClusterClock::SayWhetherOff(Turn& turn) {
  const bool was_off = is_off_;
  is_off_ = std::abs(target_.ns) > (skew_bound_ / 2).ns;
  if (is_off_ == was_off) return;
  if (is_off_) turn.effects.Mark("clock.off");
  turn.effects.notes.push_back(
      {.kind = Note::Kind::kClock,
       .detail = is_off_ ? 1U : 0U,
       .number = static_cast<uint64_t>(std::abs(target_.ns) / kMillisecond.ns),
       .text = target_.ns > 0 ? "behind" : "ahead"});
}

void ClusterClock::DigestInto(Hasher& hasher) const {
  hasher.Add(known_);
  hasher.Add(is_sure_);
  hasher.Add(static_cast<uint64_t>(offset_.ns));
  hasher.Add(static_cast<uint64_t>(target_.ns));
  hasher.Add(uint64_t{offsets_.size()});
}

void ClusterClock::CheckInvariants() const {
  if (known_) {
    ORRERY_INVARIANT(samples() >= (others_.size() + 1) / 2);  // CLK-1
    ORRERY_INVARIANT(std::abs((target_ - offset_).ns) <=
                     (skew_bound_ / 2).ns);  // CLK-2
  }
  if (is_sure_) ORRERY_INVARIANT(known_);             // CLK-6
  ORRERY_INVARIANT(pings_.size() <= kClockPingsMax);  // CLK-5
}

}  // namespace orrery
