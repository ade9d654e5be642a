// node/server.h
//
// NodeServer is a running node: one engine, its pump, and the real world of
// the ports, on one event loop.  It decides nothing about data.
//
// Threading: Run keeps the calling thread until the node has stopped.

#ifndef ORRERY_NODE_SERVER_H_
#define ORRERY_NODE_SERVER_H_

#include <string>

#include "node/config.h"
#include "node/event_log.h"
#include "node/exit_code.h"
#include "node/record_options.h"

namespace orrery {

// Serves until SIGTERM or SIGINT, or until the core says that it must end.
// Says on the log why it could not start.
// `record`: what it remembers of what its engine was given: a trace of all
// (node/trace_file.h), a flight recorder, both or none.
ExitCode RunNode(const NodeConfig& config, const RecordOptions& record,
                 EventLog& log);

}  // namespace orrery

#endif  // ORRERY_NODE_SERVER_H_
