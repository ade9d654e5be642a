// node/node_command.h
//
// `orrery node`: reads the configuration, then serves.

#ifndef ORRERY_NODE_NODE_COMMAND_H_
#define ORRERY_NODE_NODE_COMMAND_H_

#include <map>
#include <string>

#include "node/exit_code.h"
#include "node/record_options.h"

namespace orrery {

struct NodeCommand {
  std::map<std::string, std::string> flags;  // By JSON key; only those given.
  bool print_config = false;
  RecordOptions record;
};

ExitCode RunNodeCommand(const NodeCommand& command);

}  // namespace orrery

#endif  // ORRERY_NODE_NODE_COMMAND_H_
