// sim/tally.h
//
// What a run did, counted: faults that fired, messages, marks.  For people and
// for the coverage check; nothing in the world reads it back.
//
// Cost: O(1) to count; counts() sorts.

#ifndef ORRERY_SIM_TALLY_H_
#define ORRERY_SIM_TALLY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/lookup_map.h"

namespace orrery::sim {

class Tally {
 public:
  // The name must be a literal, or live as long as the tally; it is not empty.
  void Count(std::string_view name) { Add(name, 1); }
  void Add(std::string_view name, uint64_t amount) {
    // One place in the program counts one name: its literal is known again by
    // where it lies.
    Recent& recent = recent_[SlotOf(name)];
    if (recent.name.data() != name.data() ||
        recent.name.size() != name.size()) {
      recent = {.name = name, .index = IndexOf(name)};
    }
    entries_[recent.index].amount += amount;
  }
  uint64_t of(std::string_view name) const {
    const uint32_t* index = indexes_.Find(name);
    return index == nullptr ? 0 : entries_[*index].amount;
  }
  // In order of name.
  absl::btree_map<std::string_view, uint64_t> counts() const {
    absl::btree_map<std::string_view, uint64_t> counts;
    for (const Entry& entry : entries_) counts[entry.name] = entry.amount;
    return counts;
  }

 private:
  struct Entry {
    std::string_view name;
    uint64_t amount;
  };
  static constexpr size_t kRecent = 256;
  struct Recent {
    std::string_view name;
    uint32_t index = 0;
  };

  static size_t SlotOf(std::string_view name) {
    const size_t middle = static_cast<uint8_t>(name[name.size() / 2]);
    const size_t last = static_cast<uint8_t>(name.back());
    return (name.size() * 31 + middle * 7 + last) % kRecent;
  }
  uint32_t IndexOf(std::string_view name) {
    const uint32_t* known = indexes_.Find(name);
    if (known != nullptr) return *known;
    const auto next = static_cast<uint32_t>(entries_.size());
    indexes_.Insert(std::string(name), next);
    entries_.push_back({name, 0});
    return next;
  }

  LookupMap<std::string, uint32_t> indexes_;
  std::vector<Entry> entries_;
  std::array<Recent, kRecent> recent_;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_TALLY_H_
