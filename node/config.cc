#include "node/config.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "core/protocol/limits.h"
#include "node/config_file.h"
#include "node/config_value.h"
#include "transport/http/json_writer.h"
#include "transport/peer/endpoint_address.h"

namespace orrery {
namespace {

constexpr std::string_view kEnvironmentPrefix = "DYNAMO_";
constexpr uint64_t kFileBytesMin = 8 << 10;  // CONTRACT section 2.
// A data file's offsets have 40 bits to spare; nobody wants one larger.
constexpr uint64_t kFileBytesMax = uint64_t{1} << 40;

// One key: its default, how it is read into the config, and how it is shown.
struct Field {
  std::string key;
  std::string default_text;
  std::function<std::string(const GivenValue&, NodeConfig*)> read;
  std::function<void(const NodeConfig&, JsonWriter*)> show;
};

Field TextField(const char* key, const char* fallback,
                std::string NodeConfig::* member) {
  return {key, fallback,
          [member](const GivenValue& given, NodeConfig* config) {
            return ReadText(given, &(config->*member));
          },
          [member](const NodeConfig& config, JsonWriter* json) {
            json->Text(config.*member);
          }};
}

template <typename Number>
Field NumberField(const char* key, const char* fallback, NumberRange range,
                  Number NodeConfig::* member) {
  return {key, fallback,
          [range, member](const GivenValue& given, NodeConfig* config) {
            uint64_t number = 0;
            std::string wrong = ReadNumber(given, range, &number);
            config->*member = static_cast<Number>(number);
            return wrong;
          },
          [member](const NodeConfig& config, JsonWriter* json) {
            json->Number(uint64_t{config.*member});
          }};
}

Field BoolField(const char* key, const char* fallback,
                bool NodeConfig::* member) {
  return {key, fallback,
          [member](const GivenValue& given, NodeConfig* config) {
            return ReadBool(given, &(config->*member));
          },
          [member](const NodeConfig& config, JsonWriter* json) {
            json->Bool(config.*member);
          }};
}

Field DurationField(const char* key, const char* fallback,
                    Duration NodeConfig::* member) {
  return {key, fallback,
          [member](const GivenValue& given, NodeConfig* config) {
            return ReadDuration(given, &(config->*member));
          },
          [member](const NodeConfig& config, JsonWriter* json) {
            json->Text(DurationText(config.*member));
          }};
}

// Seconds where the contract's table says seconds.
Field SecondsField(const char* key, const char* fallback,
                   Duration NodeConfig::* member) {
  Field field = DurationField(key, fallback, member);
  field.show = [member](const NodeConfig& config, JsonWriter* json) {
    const Duration duration = config.*member;
    if (duration.ns % kSecond.ns == 0) {
      json->Number(static_cast<uint64_t>(duration.ns / kSecond.ns));
    } else {
      json->Text(DurationText(duration));
    }
  };
  return field;
}

std::string ReadNodeId(const GivenValue& given, NodeConfig* config) {
  std::string wrong = ReadText(given, &config->node_id);
  if (!wrong.empty()) return wrong;
  const std::string& name = config->node_id;
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x1f && c != 0x7f;
  });
  if (name.size() > kNodeNameBytesMax || !printable || !IsUtf8(name)) {
    return absl::StrCat("must be 1 to ", kNodeNameBytesMax,
                        " bytes of printable UTF-8");
  }
  return "";
}

std::string ReadAddress(const GivenValue& given, NodeConfig* config) {
  std::string wrong = ReadText(given, &config->address);
  if (!wrong.empty()) return wrong;
  std::array<unsigned char, 16> bytes;
  if (inet_pton(AF_INET, config->address.c_str(), bytes.data()) != 1 &&
      inet_pton(AF_INET6, config->address.c_str(), bytes.data()) != 1) {
    return "must be an IP address, not a name";
  }
  if (AddressOf(*ParseAddress(config->address, 0)).is_unspecified()) {
    return "is also told to the other nodes, who cannot reach \"every "
           "address\": give the one address of this machine that they use";
  }
  return "";
}

Field NodeIdField(const std::string& hostname) {
  Field field = TextField("node_id", "", &NodeConfig::node_id);
  field.default_text = hostname;
  field.read = ReadNodeId;
  return field;
}

Field AddressField() {
  Field field = TextField("address", "127.0.0.1", &NodeConfig::address);
  field.read = ReadAddress;
  return field;
}

Field SeedsField() {
  return {"seed_nodes", "",
          [](const GivenValue& given, NodeConfig* config) {
            return ReadSeeds(given, &config->seed_nodes);
          },
          [](const NodeConfig& config, JsonWriter* json) {
            json->BeginArray();
            for (const std::string& seed : config.seed_nodes) json->Text(seed);
            json->EndArray();
          }};
}

