// node/key_commands.h
//
// `orrery put`, `orrery get`, `orrery del`.

#ifndef ORRERY_NODE_KEY_COMMANDS_H_
#define ORRERY_NODE_KEY_COMMANDS_H_

#include <optional>
#include <string>

#include "node/client_options.h"

namespace orrery {

struct KeyCommand {
  ClientOptions client;
  std::string key;
  std::optional<std::string> value;  // put; read from stdin if absent.
  std::string consistency;           // Empty: the node's own.
  std::string context;               // put, del; empty: none.
  bool raw = false;                  // get: the bytes and nothing else.
  bool siblings = false;             // put, del
  bool quorum_stamp = false;         // put, del
};

ExitCode RunPut(const KeyCommand& command);
ExitCode RunGet(const KeyCommand& command);
ExitCode RunDelete(const KeyCommand& command);

}  // namespace orrery

#endif  // ORRERY_NODE_KEY_COMMANDS_H_
