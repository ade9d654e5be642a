// node/responder.h
//
// The do-nothing responder of `make bench`: a node's own HTTP transport with
// nothing behind it.  Every read finds the same value, every write succeeds.
// What a node does beyond it is the store's cost.

#ifndef ORRERY_NODE_RESPONDER_H_
#define ORRERY_NODE_RESPONDER_H_

#include <cstdint>

#include "node/exit_code.h"

namespace orrery {

// Runs until SIGTERM or SIGINT.
ExitCode RunResponder(uint16_t port, uint32_t value_bytes);

}  // namespace orrery

#endif  // ORRERY_NODE_RESPONDER_H_
