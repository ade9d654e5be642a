// node/inspect_command.h
//
// `orrery inspect`: what is in the files of a stopped node, and whether they
// are whole.  Writes nothing.

#ifndef ORRERY_NODE_INSPECT_COMMAND_H_
#define ORRERY_NODE_INSPECT_COMMAND_H_

#include <optional>
#include <string>

#include "node/exit_code.h"

namespace orrery {

struct InspectCommand {
  std::string path;
  bool records = false;
  std::optional<std::string> key;  // As Printable has it.
  bool json = false;
};

// 0: whole; 1: damaged, unreadable, of another format, or in use by a node; 2:
// nothing of a node's.
ExitCode RunInspect(const InspectCommand& command);

}  // namespace orrery

#endif  // ORRERY_NODE_INSPECT_COMMAND_H_
