#include "node/inspect_command.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "node/directory_names.h"
#include "node/inspect_context.h"
#include "node/inspect_directory.h"
#include "node/inspect_file.h"
#include "node/inspect_records.h"
#include "node/inspect_store.h"
#include "node/printable.h"

namespace orrery {
namespace {

ExitCode Refuse(ExitCode code, const std::string& why) {
  std::fprintf(stderr, "orrery: %s\n", why.c_str());
  return code;
}

// Why a path is not looked at.
std::string WhyNotOurs(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  if (name == "LOCK" || name == "RESERVE") {
    return Printable(path) +
           " holds no data: there is nothing in it to look at";
  }
  return Printable(path) +
         " is neither a data directory, nor a store, nor one of their files";
}

uint64_t SizeOf(const std::filesystem::path& path) {
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

// Of the data files: all else is small.
uint64_t DataBytesIn(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  uint64_t bytes = 0;
  fs::recursive_directory_iterator at(path, error);
  const fs::recursive_directory_iterator end;
  while (!error && at != end) {
    if (at->path().extension() == ".data") bytes += SizeOf(at->path());
    at.increment(error);
  }
  return bytes;
}

// False: it is nothing of a node's.
bool InspectPath(const std::string& path, bool is_directory,
                 InspectContext& context) {
  context.progress.Expect(is_directory ? DataBytesIn(path) : SizeOf(path));
  if (!is_directory) return InspectFile({path, path}, context);
  const absl::StatusOr<std::vector<std::string>> names = DirectoryNames(path);
  if (!names.ok()) {
    context.Unreadable({path, path}, {}, names.status());
    return true;
  }
  const InspectedPath root{path, "."};
  if (IsDataDirectory(*names)) {
    InspectDirectory(root, context);
    return true;
  }
  if (!IsStore(*names)) return false;
  std::error_code error;
  const auto whole = std::filesystem::weakly_canonical(path, error);
  InspectStore(root, whole.filename() == "hints", std::nullopt, context);
  return true;
}

void Print(const InspectCommand& command, RecordPrinter* records,
           InspectContext& context) {
  context.progress.Clear();
  if (records != nullptr) records->Finish();
  if (command.json) {
    std::printf("%s%s}\n", records == nullptr ? "{" : "",
                context.report.JsonMembers().c_str());
  } else {
    std::printf("%s", context.report.Text().c_str());
  }
  std::fflush(stdout);
}

}  // namespace

ExitCode RunInspect(const InspectCommand& command) {
  std::optional<std::string> key;
  if (command.key.has_value()) {
    key = FromPrintable(*command.key);
    if (!key.has_value()) {
      return Refuse(kExitUsage,
                    "--key: a backslash begins \\\\ or \\xNN (two hex digits)");
    }
  }
  std::error_code error;
  const auto status = std::filesystem::status(command.path, error);
  if (!std::filesystem::exists(status)) {
    return Refuse(kExitUnexpected,
                  Printable(command.path) + ": " +
                      (error ? error.message() : "no such file or directory"));
  }
  const auto lock = LockOf(command.path);
  if (!lock.ok()) {
    return Refuse(kExitUnexpected,
                  Printable(std::string(lock.status().message())));
  }
  InspectContext context;
  std::unique_ptr<RecordPrinter> records;
  if (command.records || key.has_value()) {
    records = std::make_unique<RecordPrinter>(
        RecordPrinter::Options{.json = command.json, .key = std::move(key)},
        context.progress);
    context.records = records.get();
  }
  const bool is_ours =
      InspectPath(command.path, std::filesystem::is_directory(status), context);
  if (!is_ours) {
    return Refuse(kExitUsage, WhyNotOurs(command.path));
  }
  Print(command, records.get(), context);
  return context.report.IsWhole() ? kExitOk : kExitUnexpected;
}

}  // namespace orrery
