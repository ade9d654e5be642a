#include "sim/settings.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/invariant.h"

namespace orrery::sim {
namespace {

struct Unit {
  std::string_view name;
  int64_t ns;
};

constexpr Unit kUnits[] = {
    {"h", kHour.ns},         {"m", kMinute.ns},       {"s", kSecond.ns},
    {"ms", kMillisecond.ns}, {"us", kMicrosecond.ns}, {"ns", 1},
};

// Splits "123ms" into 123 and "ms".
bool SplitNumber(std::string_view text, uint64_t* number,
                 std::string_view* unit) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    ++digits;
  }
  *unit = text.substr(digits);
  return ReadUint(text.substr(0, digits), number);
}

bool ReadU32(std::string_view text, uint32_t* value) {
  uint64_t wide = 0;
  if (!ReadUint(text, &wide)) return false;
  if (wide > UINT32_MAX) return false;
  *value = static_cast<uint32_t>(wide);
  return true;
}

bool ReadPositive(std::string_view text, uint32_t* value) {
  return ReadU32(text, value) && *value > 0;
}

bool ReadPositiveTime(std::string_view text, Duration* value) {
  return ReadTime(text, value) && value->ns > 0;
}

std::string Complaint(std::string_view what, std::string_view name) {
  return std::string(what) + " " + std::string(name);
}

// 0: no such name.  1: well formed.  2: malformed.
int ApplyLimit(std::string_view name, std::string_view value, Limits* limits) {
  struct Small {
    std::string_view name;
    uint32_t Limits::* field;
  };
  struct Large {
    std::string_view name;
    uint64_t Limits::* field;
  };
  constexpr Small kSmall[] = {
      {"client_requests_max", &Limits::client_requests_max},
      {"peer_requests_max", &Limits::peer_requests_max},
      {"store_reads_max", &Limits::store_reads_max},
      {"key_segments", &Limits::key_segments},
      {"sync_items_max", &Limits::sync_items_max},
  };
  constexpr Large kLarge[] = {
      {"pinned_bytes_max", &Limits::pinned_bytes_max},
      {"allocate_step", &Limits::allocate_step},
      {"compaction_rate_min", &Limits::compaction_rate_min},
      {"compaction_rate_max", &Limits::compaction_rate_max},
      {"scrub_rate", &Limits::scrub_rate},
      {"hint_bytes_per_target_max", &Limits::hint_bytes_per_target_max},
      {"sync_bytes_max", &Limits::sync_bytes_max},
      {"sync_in_flight_max", &Limits::sync_in_flight_max},
  };
  for (const Small& limit : kSmall) {
    if (limit.name != name) continue;
    return ReadPositive(value, &(limits->*limit.field)) ? 1 : 2;
  }
  for (const Large& limit : kLarge) {
    if (limit.name != name) continue;
    uint64_t number = 0;
    if (!ReadUint(value, &number) || number == 0) return 2;
    limits->*limit.field = number;
    return 1;
  }
  return 0;
}

int ApplyEngine(std::string_view name, std::string_view value,
                EngineOptions* engine) {
  struct Time {
    std::string_view name;
    Duration EngineOptions::* field;
  };
  constexpr Time kTimes[] = {
      {"gossip", &EngineOptions::gossip_interval},
      {"suspect", &EngineOptions::suspect_timeout},
      {"dead", &EngineOptions::dead_timeout},
      {"request", &EngineOptions::request_timeout},
      {"compact", &EngineOptions::compact_interval},
      {"scrub", &EngineOptions::scrub_pass},
      {"roots", &EngineOptions::sync_round_interval},
      {"handoff", &EngineOptions::handoff_timeout},
      {"skew", &EngineOptions::skew_bound},
      {"sync_interval", &EngineOptions::sync_interval},
  };
  for (const Time& time : kTimes) {
    if (time.name != name) continue;
    return ReadPositiveTime(value, &(engine->*time.field)) ? 1 : 2;
  }
  if (name == "n") return ReadPositive(value, &engine->replication) ? 1 : 2;
  if (name == "r") return ReadPositive(value, &engine->read_quorum) ? 1 : 2;
  if (name == "w") return ReadPositive(value, &engine->write_quorum) ? 1 : 2;
  if (name == "vnodes") return ReadPositive(value, &engine->vnodes) ? 1 : 2;
  if (name == "sync") {
    engine->sync_writes = value == "on";
    return value == "on" || value == "off" ? 1 : 2;
  }
  if (name == "file") {
    uint64_t bytes = 0;
    if (!ReadUint(value, &bytes) || bytes < 8192) return 2;
    engine->max_file_bytes = bytes;
    return 1;
  }
  return 0;
}

