#include "node/admin_pages.h"

#include <algorithm>
#include <ctime>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "transport/http/json_writer.h"
#include "transport/peer/endpoint_address.h"

namespace orrery {
namespace {

const char* StateText(MemberState state) {
  switch (state) {
    case MemberState::kAlive:
      return "alive";
    case MemberState::kSuspect:
      return "suspect";
    case MemberState::kDead:
    case MemberState::kLeft:
      return "dead";
  }
  return "dead";
}

__extension__ typedef unsigned __int128 Wide;

std::string HexOf(NodeId id) {
  return absl::StrCat(absl::Hex(id.value, absl::kZeroPad16));
}

using Names = std::map<NodeId, std::string>;

Names NamesOf(const Engine& engine) {
  Names names;
  for (const MemberView& member : engine.Members()) {
    if (!member.name.empty()) names[member.id] = member.name;
  }
  return names;
}

std::string NameIn(const Names& names, NodeId id) {
  const auto found = names.find(id);
  return found == names.end() ? HexOf(id) : found->second;
}

// Where the member's HTTP API is.
std::string HttpAddressOf(const MemberView& member) {
  Endpoint http = member.gossip;
  http.port = member.http_port;
  return FormatEndpoint(http);
}

void WriteStore(const StoreCounters& store, JsonWriter* json) {
  json->BeginObject()
      .Member("active_keys", store.active_keys)
      .Member("deleted_keys", store.deleted_keys)
      .Member("data_files", store.data_files)
      .Member("data_file_size_bytes", store.data_bytes)
      .Member("dead_bytes", store.dead_bytes)
      .Member("total_reads", store.total_reads)
      .Member("total_writes", store.total_writes)
      .Member("bytes_written", store.bytes_written)
      .Member("syncs", store.syncs)
      .Member("compactions", store.compactions)
      .Member("reclaimed_bytes", store.reclaimed_bytes);
  json->Name("compaction").BeginObject();
  json->Name("running").Bool(store.compacting_files > 0);
  json->Member("files", store.compacting_files)
      .Member("bytes", store.compacting_bytes)
      .Member("bytes_read", store.compacted_bytes)
      .EndObject();
  json->Name("scrub").BeginObject();
  json->Member("passes", store.scrub_passes)
      .Member("files", store.scrubbed_files)
      .Member("bytes", store.scrubbed_bytes)
      .Member("files_left", store.scrub_files_left)
      .EndObject();
  json->EndObject();
}

void WriteRequests(const EngineCounters& engine, JsonWriter* json) {
  json->Name("requests").BeginObject();
  json->Member("puts", engine.puts)
      .Member("gets", engine.gets)
      .Member("deletes", engine.deletes)
      .Member("refused", engine.refused)
      .Member("unknown", engine.unknown)
      .Member("read_repairs", engine.read_repairs)
      .EndObject();
  json->Name("hints").BeginObject();
  json->Member("held", engine.hints_held)
      .Member("created", engine.hints_created)
      .Member("delivered", engine.hints_delivered)
      .Member("covered", engine.hints_covered)
      .Member("redirected", engine.hints_redirected)
      .Member("expired", engine.hints_expired)
      .EndObject();
  json->Name("sync").BeginObject();
  json->Member("rounds", engine.sync_rounds)
      .Member("repaired", engine.sync_repaired)
      .EndObject();
}

// Ahead of the median of the members' clocks, or, below 0, behind it.
void WriteClock(const ClockView& clock, JsonWriter* json) {
  json->Name("clock").BeginObject();
  json->Name("known").Bool(clock.known);
  json->Name("off").Bool(clock.is_off);
  json->Name("ahead_ms")
      .Number(static_cast<double>(-(clock.offset.ns / kMillisecond.ns)));
  json->Member("members_measured", uint64_t{clock.samples})
      .Member("other_members", uint64_t{clock.others})
      .EndObject();
}

}  // namespace

std::string StatusPage(const Engine& engine, const NodeFacts& facts) {
  const StoreCounters store = engine.Counters(StoreId::kUser);
  std::vector<MemberView> members = engine.Members();
  std::sort(members.begin(), members.end(),
            [](const MemberView& a, const MemberView& b) {
              return std::tie(a.name, a.id) < std::tie(b.name, b.id);
            });
  uint64_t size = 0;
  for (const MemberView& member : members) {
    if (member.state != MemberState::kLeft) ++size;
  }
  std::string page;
  JsonWriter json(&page);
  json.BeginObject()
      .Member("node_id", facts.node_id)
      .Member("address", facts.address)
      .Member("uptime", UptimeText(facts.uptime))
      .Member("keys", store.active_keys);
  json.Name("storage").BeginObject();
  json.Member("active_keys", store.active_keys)
      .Member("deleted_keys", store.deleted_keys)
      .Member("data_file_size_bytes", store.data_bytes)
      .Member("total_reads", store.total_reads)
      .Member("total_writes", store.total_writes)
      .EndObject();
  WriteClock(engine.Clock(), &json);
  json.Name("cluster").BeginObject().Member("size", size);
  json.Name("nodes").BeginArray();
  for (const MemberView& member : members) {
    if (member.state == MemberState::kLeft) continue;
    json.BeginObject()
        .Member("id", member.name.empty() ? HexOf(member.id) : member.name)
        .Member("address", HttpAddressOf(member))
        .Member("gossip_address", FormatEndpoint(member.gossip))
        .Member("state", StateText(member.state))
        .EndObject();
  }
  json.EndArray().EndObject().EndObject();
  return page;
}

std::string RingPage(const Engine& engine, std::string_view key) {
  const std::vector<Engine::TokenView> tokens = engine.Tokens();
  const Names names = NamesOf(engine);
  std::string page;
  JsonWriter json(&page);
  json.BeginObject();
  if (!key.empty()) {
    json.TextOrBase64("key", key).Name("preference").BeginArray();
    for (const std::string& name : engine.PreferenceListOf(key)) {
      json.Text(name);
    }
    json.EndArray();
  }
  json.Name("epoch").BeginObject();
  json.Member("era", uint64_t{engine.epoch().era})
      .Member("seq", uint64_t{engine.epoch().seq})
      .EndObject();
  json.Name("ownership").BeginObject();
  for (const auto& [node, share] : OwnershipOf(tokens)) {
    json.TextName(NameIn(names, node)).Number(share);
  }
  json.EndObject().Name("tokens").BeginArray();
  for (const Engine::TokenView& token : tokens) {
    // A text: numbers of JavaScript end at 2^53.
    json.BeginObject()
        .Member("token", std::to_string(token.token))
        .Member("node", NameIn(names, token.node))
        .EndObject();
  }
  json.EndArray().EndObject();
  return page;
}

std::string StatsPage(const Engine& engine) {
  const StoreCounters user = engine.Counters(StoreId::kUser);
  const StoreCounters hints = engine.Counters(StoreId::kHints);
  std::string page;
  JsonWriter json(&page);
  json.BeginObject().Name("storage");
  WriteStore(user, &json);
  json.Name("hint_storage");
  WriteStore(hints, &json);
  WriteRequests(engine.counters(), &json);
  json.Name("damage").BeginObject();
  json.Member("records", user.damaged_records + hints.damaged_records)
      .Member("files", user.damaged_files + hints.damaged_files)
      // Doubt of the hints costs no vote, and nobody waits for its end.
      .Member("ranges_in_doubt", user.ranges_in_doubt)
      .EndObject();
  json.Name("snapshots").BeginArray();
  for (const std::string& name : engine.Snapshots()) json.Text(name);
  json.EndArray();
  const SpaceView space = engine.Space();
  json.Name("space").BeginObject();
  json.Member("free", space.free_bytes)
      .Member("state", NameOf(space.state))
      .Member("reserve", space.reserve_bytes)
      .EndObject();
  json.EndObject();
  return page;
}

std::string HealthPage(const NodeFacts& facts) {
  std::string page;
  JsonWriter(&page)
      .BeginObject()
      .Member("status", "healthy")
      .Member("node_id", facts.node_id)
      .Member("uptime", UptimeText(facts.uptime))
      .EndObject();
  return page;
}

std::string TracePage(const FlightRecorder::Dump& dump) {
  std::string page;
  JsonWriter(&page)
      .BeginObject()
      .Member("file", dump.file)
      .Member("events", dump.events)
      .Member("bytes", dump.bytes)
      .Member("first_time", TimeText(dump.first))
      .Member("last_time", TimeText(dump.last))
      .EndObject();
  return page;
}

std::string TimeText(WallTime time) {
  const time_t seconds = time.ns / kSecond.ns;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                         utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                         utc.tm_hour, utc.tm_min, utc.tm_sec,
                         time.ns % kSecond.ns / kMillisecond.ns);
}

