// sim/host/mark_catalogue.h
//
// What must sometimes happen in a campaign: every mark of core/, every class of
// faults (fault.x: it fired; mattered.x: it changed something), and how often
// each is met.  A campaign in which something never
// happened that should have proves less than it says: exit code 12.
//
// A mark is common if it fired in at least one of a hundred of 10,000 light
// seeds, else rare.  Common ones are demanded from 1,000 seeds on, rare ones
// from 10,000.  What no seed can meet yet stands here too, with the reason.

#ifndef ORRERY_SIM_HOST_MARK_CATALOGUE_H_
#define ORRERY_SIM_HOST_MARK_CATALOGUE_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::sim {

enum class MarkClass : uint8_t {
  kCommon = 1,
  kRare = 2,
  kSeldom = 3,  // Seen now and then; no campaign of 10,000 can count on it.
  kUnmet = 4,   // No light seed can meet it; `why` says what would have to.
};

struct MarkRule {
  std::string_view name;
  MarkClass how_often = MarkClass::kCommon;
  std::string_view why;  // Of kUnmet.
};

// By name.
std::span<const MarkRule> AllMarks();

inline constexpr uint64_t kCommonFrom = 1'000;
inline constexpr uint64_t kRareFrom = 10'000;

// How often something fired, and in how many seeds.
struct MarkCount {
  uint64_t fired = 0;
  uint64_t seeds = 0;
};

// The names that should have fired in so many seeds and did not.
std::vector<std::string> MissingMarks(
    std::span<const MarkRule> rules,
    const std::map<std::string, MarkCount>& counts, uint64_t seeds);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_MARK_CATALOGUE_H_
