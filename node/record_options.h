// node/record_options.h
//
// What a node remembers of what its engine was given.

#ifndef ORRERY_NODE_RECORD_OPTIONS_H_
#define ORRERY_NODE_RECORD_OPTIONS_H_

#include <cstdint>
#include <string>

namespace orrery {

// Below this a flight recorder could not hold two snapshots.
inline constexpr uint32_t kTraceMemoryMinMib = 8;
inline constexpr uint32_t kTraceMemoryMaxMib = 65536;

struct RecordOptions {
  std::string path;     // Of a trace of everything; empty: none.
  bool values = false;  // In it: users' data, only if asked for.
  // The flight recorder, whose dumps have values elided whatever is above.
  uint32_t memory_mib = 256;  // 0: none.
  std::string trace_dir;      // Of its dumps; empty: "traces" of the data.
};

}  // namespace orrery

#endif  // ORRERY_NODE_RECORD_OPTIONS_H_
