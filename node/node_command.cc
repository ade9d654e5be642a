#include "node/node_command.h"

#include <unistd.h>

#include <array>
#include <cstdio>

#include "node/config.h"
#include "node/event_log.h"
#include "node/server.h"

namespace orrery {
namespace {

ConfigInputs GatherInputs(const NodeCommand& command) {
  ConfigInputs inputs;
  inputs.flags = command.flags;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    inputs.environment.emplace_back(*entry);
  }
  std::array<char, 256> hostname{};
  if (gethostname(hostname.data(), hostname.size() - 1) == 0) {
    inputs.hostname = hostname.data();
  }
  return inputs;
}

}  // namespace

ExitCode RunNodeCommand(const NodeCommand& command) {
  LoadedConfig loaded = LoadConfig(GatherInputs(command));
  if (command.record.values && command.record.path.empty()) {
    loaded.errors.emplace_back(
        "--record-values says what a trace holds, and there is none: add "
        "--record FILE");
  }
  for (const std::string& error : loaded.errors) {
    std::fprintf(stderr, "orrery: configuration: %s\n", error.c_str());
  }
  if (!loaded.errors.empty()) return kExitUsage;
  if (command.print_config) {
    std::printf("%s\n", loaded.printed.c_str());
    return kExitOk;
  }
  EventLog log(loaded.config.node_id);
  for (const std::string& warning : loaded.warnings) {
    log.Write(EventLog::Level::kWarning, "configuration", {{"note", warning}});
  }
  return RunNode(loaded.config, command.record, log);
}

}  // namespace orrery
