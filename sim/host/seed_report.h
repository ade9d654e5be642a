// sim/host/seed_report.h
//
// SeedReport is what a worker tells the campaign about one seed, and its form
// on the pipe: lines of tab-separated words.

#ifndef ORRERY_SIM_HOST_SEED_REPORT_H_
#define ORRERY_SIM_HOST_SEED_REPORT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/evidence.h"
#include "sim/world.h"

namespace orrery::sim {

struct PropertyCount {
  uint64_t checked = 0;
  uint64_t excused = 0;
  uint64_t failed = 0;
  uint64_t vacuous_seeds = 0;
  // Of a property that is measured and not promised.
  uint64_t deviations = 0;
  uint64_t measured = 0;  // 1: it is one.
};

struct SeedReport {
  uint64_t seed = 0;
  uint64_t digest = 0;
  uint64_t events = 0;
  int64_t simulated_ns = 0;
  bool run_twice = false;
  std::string divergence;  // Not empty: the second run differed, and where.
  std::vector<Violation> violations;
  std::map<std::string, PropertyCount> properties;  // "O1 name".
  std::map<std::string, uint64_t> tally;
  std::map<std::string, uint64_t> marks;
  std::map<std::string, uint64_t> excuses;
};

// Of a run that ended before it could report: it died, as `how` says, or was
// killed because it hung.
Violation DeathOf(const std::string& how, bool hung);

SeedReport ReportOf(uint64_t seed, const RunResult& result);
std::string EncodeReport(const SeedReport& report);
std::optional<SeedReport> DecodeReport(std::string_view text);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_SEED_REPORT_H_
