// node/metrics.h
//
// Which numbers /metrics shows.

#ifndef ORRERY_NODE_METRICS_H_
#define ORRERY_NODE_METRICS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/engine/engine.h"
#include "transport/http/http_stats.h"
#include "transport/peer/network_counters.h"

namespace orrery {

struct MetricsSources {
  const Engine& engine;
  const HttpStats& http;
  const NetworkCounters& network;
  // How often each mark of the core was set.
  const std::map<std::string_view, uint64_t>& marks;
  uint64_t uptime_seconds = 0;
};

std::string RenderMetrics(const MetricsSources& sources);

}  // namespace orrery

#endif  // ORRERY_NODE_METRICS_H_
