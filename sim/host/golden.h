// sim/host/golden.h
//
// Golden digests: committed scenarios whose runs must come to the same bytes on
// every compiler.  A pack is one file with many of them: each begins with the
// first line of the format, and says its name in the comment after it,
//
//   orrery-sim 1
//   # golden seed_7
//
// Cost: a run of at most 5,000 events each, in one process for all.

#ifndef ORRERY_SIM_HOST_GOLDEN_H_
#define ORRERY_SIM_HOST_GOLDEN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/scenario.h"

namespace orrery::sim {

// The digest is noted at every so many steps of nodes, so that two builds that
// differ are told where.
inline constexpr uint64_t kGoldenWindow = 1'000;

struct Golden {
  std::string name;
  Scenario scenario;
};

// Or what is wrong, with the line.
std::variant<std::vector<Golden>, std::string> ReadPack(std::string_view text);

// One line each: name, final digest, events, and the digest after each window.
// A name of `only` limits it to that one; empty: all.  An exit code.
int RunGoldens(const std::vector<std::string>& files, std::string_view only);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_GOLDEN_H_
