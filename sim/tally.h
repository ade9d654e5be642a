// sim/tally.h
//
// What a run did, counted: faults that fired, messages, marks.  For people and
// for the coverage check; nothing in the world reads it back.

#ifndef ORRERY_SIM_TALLY_H_
#define ORRERY_SIM_TALLY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/btree_map.h"

namespace orrery::sim {

class Tally {
 public:
  // The name must be a literal, or live as long as the tally.
  void Count(std::string_view name) { ++counts_[name]; }
  void Add(std::string_view name, uint64_t amount) { counts_[name] += amount; }
  uint64_t of(std::string_view name) const {
    const auto it = counts_.find(name);
    return it == counts_.end() ? 0 : it->second;
  }
  // In order of name.
  const absl::btree_map<std::string_view, uint64_t>& counts() const {
    return counts_;
  }

 private:
  absl::btree_map<std::string_view, uint64_t> counts_;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_TALLY_H_
