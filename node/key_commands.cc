#include "node/key_commands.h"

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

std::string ReadStdin() {
  std::string text;
  std::array<char, 64 << 10> part;
  size_t count = 0;
  while ((count = std::fread(part.data(), 1, part.size(), stdin)) > 0) {
    text.append(part.data(), count);
  }
  return text;
}

std::string TargetOf(const KeyCommand& command, bool raw) {
  std::string target = absl::StrCat("/kv/", PercentEncode(command.key));
  char separator = '?';
  if (raw) {
    target += "?raw";
    separator = '&';
  }
  if (!command.consistency.empty()) {
    target += separator;
    absl::StrAppend(&target,
                    "consistency=", PercentEncode(command.consistency));
    separator = '&';
  }
  if (command.siblings) {
    target += separator;
    target += "siblings=true";
    separator = '&';
  }
  if (command.quorum_stamp) {
    target += separator;
    target += "stamp=quorum";
  }
  return target;
}

void PrintBytes(const std::string& bytes) {
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
}

std::string VersionOf(const HttpResponse& response) {
  std::string_view tag = response.Header("ETag");
  if (tag.starts_with('"')) tag.remove_prefix(1);
  if (tag.ends_with('"')) tag.remove_suffix(1);
  return std::string(tag);
}

ExitCode RunWrite(const KeyCommand& command, HttpRequest request) {
  if (!command.context.empty()) {
    request.headers.emplace_back("X-Causal-Context", command.context);
  }
  request.try_next = TryNext::kRefused;
  HttpResponse response;
  const ExitCode code = Exchange(command.client, request, &response);
  if (command.client.json) {
    PrintBytes(response.body);
  } else if (code == kExitOk) {
    std::printf("ok  version %s\n", VersionOf(response).c_str());
  }
  return code;
}

}  // namespace

ExitCode RunPut(const KeyCommand& command) {
  HttpRequest request;
  request.method = "PUT";
  request.target = TargetOf(command, true);
  request.headers = {{"Content-Type", "application/octet-stream"}};
  request.body = command.value.has_value() ? *command.value : ReadStdin();
  return RunWrite(command, request);
}

ExitCode RunDelete(const KeyCommand& command) {
  HttpRequest request;
  request.method = "DELETE";
  request.target = TargetOf(command, false);
  return RunWrite(command, request);
}

ExitCode RunGet(const KeyCommand& command) {
  HttpRequest request;
  request.target = TargetOf(command, !command.client.json);
  request.try_next = TryNext::kAlways;
  HttpResponse response;
  const ExitCode code = Exchange(command.client, request, &response);
  const bool shows = code == kExitOk || command.client.json;
  if (shows) PrintBytes(response.body);
  if (shows && !command.raw && !command.client.json) std::printf("\n");
  const std::string_view siblings = response.Header("X-Siblings");
  if (code == kExitOk && !siblings.empty() && !command.client.json) {
    std::fprintf(stderr,
                 "orrery: one of %s concurrent values; -o json shows all, and "
                 "the context that replaces them\n",
                 std::string(siblings).c_str());
  }
  return code;
}

}  // namespace orrery
