// node/batch_command.h
//
// `orrery batch`: operations from a file, one a line, by POST /kv:batch, as
// many at once as one request may have.

#ifndef ORRERY_NODE_BATCH_COMMAND_H_
#define ORRERY_NODE_BATCH_COMMAND_H_

#include <string>

#include "node/client_options.h"

namespace orrery {

struct BatchCommand {
  ClientOptions client;
  std::string path = "-";   // Standard input.
  std::string consistency;  // Empty: the node's own.
};

// Reads all lines first: one that is wrong is said, and nothing is sent.  One
// line of output for each operation, in their order.  The exit code is the
// greatest that an operation by itself would have had.  A request that is not
// answered is the last one.
ExitCode RunBatch(const BatchCommand& command);

}  // namespace orrery

#endif  // ORRERY_NODE_BATCH_COMMAND_H_
