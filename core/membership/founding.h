// core/membership/founding.h
//
// Founding decides whether this node may mint a cluster id (membership section
// 6).  It remembers what each seed answered and asks nobody itself.
//
//   - A node whose seed list is empty founds at once.
//   - A node whose list begins with itself founds once every other seed has
//     answered NO_CLUSTER or kept silent for 10 s; of several such nodes only
//     the one with the smallest address.
//   - If no list begins with its own node, the smallest address founds, but
//     only when all seeds have answered NO_CLUSTER with the same set {self,
//     seeds}.
//   - Any other node waits.
//
// Answers count while they are fresh: a seed that said NO_CLUSTER long ago may
// have founded since.
//
// Cost: O(seeds) per call, O(seeds^2) per decision.

#ifndef ORRERY_CORE_MEMBERSHIP_FOUNDING_H_
#define ORRERY_CORE_MEMBERSHIP_FOUNDING_H_

#include <cstddef>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/fields.h"
#include "core/base/time.h"
#include "core/membership/member_table.h"
#include "core/protocol/member.h"

namespace orrery {

inline constexpr Duration kSeedSilence = 10 * kSecond;
inline constexpr Duration kAnswerFreshness = 2 * kSecond;
inline constexpr size_t kSeedsMax = 256;  // More than anyone lists by hand.

class Founding {
 public:
  // `self_first`: the list is empty or begins with this node.
  void SetSeeds(const Endpoint& self, const std::vector<Endpoint>& seeds,
                bool self_first, Instant now);
  // Something of the node at `seed` arrived.
  void OnHeard(const Endpoint& seed, Instant now);
  // It answered NO_CLUSTER.
  void OnNoCluster(const Endpoint& seed, const std::vector<Endpoint>& its_seeds,
                   bool its_self_first, Instant now);

  bool MayFound(Instant now) const;

  // The list without this node.
  const std::vector<Endpoint>& others() const { return others_; }
  // The list as configured, for those who ask.
  const std::vector<Endpoint>& seeds() const { return seeds_; }
  bool self_first() const { return self_first_; }
  bool IsSilent(const Endpoint& seed, Instant now) const;

  void Postpone(Duration late);

  ORRERY_FIELDS(self_, seeds_, others_, self_first_, known_, by_endpoint_)

 private:
  struct Seed {
    Instant heard_at = kLongAgo;  // Or since when it is listened to.
    Instant answered_at = kLongAgo;
    bool self_first = false;
    std::vector<Endpoint> view;  // Its seeds and itself, sorted.
    ORRERY_FIELDS(heard_at, answered_at, self_first, view)
  };
  bool HasAnswered(const Seed& seed, Instant now) const;

  Endpoint self_;
  std::vector<Endpoint> seeds_;
  std::vector<Endpoint> others_;
  bool self_first_ = false;
  bool known_ = false;  // SetSeeds was called.
  absl::btree_map<Endpoint, Seed> by_endpoint_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_FOUNDING_H_
