#include "node/admin_commands.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

namespace json = boost::json;

constexpr uint32_t kPageMax = 10000;  // CONTRACT section 3.

std::string TextOf(const json::value& value) {
  if (!value.is_string()) return json::serialize(value);
  return {value.get_string().data(), value.get_string().size()};
}

// A share of 1 as "33.3 %".
std::string PercentOf(const json::value& share) {
  boost::system::error_code error;
  const double number = share.to_number<double>(error);
  if (error) return TextOf(share);
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.1f %%", number * 100);
  return text.data();
}

// The member, or null.
const json::value& MemberOf(const json::value& value, const char* name) {
  static const json::value kNull;
  const json::object* object = value.if_object();
  const json::value* member =
      object == nullptr ? nullptr : object->if_contains(name);
  return member == nullptr ? kNull : *member;
}

// Fetches a page; with -o json prints it and leaves nothing to show.
ExitCode Fetch(const AdminCommand& command, const HttpRequest& request,
               std::optional<json::value>* page) {
  HttpResponse response;
  const ExitCode code = Exchange(command.client, request, &response);
  if (command.client.json) {
    std::fwrite(response.body.data(), 1, response.body.size(), stdout);
    return code;
  }
  if (code != kExitOk) return code;
  boost::system::error_code error;
  json::value parsed = json::parse(response.body, error);
  if (error) {
    std::fprintf(stderr, "orrery: the answer is not JSON\n");
    return kExitUnexpected;
  }
  *page = std::move(parsed);
  return kExitOk;
}

ExitCode Fetch(const AdminCommand& command, const std::string& target,
               std::optional<json::value>* page) {
  HttpRequest request;
  request.target = target;
  return Fetch(command, request, page);
}

void AddRows(const std::string& prefix, const json::value& value,
             std::vector<std::vector<std::string>>* rows) {
  const json::object* object = value.if_object();
  if (object == nullptr) {
    rows->push_back({prefix, TextOf(value)});
    return;
  }
  for (const auto& member : *object) {
    const std::string name(member.key().data(), member.key().size());
    AddRows(prefix.empty() ? name : absl::StrCat(prefix, ".", name),
            member.value(), rows);
  }
}

// POST /admin/<path>: what goes on in the background.
ExitCode RunTask(const AdminCommand& command, const char* path,
                 const char* name) {
  HttpRequest request;
  request.method = "POST";
  request.target = absl::StrCat("/admin/", path);
  std::optional<json::value> page;
  const ExitCode code = Fetch(command, request, &page);
  if (!page.has_value()) return code;
  const std::string status = TextOf(MemberOf(*page, "status"));
  if (status == "nothing to do") {
    std::printf("nothing to %s\n", path);
    return kExitOk;
  }
  std::printf("%s %s: %s files, %s bytes; `orrery stats` shows how far it is\n",
              name, status.c_str(), TextOf(MemberOf(*page, "files")).c_str(),
              TextOf(MemberOf(*page, "bytes")).c_str());
  return kExitOk;
}

// What each node holds of a key, a line for each version.
void AddCopies(const json::value& copies, const char* label,
               std::vector<std::vector<std::string>>* rows) {
  const json::array* nodes = copies.if_array();
  if (nodes == nullptr) return;
  for (const json::value& copy : *nodes) {
    const std::string name =
        absl::StrCat(label, TextOf(MemberOf(copy, "node")));
    const bool in_doubt = MemberOf(copy, "suspect").is_bool();
    const std::string answer = absl::StrCat(TextOf(MemberOf(copy, "answer")),
                                            in_doubt ? ", in doubt" : "");
    const json::array* versions = MemberOf(copy, "versions").if_array();
    if (versions == nullptr || versions->empty()) {
      rows->push_back({name, answer, "", "", "", ""});
      continue;
    }
    for (const json::value& version : *versions) {
      const bool is_deleted = MemberOf(version, "deleted").is_bool();
      const bool is_kept = MemberOf(version, "siblings").is_bool();
      rows->push_back({name, answer, TextOf(MemberOf(version, "version")),
                       absl::StrCat(is_deleted ? "delete" : "value",
                                    is_kept ? ", kept" : ""),
                       TextOf(MemberOf(version, "dot")),
                       TextOf(MemberOf(version, "checksum"))});
    }
  }
}

void PrintKeyOf(const json::value& key) {
  if (key.is_string()) {
    std::printf("%s\n", TextOf(key).c_str());
  } else {
    std::printf("base64:%s\n", TextOf(MemberOf(key, "key_base64")).c_str());
  }
}

// Only what an operator must know: nothing of a clock that is right.
void PrintClock(const json::value& clock) {
  if (TextOf(MemberOf(clock, "known")) == "false") {
    std::printf(
        "\nThe clocks of %s of %s other members are known; with half of them "
        "this node coordinates writes.\n",
        TextOf(MemberOf(clock, "members_measured")).c_str(),
        TextOf(MemberOf(clock, "other_members")).c_str());
  }
  if (TextOf(MemberOf(clock, "off")) == "true") {
    std::printf(
        "\nThis node's clock is off: %s ms ahead of the median of the "
        "members' clocks (below 0: behind).\n",
        TextOf(MemberOf(clock, "ahead_ms")).c_str());
  }
}

}  // namespace

