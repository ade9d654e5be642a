// fuzz/cluster_schedule.h
//
// A cluster schedule is a scenario as bytes, for a fuzzer: every string of
// bytes is a schedule, and a small change of the bytes is a small change of the
// schedule.  Bytes are mapped to choices where they stand; none is hashed.
//
//   header   kHeaderBytes: how many records, the cluster, the seed
//   records  kRecordBytes each, one step each: kind, pause before it, node,
//            other node, key, client, two bytes of its own
//   rest     the noise table: two bytes an entry, what and how much
//
// Three nodes form a ring before the first step, at kFirstStep.
//
// Invariants:
//   CSC-1  ScheduleOf is total.
//   CSC-2  The scenario is within the budget of what oracles excuse: no disk
//          is emptied, no clock leaves the skew bound.

#ifndef ORRERY_FUZZ_CLUSTER_SCHEDULE_H_
#define ORRERY_FUZZ_CLUSTER_SCHEDULE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/time.h"
#include "sim/scenario.h"

namespace orrery::sim {

inline constexpr size_t kHeaderBytes = 4;
inline constexpr size_t kRecordBytes = 8;
inline constexpr size_t kRecordsMax = 64;
inline constexpr size_t kNoiseBytes = 2;
inline constexpr size_t kNoiseMax = 8;
inline constexpr size_t kScheduleBytesMax =
    kHeaderBytes + kRecordsMax * kRecordBytes + kNoiseMax * kNoiseBytes;
inline constexpr Duration kFirstStep = 3700 * kMillisecond;

// How many records the header announces and the bytes have.
size_t RecordsOf(std::span<const uint8_t> bytes);
Scenario ScheduleOf(std::span<const uint8_t> bytes);

}  // namespace orrery::sim

#endif  // ORRERY_FUZZ_CLUSTER_SCHEDULE_H_
