// node/bench_command.h
//
// `orrery bench`: the load tester, and the responder that it is measured
// against.

#ifndef ORRERY_NODE_BENCH_COMMAND_H_
#define ORRERY_NODE_BENCH_COMMAND_H_

#include <cstdint>
#include <optional>
#include <string>

#include "node/bench_load.h"
#include "node/exit_code.h"

namespace orrery {

struct BenchCommand {
  std::string target = "127.0.0.1:8080";  // host:port,...
  BenchOptions load;                 // Without targets, requests and duration.
  std::optional<uint64_t> requests;  // None: 10,000, or as the duration says.
  std::string duration;              // "30s"; empty: none.
  bool json = false;
  // Not 0: answers every request on that port with fixed bytes instead, by
  // the transport of a node, until SIGTERM.
  uint16_t responder_port = 0;
};

ExitCode RunBench(const BenchCommand& command);

}  // namespace orrery

#endif  // ORRERY_NODE_BENCH_COMMAND_H_