ExitCode RunStatus(const AdminCommand& command) {
  std::optional<json::value> page;
  const ExitCode code = Fetch(command, "/admin/status", &page);
  if (!page.has_value()) return code;
  std::printf("node %s at %s, up %s, %s keys\n\n",
              TextOf(MemberOf(*page, "node_id")).c_str(),
              TextOf(MemberOf(*page, "address")).c_str(),
              TextOf(MemberOf(*page, "uptime")).c_str(),
              TextOf(MemberOf(*page, "keys")).c_str());
  std::vector<std::vector<std::string>> rows = {{"NODE", "ADDRESS", "STATE"}};
  const json::value& nodes = MemberOf(MemberOf(*page, "cluster"), "nodes");
  if (const json::array* array = nodes.if_array()) {
    for (const json::value& node : *array) {
      rows.push_back({TextOf(MemberOf(node, "id")),
                      TextOf(MemberOf(node, "address")),
                      TextOf(MemberOf(node, "state"))});
    }
  }
  PrintTable(rows);
  PrintClock(MemberOf(*page, "clock"));
  return kExitOk;
}

ExitCode RunRing(const AdminCommand& command) {
  std::string target = "/admin/ring";
  if (!command.key.empty()) {
    absl::StrAppend(&target, "?key=", PercentEncode(command.key));
  }
  std::optional<json::value> page;
  const ExitCode code = Fetch(command, target, &page);
  if (!page.has_value()) return code;
  std::vector<std::vector<std::string>> rows = {{"NODE", "SHARE"}};
  const json::value& ownership = MemberOf(*page, "ownership");
  if (const json::object* object = ownership.if_object()) {
    for (const auto& member : *object) {
      rows.push_back({std::string(member.key().data(), member.key().size()),
                      PercentOf(member.value())});
    }
  }
  PrintTable(rows);
  if (const json::array* owners = MemberOf(*page, "preference").if_array()) {
    std::string names;
    for (const json::value& owner : *owners) {
      absl::StrAppend(&names, names.empty() ? "" : ", ", TextOf(owner));
    }
    std::printf("\nowners of %s: %s\n", command.key.c_str(), names.c_str());
  }
  return kExitOk;
}

ExitCode RunKeys(const AdminCommand& command) {
  uint32_t left = command.limit;
  std::string cursor;
  while (true) {
    const uint32_t want =
        command.limit == 0 ? kPageMax : std::min(left, kPageMax);
    std::string target = absl::StrCat("/admin/keys?limit=", want);
    if (!command.prefix.empty()) {
      absl::StrAppend(&target, "&prefix=", PercentEncode(command.prefix));
    }
    if (!cursor.empty()) absl::StrAppend(&target, "&cursor=", cursor);
    std::optional<json::value> page;
    const ExitCode code = Fetch(command, target, &page);
    if (!page.has_value()) return code;
    const json::array* keys = MemberOf(*page, "keys").if_array();
    if (keys == nullptr) return kExitUnexpected;
    for (const json::value& key : *keys) PrintKeyOf(key);
    if (!MemberOf(*page, "cursor").is_string()) return kExitOk;
    cursor = TextOf(MemberOf(*page, "cursor"));
    left -= std::min(left, static_cast<uint32_t>(keys->size()));
    if (command.limit != 0 && left == 0) return kExitOk;
  }
}

ExitCode RunStats(const AdminCommand& command) {
  std::optional<json::value> page;
  const ExitCode code = Fetch(command, "/admin/stats", &page);
  if (!page.has_value()) return code;
  std::vector<std::vector<std::string>> rows = {{"STATISTIC", "VALUE"}};
  AddRows("", *page, &rows);
  PrintTable(rows);
  return kExitOk;
}

ExitCode RunInspectKey(const AdminCommand& command) {
  std::optional<json::value> page;
  const ExitCode code =
      Fetch(command,
            absl::StrCat("/admin/key?key=", PercentEncode(command.key)), &page);
  if (!page.has_value()) return code;
  const json::value& agree = MemberOf(*page, "agree");
  std::printf("token %s, ring epoch %s, owners %s\n\n",
              TextOf(MemberOf(*page, "token")).c_str(),
              TextOf(MemberOf(*page, "epoch")).c_str(),
              agree.is_bool() && agree.get_bool() ? "agree" : "do not agree");
  std::vector<std::vector<std::string>> rows = {
      {"OWNER", "ANSWER", "VERSION", "IS", "DOT", "CHECKSUM"}};
  AddCopies(MemberOf(*page, "owners"), "", &rows);
  AddCopies(MemberOf(*page, "hints"), "hints at ", &rows);
  PrintTable(rows);
  return kExitOk;
}

ExitCode RunCompact(const AdminCommand& command) {
  return RunTask(command, "compact", "compaction");
}

ExitCode RunScrub(const AdminCommand& command) {
  return RunTask(command, "scrub", "scrub");
}

ExitCode RunSnapshot(const AdminCommand& command) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/admin/snapshot";
  if (command.name.has_value()) {
    absl::StrAppend(&request.target, "?name=", PercentEncode(*command.name));
  }
  std::optional<json::value> page;
  const ExitCode code = Fetch(command, request, &page);
  if (!page.has_value()) return code;
  std::printf("snapshot %s: %s files, %s bytes, in %s of the data directory\n",
              TextOf(MemberOf(*page, "name")).c_str(),
              TextOf(MemberOf(*page, "files")).c_str(),
              TextOf(MemberOf(*page, "bytes")).c_str(),
              TextOf(MemberOf(*page, "path")).c_str());
  return kExitOk;
}

}  // namespace orrery