std::vector<Field> MakeFields(const std::string& hostname) {
  constexpr NumberRange kPorts = {1, 65535};
  constexpr NumberRange kQuorums = {1, kReplicationMax};
  return {
      NodeIdField(hostname),
      AddressField(),
      NumberField("port", "8080", kPorts, &NodeConfig::port),
      NumberField("gossip_port", "7946", kPorts, &NodeConfig::gossip_port),
      TextField("data_dir", "./data", &NodeConfig::data_dir),
      SeedsField(),
      NumberField("replication_factor", "3", kQuorums,
                  &NodeConfig::replication_factor),
      NumberField("read_quorum", "2", kQuorums, &NodeConfig::read_quorum),
      NumberField("write_quorum", "2", kQuorums, &NodeConfig::write_quorum),
      NumberField("virtual_nodes", "150", {1, kVnodesMax},
                  &NodeConfig::virtual_nodes),
      NumberField("max_file_size", "104857600", {kFileBytesMin, kFileBytesMax},
                  &NodeConfig::max_file_size),
      BoolField("sync_writes", "false", &NodeConfig::sync_writes),
      DurationField("sync_interval", "1s", &NodeConfig::sync_interval),
      SecondsField("compact_interval", "300", &NodeConfig::compact_interval),
      DurationField("gossip_interval", "1s", &NodeConfig::gossip_interval),
      DurationField("suspect_timeout", "5s", &NodeConfig::suspect_timeout),
      DurationField("dead_timeout", "30s", &NodeConfig::dead_timeout),
      DurationField("request_timeout", "5s", &NodeConfig::request_timeout),
      DurationField("handoff_timeout", "24h", &NodeConfig::handoff_timeout),
      BoolField("auto_join", "true", &NodeConfig::auto_join),
  };
}

