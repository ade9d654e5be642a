#include "node/inspect_directory.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "node/directory_names.h"
#include "node/inspect_identity.h"
#include "node/inspect_store.h"

namespace orrery {
namespace {

constexpr std::string_view kUserStore = "shard-0000";

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Whatever the system says of it, or nothing.
std::vector<std::string> NamesIn(const InspectedPath& at,
                                 InspectContext& context) {
  absl::StatusOr<std::vector<std::string>> names = DirectoryNames(at.path);
  if (names.ok()) return *std::move(names);
  context.Unreadable(at, {}, names.status());
  return {};
}

void InspectStores(const InspectedPath& at,
                   const std::optional<Identity>& identity,
                   InspectContext& context) {
  std::optional<StorageId> storage;
  if (identity.has_value()) storage = identity->storage;
  const InspectedPath user = at.Child(kUserStore);
  InspectStore(user, /*is_hints=*/false, storage, context);
  // What the system says of it was told just now.
  const auto names = DirectoryNames(user.path);
  if (names.ok() && Contains(*names, "hints")) {
    InspectStore(user.Child("hints"), /*is_hints=*/true, storage, context);
  }
}

// Whoever asks holds it by now (LockOf).
void InspectLock(const InspectedPath& at, InspectContext& context) {
  const std::optional<ReadOnlyFile> file = context.Open(at);
  if (!file.has_value()) return;
  context.report.AddFile({.path = at.name,
                          .kind = "lock",
                          .size = file->size(),
                          .facts = {{"held_by", "no node"}}});
}

void NameTheRest(const InspectedPath& at, const std::vector<std::string>& names,
                 InspectContext& context) {
  for (const std::string& name : names) {
    if (absl::StartsWith(name, "shard-0000.lost-")) {
      context.Note(at.Child(name),
                   "data whose IDENTITY was unreadable, set aside at a start");
    } else if (name == "RING.tmp") {
      context.Note(at.Child(name), "was not finished, and is written over");
    }
  }
}

}  // namespace

bool IsDataDirectory(const std::vector<std::string>& names) {
  return Contains(names, "IDENTITY") || Contains(names, kUserStore);
}

absl::StatusOr<std::optional<ReadOnlyFile>> LockOf(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path at = fs::weakly_canonical(path, error);
  // The directory, a store, the hints store, a file in that.
  for (int level = 0; level < 4 && !error; ++level, at = at.parent_path()) {
    const fs::path lock = at / "LOCK";
    if (!fs::is_regular_file(lock, error)) {
      error.clear();
      // A data directory that nobody runs on: a snapshot or a copy, whose
      // files do not change, whatever holds the directory that it lies in.
      if (fs::is_regular_file(at / "IDENTITY", error)) break;
      error.clear();
      continue;
    }
    absl::StatusOr<ReadOnlyFile> file = ReadOnlyFile::Open(lock.string());
    if (!file.ok()) return file.status();
    if (!file->TryLock()) {
      return absl::FailedPreconditionError(
          absl::StrCat(at.string(),
                       " is in use by a running node: its files change while "
                       "they are read. Stop the node, or look at a copy"));
    }
    return std::optional<ReadOnlyFile>(*std::move(file));
  }
  return std::optional<ReadOnlyFile>();
}

void InspectDirectory(const InspectedPath& at, InspectContext& context) {
  const std::vector<std::string> names = NamesIn(at, context);
  if (Contains(names, "LOCK")) InspectLock(at.Child("LOCK"), context);
  std::optional<Identity> identity;
  if (Contains(names, "IDENTITY")) {
    identity = InspectIdentity(at.Child("IDENTITY"), context);
  } else {
    context.Damage(at.Child("IDENTITY"), {},
                   "missing: the next start sets the data aside and begins as "
                   "a new replica");
  }
  if (Contains(names, "RING")) {
    InspectRing(at.Child("RING"), identity, context);
  } else if (identity.has_value() && !identity->cluster.IsZero()) {
    context.Damage(at.Child("RING"), {},
                   "missing, though IDENTITY names a cluster: the next start "
                   "asks its peers for the ring");
  }
  if (Contains(names, kUserStore)) InspectStores(at, identity, context);
  NameTheRest(at, names, context);
}

}  // namespace orrery
