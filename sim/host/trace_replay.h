// sim/host/trace_replay.h
//
// Runs the trace of a production process again, on an engine of this program,
// and compares what it comes to with what it came to then.  It needs neither
// the node's disk nor its peers.

#ifndef ORRERY_SIM_HOST_TRACE_REPLAY_H_
#define ORRERY_SIM_HOST_TRACE_REPLAY_H_

#include <string>

#include "core/base/time.h"

namespace orrery::sim {

struct TraceReplayOptions {
  std::string path;
  bool log = false;  // Every event and effect, as `sim replay --log` prints.
  Duration until;    // Since the start of the process; zero: to the end.
};

// Whether the file begins like a trace.
bool IsTraceFile(const std::string& path);

// An exit code: 0 if every check holds, 11 if one does not, 2 if the file
// cannot be read.
int ReplayTrace(const TraceReplayOptions& options);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_TRACE_REPLAY_H_