std::string UptimeText(Duration uptime) {
  const int64_t seconds = uptime.ns / kSecond.ns;
  std::string rest = absl::StrCat(seconds % 60, "s");
  if (seconds < 60) return rest;
  std::string minutes = absl::StrCat(seconds / 60 % 60, "m ", rest);
  if (seconds < 3600) return minutes;
  return absl::StrCat(seconds / 3600, "h ", minutes);
}

std::map<NodeId, double> OwnershipOf(
    const std::vector<Engine::TokenView>& tokens) {
  constexpr double kRing = 18446744073709551616.0;  // 2^64
  if (tokens.empty()) return {};
  std::map<NodeId, Wide> arcs;  // Summed as integers: a whole ring is 1.
  uint64_t previous = tokens.back().token;
  for (const Engine::TokenView& token : tokens) {
    // Wraps where the ring does.
    arcs[token.node] += token.token - previous;
    previous = token.token;
  }
  if (tokens.size() == 1) arcs[tokens[0].node] = Wide{1} << 64;
  std::map<NodeId, double> shares;
  for (const auto& [node, arc] : arcs) {
    shares[node] = static_cast<double>(arc) / kRing;
  }
  return shares;
}

std::string NameOf(const Engine& engine, NodeId id) {
  return NameIn(NamesOf(engine), id);
}

}  // namespace orrery
