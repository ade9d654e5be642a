// node/config.h
//
// The configuration of `orrery node`: where each value comes from (flag, then
// environment, then file, then default), what is allowed, and how it is shown.
// CONTRACT section 2 has the table.
//
// Every error is found in one go, and names the key and the source.

#ifndef ORRERY_NODE_CONFIG_H_
#define ORRERY_NODE_CONFIG_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/time.h"

namespace orrery {

struct NodeConfig {
  std::string node_id;
  std::string address;
  uint16_t port = 0;
  uint16_t gossip_port = 0;
  std::string data_dir;
  std::vector<std::string> seed_nodes;  // "host:port"
  uint32_t replication_factor = 0;
  uint32_t read_quorum = 0;
  uint32_t write_quorum = 0;
  uint32_t virtual_nodes = 0;
  uint64_t max_file_size = 0;  // Bytes.
  bool sync_writes = false;
  Duration sync_interval;
  Duration compact_interval;
  Duration gossip_interval;
  Duration suspect_timeout;
  Duration dead_timeout;
  Duration request_timeout;
  Duration handoff_timeout;
  bool auto_join = false;
};

// What is read besides the defaults.
struct ConfigInputs {
  // By JSON key, and "config" for the file; only those given.
  std::map<std::string, std::string> flags;
  std::vector<std::string> environment;  // "NAME=value", as the process has it.
  std::string hostname;                  // Default of node_id.
};

struct LoadedConfig {
  NodeConfig config;                  // Meaningful only without errors.
  std::vector<std::string> errors;    // Sentences.
  std::vector<std::string> warnings;  // Sentences.
  std::string printed;                // For --print-config, if no errors.
};

LoadedConfig LoadConfig(const ConfigInputs& inputs);

// Flags and their JSON keys, in the order of --help.
struct ConfigFlag {
  const char* flag;  // "--node-id"
  const char* key;   // "node_id"
  const char* help;
};
const std::vector<ConfigFlag>& ConfigFlags();

}  // namespace orrery

#endif  // ORRERY_NODE_CONFIG_H_
