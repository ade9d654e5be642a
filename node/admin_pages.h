// node/admin_pages.h
//
// The JSON of /admin/* and /health (CONTRACT section 3), made of what an
// engine shows between steps.

#ifndef ORRERY_NODE_ADMIN_PAGES_H_
#define ORRERY_NODE_ADMIN_PAGES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/engine/engine.h"
#include "node/flight_recorder.h"

namespace orrery {

struct NodeFacts {
  std::string node_id;
  std::string address;  // Of the HTTP API, "host:port".
  Duration uptime;
};

std::string StatusPage(const Engine& engine, const NodeFacts& facts);
// With a non-empty key also its preference list.
std::string RingPage(const Engine& engine, std::string_view key);
std::string StatsPage(const Engine& engine);
std::string HealthPage(const NodeFacts& facts);

// The answer of /admin/trace.
std::string TracePage(const FlightRecorder::Dump& dump);

// "2027-01-31T23:59:59.123Z".
std::string TimeText(WallTime time);

// "2h 15m 30s", without leading zeros.
std::string UptimeText(Duration uptime);

// The share of the ring before each node's tokens; sums to 1.
// REQUIRES: `tokens` is sorted.
std::map<NodeId, double> OwnershipOf(
    const std::vector<Engine::TokenView>& tokens);

// The name of a member, or its id in hex.
std::string NameOf(const Engine& engine, NodeId id);

}  // namespace orrery

#endif  // ORRERY_NODE_ADMIN_PAGES_H_
