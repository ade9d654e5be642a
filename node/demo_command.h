// node/demo_command.h
//
// `orrery demo`: a cluster of real processes on this machine and a prompt to
// hurt and heal it.  Commands are lines of standard input, a terminal or not;
// the end of the input, `quit`, SIGINT, SIGTERM and SIGHUP end the demo, which
// leaves nothing behind.

#ifndef ORRERY_NODE_DEMO_COMMAND_H_
#define ORRERY_NODE_DEMO_COMMAND_H_

#include <cstdint>

#include "node/exit_code.h"

namespace orrery {

inline constexpr uint32_t kDemoNodesMax = 9;

struct DemoCommand {
  uint32_t nodes = 3;  // 1 to kDemoNodesMax.
};

// kExitUnexpected: the cluster did not start; else kExitOk.
ExitCode RunDemo(const DemoCommand& command);

}  // namespace orrery

#endif  // ORRERY_NODE_DEMO_COMMAND_H_
