// node/admin_commands.h
//
// `orrery status`, `ring`, `keys`, `stats`, `inspect-key`: the admin pages as
// tables; and what an operator asks of a node's storage.

#ifndef ORRERY_NODE_ADMIN_COMMANDS_H_
#define ORRERY_NODE_ADMIN_COMMANDS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "node/client_options.h"

namespace orrery {

struct AdminCommand {
  ClientOptions client;
  std::string key;                  // ring: whose preference list; inspect-key.
  std::string prefix;               // keys
  std::optional<std::string> name;  // snapshot; none: of the moment.
  uint32_t limit = 0;               // keys; 0: all of them.
};

ExitCode RunStatus(const AdminCommand& command);
ExitCode RunRing(const AdminCommand& command);
ExitCode RunKeys(const AdminCommand& command);
ExitCode RunStats(const AdminCommand& command);
ExitCode RunInspectKey(const AdminCommand& command);
ExitCode RunCompact(const AdminCommand& command);
ExitCode RunScrub(const AdminCommand& command);
ExitCode RunSnapshot(const AdminCommand& command);

}  // namespace orrery

#endif  // ORRERY_NODE_ADMIN_COMMANDS_H_
