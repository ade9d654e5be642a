#include "core/membership/founding.h"

#include <algorithm>
#include <utility>

#include "core/base/total_order.h"

namespace orrery {

namespace {

std::vector<Endpoint> ViewOfSeeds(std::vector<Endpoint> seeds,
                                  const Endpoint& self) {
  seeds.push_back(self);
  Sort(seeds.begin(), seeds.end());
  seeds.erase(std::unique(seeds.begin(), seeds.end()), seeds.end());
  return seeds;
}

}  // namespace

void Founding::SetSeeds(const Endpoint& self,
                        const std::vector<Endpoint>& seeds, bool self_first,
                        Instant now) {
  self_ = self;
  seeds_ = seeds;
  if (seeds_.size() > kSeedsMax) seeds_.resize(kSeedsMax);
  self_first_ = self_first;
  known_ = true;
  others_.clear();
  absl::btree_map<Endpoint, Seed> kept;
  for (const Endpoint& seed : seeds_) {
    if (seed == self || seed.IsNone() || kept.contains(seed)) continue;
    others_.push_back(seed);
    const auto known = by_endpoint_.find(seed);
    Seed entry;
    entry.heard_at = now;
    kept[seed] = known == by_endpoint_.end() ? entry : known->second;
  }
  by_endpoint_ = std::move(kept);
}

void Founding::OnHeard(const Endpoint& seed, Instant now) {
  const auto found = by_endpoint_.find(seed);
  if (found != by_endpoint_.end()) found->second.heard_at = now;
}

void Founding::OnNoCluster(const Endpoint& seed,
                           const std::vector<Endpoint>& its_seeds,
                           bool its_self_first, Instant now) {
  const auto found = by_endpoint_.find(seed);
  if (found == by_endpoint_.end()) return;
  found->second.heard_at = now;
  found->second.answered_at = now;
  found->second.self_first = its_self_first;
  found->second.view = ViewOfSeeds(its_seeds, seed);
}

bool Founding::HasAnswered(const Seed& seed, Instant now) const {
  return now <= seed.answered_at + kAnswerFreshness;
}

bool Founding::IsSilent(const Endpoint& seed, Instant now) const {
  const auto found = by_endpoint_.find(seed);
  return found == by_endpoint_.end() ||
         now >= found->second.heard_at + kSeedSilence;
}

bool Founding::MayFound(Instant now) const {
  if (!known_) return false;
  const std::vector<Endpoint> mine = ViewOfSeeds(seeds_, self_);
  for (const auto& [endpoint, seed] : by_endpoint_) {
    const bool answered = HasAnswered(seed, now);
    if (self_first_) {
      if (!answered && !IsSilent(endpoint, now)) return false;
      if (answered && seed.self_first && endpoint < self_) return false;
    } else {
      if (!answered || seed.self_first) return false;
      if (seed.view != mine || endpoint < self_) return false;
    }
  }
  return self_first_ || !by_endpoint_.empty();
}

void Founding::Postpone(Duration late) {
  for (auto& [endpoint, seed] : by_endpoint_) {
    seed.heard_at = seed.heard_at + late;
    seed.answered_at = seed.answered_at + late;
  }
}

}  // namespace orrery
