// sim/host/recording.h
//
// Recording is a whole run as data for a picture: every event with what came of
// it, every message from the step that sent it to the step that received it,
// what was broken from when to when, what clients were told, and which version
// of a key each node held at any time.
//
// Times are microseconds of the world.

#ifndef ORRERY_SIM_HOST_RECORDING_H_
#define ORRERY_SIM_HOST_RECORDING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/lookup_map.h"
#include "sim/history.h"
#include "sim/listener.h"
#include "sim/scenario.h"
#include "sim/world.h"

namespace orrery::sim {

struct Recording {
  struct Happened {
    int64_t at = 0;
    uint32_t node = 0;
    std::optional<uint32_t> key;  // That it is about.
    std::string text;
    std::string effects;  // A line each.
  };
  struct Message {
    uint32_t sent_by = 0;                 // Index of an event.
    std::optional<uint32_t> received_by;  // Absent: lost, or still under way.
    int64_t ended = -1;                   // -1: still under way at the end.
    uint32_t to = 0;
    bool gossip = false;
    std::string_view lost;  // Why; empty: it was not.
  };
  // A link that was cut, held, slow or half open; `to` of it hears nothing.
  struct LinkFault {
    std::string_view kind;
    int64_t from_us = 0;
    int64_t until_us = -1;
    uint32_t from = 0;
    uint32_t to = 0;
  };
  // A node that was down or frozen.
  struct Outage {
    std::string_view kind;
    int64_t from_us = 0;
    int64_t until_us = -1;
    uint32_t node = 0;
  };
  struct Struck {
    int64_t at = 0;
    std::string text;
  };
  // From `at` on the node holds this version of the key.
  struct Held {
    int64_t at = 0;
    uint32_t node = 0;
    uint32_t key = 0;
    uint64_t version = 0;
    bool tombstone = false;
  };
  // What is known by the bytes of a version: "op12".
  struct VersionName {
    uint64_t version = 0;
    std::string name;
  };

  std::string name;
  Scenario scenario;
  RunResult result;
  std::vector<Operation> operations;
  std::vector<Happened> events;
  std::vector<Message> messages;
  std::vector<LinkFault> link_faults;
  std::vector<Outage> outages;
  std::vector<Struck> steps;
  std::vector<Held> values;
  std::vector<VersionName> versions;
};

// Runs the scenario in this process.
Recording Record(const std::string& name, const Scenario& scenario);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_RECORDING_H_