bool ReadSeedLists(std::string_view text, SeedLists* lists) {
  struct Name {
    std::string_view name;
    SeedLists lists;
  };
  constexpr Name kNames[] = {{"all", SeedLists::kAll},
                             {"own", SeedLists::kOwn},
                             {"others", SeedLists::kOthers},
                             {"one", SeedLists::kOne}};
  for (const Name& name : kNames) {
    if (name.name != text) continue;
    *lists = name.lists;
    return true;
  }
  return false;
}

}  // namespace

bool ReadUint(std::string_view text, uint64_t* value) {
  uint64_t base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  }
  if (text.empty() || text.size() > (base == 16 ? 16u : 19u)) return false;
  uint64_t result = 0;
  for (const char c : text) {
    uint64_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<uint64_t>(c - '0');
    } else if (base == 16 && c >= 'a' && c <= 'f') {
      digit = static_cast<uint64_t>(c - 'a') + 10;
    } else {
      return false;
    }
    result = result * base + digit;
  }
  *value = result;
  return true;
}

bool ReadTime(std::string_view text, Duration* value) {
  const bool negative = text.starts_with("-");
  if (negative) text.remove_prefix(1);
  uint64_t number = 0;
  std::string_view name;
  if (!SplitNumber(text, &number, &name)) return false;
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    if (number > static_cast<uint64_t>(INT64_MAX / unit.ns)) return false;
    const int64_t ns = static_cast<int64_t>(number) * unit.ns;
    *value = {negative ? -ns : ns};
    return true;
  }
  return false;
}

bool ReadRatio(std::string_view text, Ratio* value) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  Ratio ratio;
  if (!ReadU32(text.substr(0, slash), &ratio.num)) return false;
  if (!ReadPositive(text.substr(slash + 1), &ratio.den)) return false;
  if (ratio.num > ratio.den) return false;
  *value = ratio;
  return true;
}

bool ReadRange(std::string_view text, Range* value) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) return false;
  Range range;
  if (!ReadTime(text.substr(0, dots), &range.low)) return false;
  if (!ReadTime(text.substr(dots + 2), &range.high)) return false;
  if (range.low.ns < 0 || range.high < range.low) return false;
  *value = range;
  return true;
}

