// sim/workload.h
//
// What clients of a run do.  In half of the seeds they do a bit of everything
// (sim/swarm.cc); in the other half one style dominates, for much goes wrong
// only under many operations of one kind.  Steps are open-loop: when each
// happens is fixed, and a step whose premise failed (a context that never came)
// still happens, without it.
//
// Draws come from streams of their own, so that a style moves no fault.

#ifndef ORRERY_SIM_WORKLOAD_H_
#define ORRERY_SIM_WORKLOAD_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "sim/scenario.h"

namespace orrery::sim {

enum class WorkloadStyle : uint8_t {
  kBlindPuts = 1,        // Writes know nothing of each other.
  kReadModifyWrite = 2,  // A write carries the context of a read before it.
  kAppends = 3,          // Each write carries the context of the one before.
  kChurn = 4,            // A few keys, deleted and made again.
  kHotKey = 5,           // One key and every client.
  kLargeValues = 6,      // Of about a data file.
  kColdKeys = 7,         // Half of the keys are written once, before any fault.
  kOverload = 8,         // Bursts beyond what nodes admit.
  kImpatient = 9,        // Clients hang up, and ask again elsewhere.
};
inline constexpr uint32_t kWorkloadStyles = 9;

std::string_view NameOf(WorkloadStyle style);

// The run that a workload is for.
struct WorkloadFrame {
  uint64_t seed = 1;
  Duration first_op;
  Duration first_fault;
  Duration until;  // The last operation is before it.
  int64_t ops_per_second = 160;
  uint32_t nodes = 5;
  uint32_t keys = 64;
  uint32_t clients = 4;
  uint64_t file_bytes = 8192;
  uint32_t replication = 3;
  bool odd_levels = false;  // Some operations choose R or W themselves,
  bool sloppy = false;      // or let hints count.
};

// The style that dominates this seed; nothing: none does.
std::optional<WorkloadStyle> StyleOf(uint64_t seed);

struct Workload {
  std::vector<StepLine> steps;    // In no order.
  std::vector<Setting> settings;  // Of a further `cfg` line; may be none.
};

Workload MakeWorkload(const WorkloadFrame& frame, WorkloadStyle style);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_WORKLOAD_H_
