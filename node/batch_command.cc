#include "node/batch_command.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "transport/http/base64.h"
#include "transport/http/batch_envelope.h"
#include "transport/http/batch_request.h"
#include "transport/http/json_writer.h"

namespace orrery {
namespace {

namespace json = boost::json;

struct BatchLine {
  std::string op;
  std::string key;
  std::string text;  // As it stands in the body of a request.
};

std::string_view TakeUpToSpace(std::string_view* line) {
  const size_t end = line->find(' ');
  const std::string_view word = line->substr(0, end);
  line->remove_prefix(end == std::string_view::npos ? line->size() : end + 1);
  return word;
}

// Empty, or what is wrong with the line.
std::string ReadBatchLine(std::string_view line, BatchLine* read) {
  const std::string_view verb = TakeUpToSpace(&line);
  read->key = TakeUpToSpace(&line);
  if (verb != "put" && verb != "get" && verb != "del") {
    return "it must be put KEY VALUE, get KEY or del KEY";
  }
  if (read->key.empty()) return "there is no key";
  if (verb != "put" && !line.empty()) {
    return "there is more behind the key, which may hold no space here";
  }
  read->op = verb == "del" ? "delete" : verb;
  JsonWriter writer(&read->text);
  writer.BeginObject().Member("op", read->op).TextOrBase64("key", read->key);
  if (verb == "put") writer.TextOrBase64("value", line);
  writer.EndObject();
  return "";
}

// False: it is said what is wrong.
bool ReadBatchLines(const std::string& path, std::vector<BatchLine>* lines) {
  std::ifstream file;
  if (path != "-") {
    file.open(path);
    if (!file.is_open()) {
      std::fprintf(stderr, "orrery: %s cannot be read\n", path.c_str());
      return false;
    }
  }
  std::istream& input = path == "-" ? std::cin : file;
  std::string line;
  for (size_t number = 1; std::getline(input, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    const std::string wrong = ReadBatchLine(line, &lines->emplace_back());
    if (wrong.empty()) continue;
    std::fprintf(stderr, "orrery: line %zu: %s\n", number, wrong.c_str());
    return false;
  }
  return true;
}

std::string MemberText(const json::object& result, const std::string& name) {
  const json::value* text = result.if_contains(name);
  if (text != nullptr && text->is_string()) {
    return std::string(text->get_string());
  }
  if (text != nullptr) return json::serialize(*text);
  const json::value* encoded = result.if_contains(name + "_base64");
  if (encoded == nullptr || !encoded->is_string()) return "";
  const auto bytes = DecodeBase64(std::string_view(
      encoded->get_string().data(), encoded->get_string().size()));
  return bytes.has_value() ? std::string(bytes->text()) : "";
}

ExitCode PrintResult(const BatchLine& line, const json::value& value,
                     bool as_json) {
  if (!value.is_object()) return kExitUnexpected;
  const json::object& result = value.get_object();
  const json::value* status = result.if_contains("status");
  if (status == nullptr || !status->is_int64()) return kExitUnexpected;
  const auto number = static_cast<int>(status->get_int64());
  std::string text;
  if (as_json) {
    text = json::serialize(result);
  } else {
    text = absl::StrCat(number, " ", line.op == "delete" ? "del" : line.op, " ",
                        line.key, " ",
                        MemberText(result, number != 200      ? "message"
                                           : line.op == "get" ? "value"
                                                              : "version"));
  }
  text.push_back('\n');
  std::fwrite(text.data(), 1, text.size(), stdout);
  return ExitCodeOfStatus(number);
}

// So many of the lines as one request may have, from `first` on.
size_t CountOfOneRequest(const std::vector<BatchLine>& lines, size_t first) {
  size_t bytes = 1024;  // What stands around them.
  size_t last = first;
  while (last < lines.size() && last - first < kBatchOperationsMax) {
    bytes += lines[last].text.size() + 1;
    if (last > first && bytes > kBatchBodyBytesMax) break;
    ++last;
  }
  return last - first;
}

// None: there was no answer, and it is said.
std::optional<ExitCode> SendSome(const BatchCommand& command,
                                 const std::vector<BatchLine>& lines,
                                 size_t first, size_t count, ExitCode* failed) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/kv:batch";
  if (!command.consistency.empty()) {
    absl::StrAppend(&request.target,
                    "?consistency=", PercentEncode(command.consistency));
  }
  request.headers = {{"Content-Type", "application/json"}};
  request.body = "{\"operations\":[";
  for (size_t i = first; i < first + count; ++i) {
    absl::StrAppend(&request.body, i == first ? "" : ",", lines[i].text);
  }
  request.body += "]}";
  HttpResponse response;
  *failed = Exchange(command.client, request, &response);
  if (*failed != kExitOk) return std::nullopt;
  boost::system::error_code error;
  const json::value parsed = json::parse(response.body, error);
  const json::value* results =
      error ? nullptr : parsed.find_pointer("/results", error);
  if (results == nullptr || !results->is_array() ||
      results->get_array().size() != count) {
    std::fprintf(stderr, "orrery: that is no answer to a batch\n");
    *failed = kExitUnexpected;
    return std::nullopt;
  }
  ExitCode worst = kExitOk;
  for (size_t i = 0; i < count; ++i) {
    worst =
        std::max(worst, PrintResult(lines[first + i], results->get_array()[i],
                                    command.client.json));
  }
  return worst;
}

}  // namespace

ExitCode RunBatch(const BatchCommand& command) {
  std::vector<BatchLine> lines;
  if (!ReadBatchLines(command.path, &lines)) return kExitUsage;
  ExitCode worst = kExitOk;
  for (size_t first = 0; first < lines.size();) {
    const size_t count = CountOfOneRequest(lines, first);
    ExitCode failed = kExitOk;
    const std::optional<ExitCode> done =
        SendSome(command, lines, first, count, &failed);
    if (!done.has_value()) {
      std::fprintf(stderr,
                   "orrery: without an answer: operations %zu to %zu; not "
                   "sent: what follows\n",
                   first + 1, first + count);
      return std::max(worst, failed);
    }
    worst = std::max(worst, *done);
    first += count;
  }
  return worst;
}

}  // namespace orrery