bool ReadNodes(std::string_view text, std::vector<uint32_t>* nodes) {
  nodes->clear();
  while (true) {
    const size_t end = text.find(',');
    const std::string_view word = text.substr(0, end);
    uint32_t node = 0;
    if (!word.starts_with('n') || word.starts_with("n0x")) return false;
    if (!ReadU32(word.substr(1), &node)) return false;
    nodes->push_back(node);
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

std::string TimeText(Duration value) {
  if (value.ns == 0) return "0s";
  for (const Unit& unit : kUnits) {
    if (value.ns % unit.ns != 0) continue;
    return std::to_string(value.ns / unit.ns) + std::string(unit.name);
  }
  ORRERY_UNREACHABLE("every number of nanoseconds has a unit");
}

std::string ApplyConfig(const Setting& setting, Config* config) {
  const std::string_view name = setting.name;
  const std::string_view value = setting.value;
  bool good = false;
  if (name == "nodes") {
    good = ReadPositive(value, &config->nodes) && config->nodes <= 64;
  } else if (name == "keys") {
    good = ReadPositive(value, &config->keys);
  } else if (name == "clients") {
    good = ReadPositive(value, &config->clients);
  } else if (name == "seed") {
    good = ReadUint(value, &config->seed);
  } else if (name == "budget") {
    config->within_budget = value == "within";
    good = value == "within" || value == "beyond";
  } else if (name == "end") {
    good = ReadPositiveTime(value, &config->end);
  } else if (name == "seeds") {
    good = ReadSeedLists(value, &config->seed_lists);
  } else {
    const int applied =
        name.starts_with("limits.")
            ? ApplyLimit(name.substr(7), value, &config->engine.limits)
            : ApplyEngine(name, value, &config->engine);
    if (applied == 0) return Complaint("unknown cfg", name);
    good = applied == 1;
  }
  return good ? "" : Complaint("malformed value of cfg", name);
}

std::string ApplyNoise(std::string_view name, std::string_view value,
                       Noise* noise) {
  struct RangeName {
    std::string_view name;
    Range Noise::* field;
  };
  struct RatioName {
    std::string_view name;
    Ratio Noise::* field;
  };
  constexpr RangeName kRanges[] = {
      {"delay", &Noise::delay},
      {"disk.latency", &Noise::disk_latency},
      {"disk.sync", &Noise::disk_sync},
      {"tick.late", &Noise::tick_late},
  };
  constexpr RatioName kRatios[] = {
      {"udp.loss", &Noise::udp_loss},
      {"udp.dup", &Noise::udp_dup},
      {"udp.late", &Noise::udp_late},
      {"tcp.late", &Noise::tcp_late},
      {"disk.torn", &Noise::disk_torn},
      {"disk.stall", &Noise::disk_stall},
      {"udp.flip", &Noise::udp_flip},
      {"udp.cut", &Noise::udp_cut},
      {"udp.tail", &Noise::udp_tail},
      {"udp.replay", &Noise::udp_replay},
      {"tcp.pieces", &Noise::tcp_pieces},
      {"disk.garbage", &Noise::disk_garbage},
      {"disk.short", &Noise::disk_short},
      {"disk.read_error", &Noise::disk_read_error},
      {"disk.late", &Noise::disk_late},
  };
  for (const RangeName& range : kRanges) {
    if (range.name != name) continue;
    return ReadRange(value, &(noise->*range.field))
               ? ""
               : Complaint("malformed range of noise", name);
  }
  for (const RatioName& ratio : kRatios) {
    if (ratio.name != name) continue;
    return ReadRatio(value, &(noise->*ratio.field))
               ? ""
               : Complaint("malformed ratio of noise", name);
  }
  bool good = false;
  if (name == "udp.mtu") {
    good = ReadPositive(value, &noise->udp_mtu);
  } else if (name == "tcp.queue") {
    good = ReadPositive(value, &noise->tcp_queue);
  } else if (name == "tick.grain") {
    good = ReadTime(value, &noise->tick_grain) && noise->tick_grain.ns >= 0;
  } else {
    return Complaint("unknown noise", name);
  }
  return good ? "" : Complaint("malformed number of noise", name);
}

std::string ReadExpectation(const ExpectLine& line, Expectation* expectation) {
  using Kind = Expectation::Kind;
  Expectation read;
  if (line.property == "converge") {
    read.kind = Kind::kConverge;
  } else if (line.property == "quiet") {
    read.kind = Kind::kQuiet;
  } else if (line.property == "outcome") {
    read.kind = Kind::kOutcome;
  } else if (line.property == "value") {
    read.kind = Kind::kValue;
  } else if (line.property == "acks") {
    read.kind = Kind::kAcks;
  } else if (line.property == "mark") {
    read.kind = Kind::kMark;
  } else {
    return Complaint("unknown expectation", line.property);
  }
  for (const Setting& setting : line.settings) {
    bool good = false;
    uint32_t number = 0;
    if (setting.name == "within") {
      good = ReadPositiveTime(setting.value, &read.within);
    } else if (setting.name == "core") {
      good =
          read.kind == Kind::kConverge && ReadNodes(setting.value, &read.core);
    } else if (setting.name == "op") {
      good = ReadU32(setting.value, &read.op);
    } else if (setting.name == "is" || setting.name == "name") {
      read.is = setting.value;
      good = true;
    } else if (setting.name == "owners") {
      good = ReadU32(setting.value, &number);
      read.owners = number;
    } else if (setting.name == "hints") {
      good = ReadU32(setting.value, &number);
      read.hints = number;
    }
    if (!good) return Complaint("malformed expectation", setting.name);
  }
  *expectation = std::move(read);
  return "";
}

Settings SettingsOf(const Scenario& scenario) {
  Settings settings;
  for (const Line& line : scenario.lines) {
    if (const auto* cfg = std::get_if<CfgLine>(&line)) {
      for (const Setting& setting : cfg->settings) {
        const std::string wrong = ApplyConfig(setting, &settings.config);
        ORRERY_INVARIANT(wrong.empty());
      }
    } else if (const auto* noise = std::get_if<NoiseLine>(&line)) {
      for (const Setting& setting : noise->settings) {
        const std::string wrong =
            ApplyNoise(setting.name, setting.value, &settings.noise);
        ORRERY_INVARIANT(wrong.empty());
      }
    } else if (const auto* expect = std::get_if<ExpectLine>(&line)) {
      Expectation expectation;
      const std::string wrong = ReadExpectation(*expect, &expectation);
      ORRERY_INVARIANT(wrong.empty());
      settings.expectations.push_back(std::move(expectation));
    }
  }
  return settings;
}

}  // namespace orrery::sim
