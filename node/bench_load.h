// node/bench_load.h
//
// BenchLoad is the load generator: so many keep-alive connections on one
// thread, each with one request in flight, until so many requests are answered
// or the time is over.  Writes walk the keys in order, so that one pass writes
// them all; reads draw them at random.
//
// Closed loop: each connection sends its next request when it has the answer
// to the last one.  A latency is from the write of a request to the end of its
// answer.  A slow server is asked less, so the tail is understated
// (coordinated omission); throughput is not.
//
// Open loop (`rate`): request i is due i / rate after the begin, whatever the
// server does.  If no connection is free then, it waits for one, and its
// latency counts from when it was due: what a client would have waited that
// did not know of the others.
//
// Threading: none.

#ifndef ORRERY_NODE_BENCH_LOAD_H_
#define ORRERY_NODE_BENCH_LOAD_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/time.h"
#include "node/config_value.h"
#include "transport/http/latency_histogram.h"

namespace orrery {

struct BenchOptions {
  std::vector<HostPort> targets;  // Connections are dealt out in turn.
  uint64_t requests = 10000;
  uint32_t concurrency = 50;
  double write_ratio = 0.5;  // In [0, 1].
  uint32_t value_bytes = 1024;
  uint64_t keys = 10000;
  bool raw = false;         // Plain bytes instead of the JSON envelope.
  std::string consistency;  // Empty: the node's own.
  uint64_t seed = 1;
  uint64_t rate = 0;  // Requests a second, of all connections; 0: closed loop.
  Duration duration;  // Zero: until all requests are answered.
  // Ends it early: what was measured so far is the result.
  const std::atomic<bool>* interrupt = nullptr;
};

struct BenchResult {
  Duration elapsed;
  // Of what was answered with less than 500.
  LatencyHistogram reads;
  LatencyHistogram writes;
  std::map<int, uint64_t> statuses;
  uint64_t broken_connections = 0;  // Each cost one request.
  uint64_t unanswered = 0;          // Sent; the run ended before the answer.
  uint64_t unsent = 0;              // Due, but no connection was free.
  bool interrupted = false;
};

// Errors: a target cannot be reached at the start, or none any more; without a
// duration also: no answer for 30 s.
absl::StatusOr<BenchResult> RunBenchLoad(const BenchOptions& options);

}  // namespace orrery

#endif  // ORRERY_NODE_BENCH_LOAD_H_
