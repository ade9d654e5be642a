// transport/http/http_stats.h
//
// What the server counts, for /metrics.

#ifndef ORRERY_TRANSPORT_HTTP_HTTP_STATS_H_
#define ORRERY_TRANSPORT_HTTP_HTTP_STATS_H_

#include <array>
#include <cstdint>
#include <map>

#include "core/protocol/client.h"
#include "transport/http/latency_histogram.h"

namespace orrery {

struct HttpStats {
  uint64_t connections_open = 0;
  uint64_t connections_total = 0;
  uint64_t connections_refused = 0;    // Over the limit.
  uint64_t connections_abandoned = 0;  // Held too many unsent answers.
  uint64_t requests_total = 0;         // Whole heads, understood or not.
  std::map<int, uint64_t> answers;     // By status.
  // By ClientVerb, of the core.
  std::array<LatencyHistogram, kClientVerbsEnd> latency;

  LatencyHistogram& LatencyOf(ClientVerb verb) {
    return latency[static_cast<size_t>(verb)];
  }
  const LatencyHistogram& LatencyOf(ClientVerb verb) const {
    return latency[static_cast<size_t>(verb)];
  }
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_HTTP_STATS_H_
