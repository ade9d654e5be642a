#include "node/metrics.h"

#include <array>

#include "node/metrics_text.h"

namespace orrery {
namespace {

struct Verb {
  ClientVerb verb;
  const char* name;
};
constexpr std::array<Verb, 8> kVerbs = {
    {{ClientVerb::kPut, "put"},
     {ClientVerb::kGet, "get"},
     {ClientVerb::kDelete, "delete"},
     {ClientVerb::kListKeys, "keys"},
     {ClientVerb::kCompact, "compact"},
     {ClientVerb::kScrub, "scrub"},
     {ClientVerb::kSnapshot, "snapshot"},
     {ClientVerb::kInspectKey, "inspect_key"}}};

struct Store {
  StoreId id;
  const char* name;
};
constexpr std::array<Store, 2> kStores = {
    {{StoreId::kUser, "user"}, {StoreId::kHints, "hints"}}};

void RenderHttp(const HttpStats& http, MetricsText* text) {
  text->OneGauge("orrery_http_connections", "Open client connections.",
                 http.connections_open);
  text->OneCounter("orrery_http_connections_total",
                   "Client connections accepted.", http.connections_total);
  text->OneCounter("orrery_http_connections_refused_total",
                   "Client connections over the limit.",
                   http.connections_refused);
  text->OneCounter("orrery_http_connections_abandoned_total",
                   "Client connections dropped for the answers they left "
                   "unread.",
                   http.connections_abandoned);
  text->Counter("orrery_http_answers_total", "HTTP answers by status.");
  for (const auto& [status, count] : http.answers) {
    text->Sample(count, {{"status", std::to_string(status)}});
  }
  text->Histogram("orrery_request_seconds",
                  "From a request's last byte to its answer.");
  for (const Verb& verb : kVerbs) {
    text->Latency(http.LatencyOf(verb.verb), {{"verb", verb.name}});
  }
}

void RenderEngine(const EngineCounters& engine, MetricsText* text) {
  text->Counter("orrery_requests_total", "Requests coordinated here.");
  text->Sample(engine.puts, {{"verb", "put"}});
  text->Sample(engine.gets, {{"verb", "get"}});
  text->Sample(engine.deletes, {{"verb", "delete"}});
  text->OneCounter("orrery_requests_refused_total",
                   "Requests refused before anything applied.", engine.refused);
  text->OneCounter("orrery_requests_unknown_total",
                   "Writes whose outcome is unknown.", engine.unknown);
  text->OneCounter("orrery_read_repairs_total", "Reads that repaired.",
                   engine.read_repairs);
  text->OneGauge("orrery_hints_held", "Hints waiting for their owners.",
                 engine.hints_held);
  text->Counter("orrery_hints_total", "What became of hints.");
  text->Sample(engine.hints_created, {{"event", "created"}});
  text->Sample(engine.hints_delivered, {{"event", "delivered"}});
  text->Sample(engine.hints_covered, {{"event", "covered"}});
  text->Sample(engine.hints_redirected, {{"event", "redirected"}});
  text->Sample(engine.hints_expired, {{"event", "expired"}});
  text->OneCounter("orrery_sync_rounds_total", "Digest exchanges begun.",
                   engine.sync_rounds);
  text->OneCounter("orrery_sync_repaired_total",
                   "Objects that a digest exchange repaired.",
                   engine.sync_repaired);
}

void RenderStores(const Engine& engine, MetricsText* text) {
  const std::array<StoreCounters, 2> counters = {
      engine.Counters(kStores[0].id), engine.Counters(kStores[1].id)};
  struct Member {
    const char* name;
    const char* help;
    bool is_gauge;
    uint64_t StoreCounters::* value;
  };
  constexpr std::array<Member, 15> kMembers = {{
      {"orrery_store_keys", "Live keys.", true, &StoreCounters::active_keys},
      {"orrery_store_tombstones", "Deleted keys.", true,
       &StoreCounters::deleted_keys},
      {"orrery_store_files", "Data files.", true, &StoreCounters::data_files},
      {"orrery_store_bytes", "Bytes of data files.", true,
       &StoreCounters::data_bytes},
      {"orrery_store_dead_bytes", "Bytes that compaction can free.", true,
       &StoreCounters::dead_bytes},
      {"orrery_store_reads_total", "Records read.", false,
       &StoreCounters::total_reads},
      {"orrery_store_writes_total", "Records written.", false,
       &StoreCounters::total_writes},
      {"orrery_store_written_bytes_total", "Bytes written.", false,
       &StoreCounters::bytes_written},
      {"orrery_store_syncs_total", "Syncs of data files.", false,
       &StoreCounters::syncs},
      {"orrery_store_compactions_total", "Files compacted.", false,
       &StoreCounters::compactions},
      {"orrery_damaged_records", "Records that cannot be read now.", true,
       &StoreCounters::damaged_records},
      {"orrery_damaged_files", "Data files with damage.", true,
       &StoreCounters::damaged_files},
      {"orrery_ranges_in_doubt", "Key ranges in doubt after damage.", true,
       &StoreCounters::ranges_in_doubt},
      {"orrery_index_snapshots_total", "Index snapshots written.", false,
       &StoreCounters::index_snapshots},
      {"orrery_index_snapshots_given_up_total",
       "Data files that go without an index snapshot until the next start.",
       false, &StoreCounters::index_snapshots_given_up},
  }};
  for (const Member& member : kMembers) {
    member.is_gauge ? text->Gauge(member.name, member.help)
                    : text->Counter(member.name, member.help);
    for (size_t i = 0; i < kStores.size(); ++i) {
      text->Sample(counters[i].*member.value, {{"store", kStores[i].name}});
    }
  }
}

void RenderSpace(const SpaceView& space, MetricsText* text) {
  text->OneGauge("orrery_space_free_bytes", "Free bytes of the disk.",
                 space.free_bytes);
  text->OneGauge("orrery_space_reserve_bytes",
                 "Bytes that are kept for a full disk.", space.reserve_bytes);
  text->Gauge("orrery_space_state", "1 for the state that holds.");
  for (const SpaceState state :
       {SpaceState::kNormal, SpaceState::kTight, SpaceState::kFull}) {
    text->Sample(space.state == state ? 1 : 0,
                 {{"state", std::string(NameOf(state))}});
  }
}

void RenderMembers(const Engine& engine, MetricsText* text) {
  uint64_t alive = 0, suspect = 0, dead = 0;
  for (const MemberView& member : engine.Members()) {
    alive += member.state == MemberState::kAlive ? 1 : 0;
    suspect += member.state == MemberState::kSuspect ? 1 : 0;
    dead += member.state == MemberState::kDead ? 1 : 0;
  }
  text->Gauge("orrery_members", "Members by state, as this node sees them.");
  text->Sample(alive, {{"state", "alive"}});
  text->Sample(suspect, {{"state", "suspect"}});
  text->Sample(dead, {{"state", "dead"}});
  text->OneGauge("orrery_serving", "1 while this node can serve.",
                 engine.state() == EngineState::kServing ? 1 : 0);
  text->OneGauge("orrery_ring_epoch", "Epoch of the ownership ring.",
                 engine.epoch().seq);
}

void RenderClock(const ClockView& clock, MetricsText* text) {
  text->OneSignedGauge(
      "orrery_clock_ahead_milliseconds",
      "This node's wall clock against the median of the members' clocks.",
      -(clock.offset.ns / kMillisecond.ns));
  text->OneGauge("orrery_clock_known",
                 "1 while the median of the members' clocks is known.",
                 clock.known ? 1 : 0);
  text->OneGauge("orrery_clock_off",
                 "1 while this node's clock is off by more than half the skew "
                 "bound.",
                 clock.is_off ? 1 : 0);
  text->OneGauge("orrery_clock_members_measured",
                 "Other members whose clocks are known.", clock.samples);
}

void RenderNetwork(const NetworkCounters& network, MetricsText* text) {
  text->Counter("orrery_peer_frames_total", "Frames to and from peers.");
  text->Sample(network.frames_sent, {{"event", "sent"}});
  text->Sample(network.frames_received, {{"event", "received"}});
  text->Sample(network.frames_dropped, {{"event", "dropped"}});
  text->Sample(network.frames_skipped, {{"event", "skipped"}});
  text->Counter("orrery_peer_bytes_total", "Bytes of frames.");
  text->Sample(network.frame_bytes_sent, {{"event", "sent"}});
  text->Sample(network.frame_bytes_received, {{"event", "received"}});
  text->Counter("orrery_peer_links_total", "Links to peers that changed.");
  text->Sample(network.links_up, {{"event", "up"}});
  text->Sample(network.links_down, {{"event", "down"}});
  text->Sample(network.streams_broken, {{"event", "broken"}});
  text->Counter("orrery_gossip_datagrams_total", "Gossip datagrams.");
  text->Sample(network.datagrams_sent, {{"event", "sent"}});
  text->Sample(network.datagrams_received, {{"event", "received"}});
  text->Sample(network.datagrams_dropped, {{"event", "dropped"}});
  text->Sample(network.datagrams_skipped, {{"event", "skipped"}});
}

}  // namespace

std::string RenderMetrics(const MetricsSources& sources) {
  MetricsText text;
  text.OneGauge("orrery_uptime_seconds", "Since the process began.",
                sources.uptime_seconds);
  RenderHttp(sources.http, &text);
  RenderEngine(sources.engine.counters(), &text);
  RenderSpace(sources.engine.Space(), &text);
  RenderStores(sources.engine, &text);
  RenderMembers(sources.engine, &text);
  RenderClock(sources.engine.Clock(), &text);
  RenderNetwork(sources.network, &text);
  text.Counter("orrery_core_marks_total",
               "Branches of the core that were taken.");
  for (const auto& [mark, count] : sources.marks) {
    text.Sample(count, {{"mark", std::string(mark)}});
  }
  return text.Take();
}

}  // namespace orrery