std::string EnvironmentName(const std::string& key) {
  std::string name(kEnvironmentPrefix);
  for (const char c : key) {
    name.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return name;
}

// Gathers what each source gives and makes a config of it.
class Loader {
 public:
  explicit Loader(const ConfigInputs& inputs)
      : inputs_(inputs), fields_(MakeFields(inputs.hostname)) {}

  LoadedConfig Load() {
    TakeDefaults();
    TakeFile();
    TakeEnvironment();
    TakeFlags();
    ReadFields();
    CheckConflicts();
    if (loaded_.errors.empty()) Show();
    return std::move(loaded_);
  }

 private:
  const Field* FindField(std::string_view key) const {
    for (const Field& field : fields_) {
      if (field.key == key) return &field;
    }
    return nullptr;
  }

  void Fail(const std::string& key, const std::string& source,
            const std::string& wrong) {
    loaded_.errors.push_back(absl::StrCat(key, " (", source, ") ", wrong));
    failed_.push_back(key);
  }

  bool HasFailed(const std::string& key) const {
    return std::find(failed_.begin(), failed_.end(), key) != failed_.end();
  }

  void TakeDefaults() {
    for (const Field& field : fields_) {
      GivenValue& given = given_[field.key];
      given.text = field.default_text;
      given.source = "default";
      // An empty list has no spelling of its own.
      if (field.key == "seed_nodes") given.form = GivenValue::Form::kList;
    }
  }

  // The flag names the file before the environment does.
  void TakeFile() {
    std::string path;
    std::string source;
    for (const std::string& entry : inputs_.environment) {
      constexpr std::string_view kName = "DYNAMO_CONFIG=";
      if (!entry.starts_with(kName)) continue;
      path = entry.substr(kName.size());
      source = "env DYNAMO_CONFIG";
    }
    const auto flag = inputs_.flags.find("config");
    if (flag != inputs_.flags.end()) {
      path = flag->second;
      source = "flag --config";
    }
    if (source.empty()) return;
    if (path.empty()) return Fail("config", source, "is empty");
    const absl::StatusOr<ConfigMembers> members = ReadConfigFile(path);
    if (!members.ok()) {
      return Fail("config", source,
                  absl::StrCat("names '", path, "', which ",
                               std::string(members.status().message())));
    }
    TakeMembers(*members, absl::StrCat("file ", path));
  }

  void TakeMembers(const ConfigMembers& members, const std::string& source) {
    std::vector<std::string> seen;
    for (const auto& [key, value] : members) {
      if (FindField(key) == nullptr) {
        Fail(key, source, "is not a configuration key");
      } else if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
        Fail(key, source, "is given twice");
      } else {
        given_[key] = value;
        given_[key].source = source;
      }
      seen.push_back(key);
    }
  }

  void TakeEnvironment() {
    for (const std::string& entry : inputs_.environment) {
      if (!entry.starts_with(kEnvironmentPrefix)) continue;
      const size_t equals = std::min(entry.find('='), entry.size());
      const std::string name = entry.substr(0, equals);
      if (name == "DYNAMO_CONFIG") continue;
      const Field* named = nullptr;
      for (const Field& field : fields_) {
        if (EnvironmentName(field.key) == name) named = &field;
      }
      if (named == nullptr) {
        Fail(name, "environment", "is not a configuration variable");
        continue;
      }
      GivenValue& given = given_[named->key];
      given = GivenValue();
      given.text = entry.substr(std::min(equals + 1, entry.size()));
      given.source = absl::StrCat("env ", name);
    }
  }

  void TakeFlags() {
    for (const ConfigFlag& flag : ConfigFlags()) {
      const auto found = inputs_.flags.find(flag.key);
      if (found == inputs_.flags.end() || found->first == "config") continue;
      GivenValue& given = given_[flag.key];
      given = GivenValue();
      given.text = found->second;
      given.source = absl::StrCat("flag ", flag.flag);
    }
  }

  void ReadFields() {
    for (const Field& field : fields_) {
      const GivenValue& given = given_[field.key];
      const bool is_word = given.form == GivenValue::Form::kText ||
                           given.form == GivenValue::Form::kString;
      const std::string wrong = is_word && given.text.empty()
                                    ? "is empty"
                                    : field.read(given, &loaded_.config);
      if (!wrong.empty()) Fail(field.key, given.source, wrong);
    }
  }

  void CheckPair(const std::string& key, const std::string& other,
                 bool conflicts, const std::string& wrong) {
    if (!conflicts || HasFailed(key) || HasFailed(other)) return;
    Fail(key, given_[key].source,
         absl::StrCat(wrong, " ", other, " (", given_[other].source, ")"));
  }

  void CheckConflicts() {
    const NodeConfig& config = loaded_.config;
    const uint32_t n = config.replication_factor;
    CheckPair("read_quorum", "replication_factor", config.read_quorum > n,
              "is greater than");
    CheckPair("write_quorum", "replication_factor", config.write_quorum > n,
              "is greater than");
    CheckPair("port", "gossip_port", config.port == config.gossip_port,
              "is the same as");
    CheckPair("dead_timeout", "suspect_timeout",
              config.dead_timeout <= config.suspect_timeout,
              "must be longer than");
    if (loaded_.errors.empty() &&
        config.read_quorum + config.write_quorum <= n) {
      loaded_.warnings.push_back(absl::StrCat(
          "read_quorum + write_quorum <= replication_factor (",
          config.read_quorum, " + ", config.write_quorum, " <= ", n,
          "): a read may miss the newest acknowledged write"));
    }
  }

  void Show() {
    JsonWriter json(&loaded_.printed);
    json.BeginObject();
    for (const Field& field : fields_) {
      json.Name(field.key).BeginObject().Name("value");
      field.show(loaded_.config, &json);
      json.Member("source", given_[field.key].source).EndObject();
    }
    json.EndObject();
  }

  const ConfigInputs& inputs_;
  const std::vector<Field> fields_;
  std::map<std::string, GivenValue> given_;
  std::vector<std::string> failed_;
  LoadedConfig loaded_;
};

}  // namespace

LoadedConfig LoadConfig(const ConfigInputs& inputs) {
  return Loader(inputs).Load();
}

const std::vector<ConfigFlag>& ConfigFlags() {
  static const std::vector<ConfigFlag> kFlags = {
      {"--node-id", "node_id",
       "unique, stable name of this node (default: the hostname)"},
      {"--address", "address",
       "IP address to bind and advertise (default: 127.0.0.1)"},
      {"--port", "port", "HTTP API port (default: 8080)"},
      {"--gossip-port", "gossip_port",
       "UDP gossip and TCP node-to-node port (default: 7946)"},
      {"--data-dir", "data_dir", "persistent storage (default: ./data)"},
      {"--seeds", "seed_nodes",
       "gossip addresses host:port, comma-separated (default: none)"},
      {"--replication", "replication_factor",
       "N, owners of a key (default: 3)"},
      {"--read-quorum", "read_quorum", "R (default: 2)"},
      {"--write-quorum", "write_quorum", "W (default: 2)"},
      {"--vnodes", "virtual_nodes",
       "virtual nodes of this node (default: 150)"},
      {"--config", "config", "JSON file with any of the configuration keys"},
  };
  return kFlags;
}

}  // namespace orrery
