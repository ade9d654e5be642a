#include "sim/host/formats.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/serialize.hpp"
#include "sim/host/build_id.h"
#include "sim/host/json_text.h"
#include "sim/host/operation_text.h"
#include "sim/host/text.h"

namespace orrery::sim {
namespace {

using JsonArray = boost::json::array;
using JsonObject = boost::json::object;

constexpr ShowFormat kFormats[] = {
    {"html", ".html", PageOf},
    {"jsonl", ".jsonl", JsonLines},
    {"chrome", ".trace.json", ChromeTrace},
    {"shiviz", ".shiviz.log", ShivizLog},
    {"edn", ".edn", EdnHistory},
};

bool IsIn(const Window& window, int64_t at) {
  return window.from <= at && at <= window.until;
}

std::string NodeName(uint32_t node) { return Cat("n", node); }

JsonArray LinesOf(std::string_view text) {
  JsonArray lines;
  if (text.empty()) return lines;
  for (const std::string_view line : Split(text, "\n")) {
    lines.push_back(JsonText(line));
  }
  return lines;
}

void AddLine(const JsonObject& object, std::string* text) {
  *text += boost::json::serialize(object);
  *text += '\n';
}

JsonObject RunLine(const Recording& recording) {
  JsonObject run;
  run["kind"] = "run";
  run["format"] = 1;
  run["name"] = JsonText(recording.name);
  run["build"] = JsonText(BuildId());
  run["digest"] = JsonText(absl::StrFormat("%016x", recording.result.digest));
  run["events"] = recording.events.size();
  run["ended_us"] = MicrosOf(recording.result.ended);
  return run;
}

// Index of the event that sent what each event received.
std::map<uint32_t, uint32_t> Causes(const Recording& recording) {
  std::map<uint32_t, uint32_t> causes;
  for (const Recording::Message& message : recording.messages) {
    if (!message.received_by.has_value()) continue;
    causes[*message.received_by] = message.sent_by;
  }
  return causes;
}

JsonObject OperationLine(const Operation& op) {
  JsonObject line;
  line["kind"] = "op";
  line["id"] = op.id;
  line["verb"] = JsonText(VerbText(op.verb));
  line["client"] = op.client;
  line["key"] = op.key;
  line["node"] = op.node;
  line["invoked_us"] = MicrosOf(op.invoked);
  line["outcome"] = JsonText(OutcomeText(op.outcome));
  if (op.outcome == Outcome::kPending) return line;
  line["returned_us"] = MicrosOf(op.returned);
  if (op.IsOk()) line["version"] = op.version;
  if (op.IsOk() && !op.IsWrite()) {
    line["found"] = op.found;
    line["value"] = JsonText(op.value.text());
  }
  return line;
}

}  // namespace

const ShowFormat* ShowFormatOf(std::string_view name) {
  for (const ShowFormat& format : kFormats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

std::string ShowFormatNames() {
  std::string names;
  for (const ShowFormat& format : kFormats) {
    if (!names.empty()) names += ", ";
    names += format.name;
  }
  return names;
}

std::string JsonLines(const Recording& recording, const Window& window) {
  std::string text;
  AddLine(RunLine(recording), &text);
  const std::map<uint32_t, uint32_t> causes = Causes(recording);
  size_t next_step = 0;
  const auto steps_until = [&](int64_t at) {
    for (; next_step < recording.steps.size(); ++next_step) {
      const Recording::Struck& step = recording.steps[next_step];
      if (step.at > at) return;
      if (!IsIn(window, step.at)) continue;
      JsonObject line{{"kind", "step"}, {"at_us", step.at}};
      line["text"] = JsonText(step.text);
      AddLine(line, &text);
    }
  };
  for (uint32_t i = 0; i < recording.events.size(); ++i) {
    const Recording::Happened& event = recording.events[i];
    steps_until(event.at);
    if (!IsIn(window, event.at)) continue;
    JsonObject line{{"kind", "event"}, {"i", i}, {"at_us", event.at}};
    line["node"] = event.node;
    if (event.key.has_value()) line["key"] = *event.key;
    const auto cause = causes.find(i);
    if (cause != causes.end()) line["sent_by"] = cause->second;
    line["text"] = JsonText(event.text);
    line["effects"] = LinesOf(event.effects);
    AddLine(line, &text);
  }
  steps_until(window.until);
  for (const Recording::Message& message : recording.messages) {
    if (message.lost.empty() || !IsIn(window, message.ended)) continue;
    JsonObject line{{"kind", "lost"}, {"at_us", message.ended}};
    line["sent_by"] = message.sent_by;
    line["to"] = message.to;
    line["why"] = JsonText(message.lost);
    AddLine(line, &text);
  }
  for (const Operation& op : recording.operations) {
    if (IsIn(window, MicrosOf(op.invoked))) AddLine(OperationLine(op), &text);
  }
  for (const Violation& violation : recording.result.violations) {
    JsonObject line{{"kind", "violation"}, {"at_us", MicrosOf(violation.at)}};
    AddViolation(violation, &line);
    AddLine(line, &text);
  }
  return text;
}

namespace {

// A trace event: what `chrome://tracing` calls a phase, a process, a thread.
JsonObject TraceEvent(std::string_view phase, uint32_t process, uint32_t thread,
                      int64_t at) {
  JsonObject event;
  event["ph"] = JsonText(phase);
  event["pid"] = process;
  event["tid"] = thread;
  event["ts"] = at;
  return event;
}

// Threads of a node's process.
constexpr uint32_t kEventsThread = 0;
constexpr uint32_t kOutagesThread = 1;

void AddName(std::string_view what, uint32_t process, uint32_t thread,
             std::string_view name, JsonArray* events) {
  JsonObject event = TraceEvent("M", process, thread, 0);
  event["name"] = JsonText(what);
  event["args"] = JsonObject{{"name", JsonText(name)}};
  events->push_back(std::move(event));
}

void AddHappenings(const Recording& recording, const Window& window,
                   JsonArray* events) {
  for (uint32_t i = 0; i < recording.events.size(); ++i) {
    const Recording::Happened& happened = recording.events[i];
    if (!IsIn(window, happened.at)) continue;
    JsonObject event =
        TraceEvent("X", happened.node, kEventsThread, happened.at);
    event["dur"] = 1;
    event["name"] = JsonText(happened.text);
    event["args"] =
        JsonObject{{"i", i}, {"effects", LinesOf(happened.effects)}};
    events->push_back(std::move(event));
  }
}

void AddFlows(const Recording& recording, const Window& window,
              JsonArray* events) {
  uint32_t id = 0;
  for (const Recording::Message& message : recording.messages) {
    ++id;
    const Recording::Happened& sent = recording.events[message.sent_by];
    if (!message.received_by.has_value() || !IsIn(window, sent.at)) continue;
    const Recording::Happened& got = recording.events[*message.received_by];
    if (!IsIn(window, got.at)) continue;
    const char* name = message.gossip ? "gossip" : "message";
    JsonObject from = TraceEvent("s", sent.node, kEventsThread, sent.at);
    JsonObject to = TraceEvent("f", got.node, kEventsThread, got.at);
    to["bp"] = "e";
    for (JsonObject* end : {&from, &to}) {
      (*end)["cat"] = name;
      (*end)["name"] = name;
      (*end)["id"] = id;
      events->push_back(*end);
    }
  }
}

void AddOutages(const Recording& recording, const Window& window,
                JsonArray* events) {
  for (const Recording::Outage& outage : recording.outages) {
    const int64_t until = outage.until_us < 0 ? window.until : outage.until_us;
    if (until < window.from || outage.from_us > window.until) continue;
    JsonObject event =
        TraceEvent("X", outage.node, kOutagesThread, outage.from_us);
    event["dur"] = until - outage.from_us;
    event["name"] = JsonText(outage.kind);
    events->push_back(std::move(event));
  }
}

void AddOperations(const Recording& recording, const Window& window,
                   uint32_t process, JsonArray* events) {
  for (const Operation& op : recording.operations) {
    const int64_t from = MicrosOf(op.invoked);
    const bool open = op.outcome == Outcome::kPending;
    const int64_t until = open ? window.until : MicrosOf(op.returned);
    if (until < window.from || from > window.until) continue;
    JsonObject begin = TraceEvent("b", process, op.client, from);
    JsonObject end = TraceEvent("e", process, op.client, until);
    begin["args"] = OperationLine(op);
    const std::string name = Cat(VerbText(op.verb), " ", op.id, " ",
                                 KeyText(op.key), " ", OutcomeText(op.outcome));
    for (JsonObject* side : {&begin, &end}) {
      (*side)["cat"] = "op";
      (*side)["name"] = JsonText(name);
      (*side)["id"] = op.id;
      events->push_back(*side);
    }
  }
}

}  // namespace

std::string ChromeTrace(const Recording& recording, const Window& window) {
  const uint32_t nodes = SettingsOf(recording.scenario).config.nodes;
  JsonArray events;
  for (uint32_t node = 0; node < nodes; ++node) {
    AddName("process_name", node, 0, NodeName(node), &events);
    AddName("thread_name", node, kEventsThread, "events", &events);
    AddName("thread_name", node, kOutagesThread, "outages", &events);
  }
  AddName("process_name", nodes, 0, "clients", &events);
  AddHappenings(recording, window, &events);
  AddFlows(recording, window, &events);
  AddOutages(recording, window, &events);
  AddOperations(recording, window, nodes, &events);
  for (const Recording::Struck& step : recording.steps) {
    if (!IsIn(window, step.at)) continue;
    JsonObject event = TraceEvent("i", nodes, 0, step.at);
    event["s"] = "g";
    event["name"] = JsonText(step.text);
    events.push_back(std::move(event));
  }
  JsonObject trace;
  trace["displayTimeUnit"] = "ms";
  trace["otherData"] = RunLine(recording);
  trace["traceEvents"] = std::move(events);
  return boost::json::serialize(trace) + "\n";
}

// Counted from the window's beginning, as ShiViz wants clocks without gaps.
std::string ShivizLog(const Recording& recording, const Window& window) {
  const uint32_t nodes = SettingsOf(recording.scenario).config.nodes;
  const std::map<uint32_t, uint32_t> causes = Causes(recording);
  using Clock = std::vector<uint32_t>;
  std::vector<Clock> now(nodes, Clock(nodes, 0));
  std::set<uint32_t> senders;
  for (const auto& [received, sent] : causes) senders.insert(sent);
  std::map<uint32_t, Clock> at_sending;
  std::string text;
  for (uint32_t i = 0; i < recording.events.size(); ++i) {
    const Recording::Happened& event = recording.events[i];
    if (!IsIn(window, event.at)) continue;
    Clock& clock = now[event.node];
    ++clock[event.node];
    const auto cause = causes.find(i);
    if (cause != causes.end() && at_sending.contains(cause->second)) {
      const Clock& sent = at_sending[cause->second];
      for (uint32_t node = 0; node < nodes; ++node) {
        clock[node] = std::max(clock[node], sent[node]);
      }
    }
    if (senders.contains(i)) at_sending[i] = clock;
    text += NodeName(event.node) + " {";
    bool first = true;
    for (uint32_t node = 0; node < nodes; ++node) {
      if (clock[node] == 0) continue;
      text += Cat(first ? "" : ", ", "\"", NodeName(node), "\":", clock[node]);
      first = false;
    }
    text += Cat("}\n", OneLine(event.text), " at ",
                absl::StrFormat("%.6fs", static_cast<double>(event.at) / 1e6),
                "\n");
  }
  return text;
}

namespace {

// One side of an operation.
struct Side {
  Instant at;
  bool returns = false;
  const Operation* op = nullptr;
};

// At one moment invocations come first: then both are concurrent, which is
// the weaker claim.
std::vector<Side> SidesOf(const Recording& recording, const Window& window) {
  std::vector<Side> sides;
  for (const Operation& op : recording.operations) {
    if (!IsIn(window, MicrosOf(op.invoked))) continue;
    sides.push_back({op.invoked, false, &op});
    if (op.outcome == Outcome::kPending) continue;
    sides.push_back({op.returned, true, &op});
  }
  std::ranges::sort(sides, [](const Side& a, const Side& b) {
    if (a.at != b.at) return a.at < b.at;
    if (a.returns != b.returns) return b.returns;
    return a.op->id < b.op->id;
  });
  return sides;
}

std::string ValueOf(const Side& side) {
  const Operation& op = *side.op;
  std::string value = "nil";
  if (op.verb == OpStep::Verb::kPut) value = std::to_string(op.id);
  if (op.verb == OpStep::Verb::kGet && side.returns && op.IsOk() && op.found) {
    const std::optional<uint32_t> read = OpOfValue(op.value.text());
    if (read.has_value()) value = std::to_string(*read);
  }
  return Cat("[", op.key, " ", value, "]");
}

// A repeated write that is refused at last may have been applied at first.
std::string_view TypeOf(const Side& side) {
  if (!side.returns) return "invoke";
  const Operation& op = *side.op;
  if (op.IsOk()) return "ok";
  const bool refused =
      op.outcome == Outcome::kFailed && op.earlier != Outcome::kUnknown;
  return refused ? "fail" : "info";
}

}  // namespace

std::string EdnHistory(const Recording& recording, const Window& window) {
  std::string text;
  std::set<uint32_t> idle;
  uint32_t processes = 0;
  std::map<const Operation*, uint32_t> process_of;
  uint64_t index = 0;
  for (const Side& side : SidesOf(recording, window)) {
    if (!side.returns) {
      if (idle.empty()) idle.insert(processes++);
      process_of[side.op] = *idle.begin();
      idle.erase(idle.begin());
    }
    const uint32_t process = process_of[side.op];
    const std::string_view type = TypeOf(side);
    if (side.returns && type != "info") idle.insert(process);
    text += Cat("{:index ", index++, ", :time ", side.at.ns, ", :type :", type,
                ", :process ", process, ", :f ",
                side.op->IsWrite() ? ":write" : ":read", ", :value ",
                ValueOf(side), ", :op ", side.op->id, "}\n");
  }
  return text;
}

}  // namespace orrery::sim
