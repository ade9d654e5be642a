#include "sim/host/page.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/serialize.hpp"
#include "sim/checkers/narration.h"
#include "sim/host/build_id.h"
#include "sim/host/event_text.h"
#include "sim/host/json_text.h"
#include "sim/host/operation_text.h"
#include "sim/host/page_parts.h"
#include "sim/scenario_text.h"

namespace orrery::sim {
namespace {

namespace json = boost::json;

// What a page opens at once; a run of more is cut to a window.
constexpr size_t kEventsMax = 100'000;
// The scenario's own text, of which a page shows the beginning.
constexpr size_t kScenarioBytesMax = 64 << 10;

json::array ViolationsOf(const Recording& recording) {
  json::array all;
  for (const Violation& violation : recording.result.violations) {
    json::object one;
    AddViolation(violation, &one);
    one["at"] = MicrosOf(violation.at);
    all.push_back(std::move(one));
  }
  return all;
}

json::array OperationsOf(const Recording& recording, const Window& window) {
  json::array all;
  for (const Operation& op : recording.operations) {
    const int64_t from = MicrosOf(op.invoked);
    const bool open = op.outcome == Outcome::kPending;
    const int64_t until = open ? window.until : MicrosOf(op.returned);
    if (until < window.from || from > window.until) continue;
    json::object one;
    one["id"] = op.id;
    one["client"] = op.client;
    one["verb"] = JsonText(VerbText(op.verb));
    one["key"] = op.key;
    one["node"] = op.node;
    one["from"] = from;
    one["until"] = until;
    one["outcome"] = JsonText(OutcomeText(op.outcome));
    one["version"] = JsonText(std::to_string(op.version));
    one["final"] = op.final_read;
    std::string answer;
    if (op.verb == OpStep::Verb::kGet && op.IsOk()) answer = AnswerText(op);
    one["answer"] = JsonText(answer);
    all.push_back(std::move(one));
  }
  return all;
}

// Columns, not rows: a browser reads them faster, and they are smaller.
struct Columns {
  json::object events;
  json::object messages;
};

Columns ColumnsOf(const Recording& recording, const Window& window) {
  Columns columns;
  json::array at, node, key, text, effects;
  std::map<uint32_t, uint32_t> number;  // Of the recording -> of the page.
  for (uint32_t i = 0; i < recording.events.size(); ++i) {
    const Recording::Happened& event = recording.events[i];
    if (event.at < window.from || event.at > window.until) continue;
    number[i] = static_cast<uint32_t>(at.size());
    at.push_back(event.at);
    node.push_back(event.node);
    key.push_back(event.key.has_value() ? static_cast<int64_t>(*event.key)
                                        : -1);
    text.push_back(JsonText(event.text));
    effects.push_back(JsonText(event.effects));
  }
  json::array sent, received, ended, to, lane, lost;
  for (const Recording::Message& message : recording.messages) {
    const auto sender = number.find(message.sent_by);
    if (sender == number.end()) continue;
    int64_t receiver = -1;
    if (message.received_by.has_value()) {
      const auto found = number.find(*message.received_by);
      if (found != number.end()) receiver = found->second;
    }
    sent.push_back(sender->second);
    received.push_back(receiver);
    ended.push_back(message.ended);
    to.push_back(message.to);
    lane.push_back(message.gossip ? 1 : 0);
    lost.push_back(JsonText(message.lost));
  }
  columns.events["t"] = std::move(at);
  columns.events["n"] = std::move(node);
  columns.events["k"] = std::move(key);
  columns.events["x"] = std::move(text);
  columns.events["e"] = std::move(effects);
  columns.messages["s"] = std::move(sent);
  columns.messages["r"] = std::move(received);
  columns.messages["end"] = std::move(ended);
  columns.messages["to"] = std::move(to);
  columns.messages["g"] = std::move(lane);
  columns.messages["lost"] = std::move(lost);
  return columns;
}

json::array BandsOf(const Recording& recording) {
  json::array all;
  for (const Recording::LinkFault& fault : recording.link_faults) {
    all.push_back({JsonText(fault.kind), fault.from_us, fault.until_us,
                   fault.from, fault.to});
  }
  for (const Recording::Outage& outage : recording.outages) {
    all.push_back(
        {JsonText(outage.kind), outage.from_us, outage.until_us, outage.node});
  }
  return all;
}

json::array ValuesOf(const Recording& recording) {
  std::map<uint64_t, std::string> names;
  for (const Recording::VersionName& name : recording.versions) {
    names[name.version] = name.name;
  }
  for (const Operation& op : recording.operations) {
    if (!op.IsWrite() || !op.IsOk()) continue;
    names[op.version] = "op" + std::to_string(op.id);
  }
  json::array all;
  for (const Recording::Held& held : recording.values) {
    const auto found = names.find(held.version);
    std::string label = held.version == 0 ? "nothing"
                        : found == names.end()
                            ? "version " + std::to_string(held.version)
                            : found->second;
    if (held.tombstone) label += " (deleted)";
    all.push_back({held.at, held.node, held.key, JsonText(label)});
  }
  return all;
}

// Safe inside a script element.
std::string ForScript(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

void Put(std::string_view mark, std::string_view text, std::string* page) {
  const size_t at = page->find(mark);
  if (at != std::string::npos) page->replace(at, mark.size(), text);
}

}  // namespace

Window WindowOf(const Recording& recording) {
  Window window{0, MicrosOf(recording.result.ended)};
  const std::vector<Recording::Happened>& events = recording.events;
  if (events.size() <= kEventsMax) return window;
  // The last event that belongs to the story: of the violation, a little more.
  size_t last = events.size() - 1;
  if (!recording.result.violations.empty()) {
    const int64_t at = MicrosOf(recording.result.violations.front().at);
    if (at > 0) {
      const auto after = std::upper_bound(
          events.begin(), events.end(), at + kSecond.ns / kMicrosecond.ns,
          [](int64_t value, const Recording::Happened& event) {
            return value < event.at;
          });
      last = static_cast<size_t>(after - events.begin());
      last = last == 0 ? 0 : last - 1;
    }
  }
  const size_t first = last + 1 > kEventsMax ? last + 1 - kEventsMax : 0;
  window.from = first == 0 ? 0 : events[first].at;
  window.until = events[last].at;
  return window;
}

std::string PageJson(const Recording& recording, const Window& window) {
  const Config config = SettingsOf(recording.scenario).config;
  std::string scenario = PrintScenario(recording.scenario);
  if (scenario.size() > kScenarioBytesMax) {
    scenario.resize(kScenarioBytesMax);
    scenario += "\n...";
  }
  Columns columns = ColumnsOf(recording, window);
  json::object page;
  page["format"] = 1;
  page["name"] = JsonText(recording.name);
  page["build"] = JsonText(BuildId());
  page["digest"] = JsonText(absl::StrFormat("%016x", recording.result.digest));
  page["nodes"] = config.nodes;
  page["keys"] = config.keys;
  page["clients"] = config.clients;
  page["from"] = window.from;
  page["until"] = window.until;
  page["allEvents"] = recording.events.size();
  page["scenario"] = JsonText(scenario);
  page["violations"] = ViolationsOf(recording);
  page["events"] = std::move(columns.events);
  page["messages"] = std::move(columns.messages);
  page["bands"] = BandsOf(recording);
  json::array steps;
  for (const Recording::Struck& step : recording.steps) {
    steps.push_back({step.at, JsonText(step.text)});
  }
  page["steps"] = std::move(steps);
  page["ops"] = OperationsOf(recording, window);
  page["values"] = ValuesOf(recording);
  return json::serialize(page);
}

std::string PageOf(const Recording& recording, const Window& window) {
  std::string page(kPageText);
  Put("/*STYLE*/", kPageStyle, &page);
  Put("/*SCRIPT*/", kPageScript, &page);
  Put("/*DATA*/", ForScript(PageJson(recording, window)), &page);
  return page;
}

}  // namespace orrery::sim
