#include "node/inspect_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/hint/hint_record.h"
#include "core/storage/store_disk.h"
#include "node/directory_names.h"
#include "node/inspect_data_file.h"
#include "node/inspect_data_verdict.h"
#include "node/inspect_index_snapshot.h"
#include "node/inspect_manifest.h"

namespace orrery {
namespace {

class StoreInspector {
 public:
  StoreInspector(const InspectedPath& at, bool is_hints,
                 std::optional<StorageId> storage, InspectContext& context)
      : at_(at), is_hints_(is_hints), storage_(storage), context_(context) {}

  void Run() {
    absl::StatusOr<std::vector<std::string>> names = DirectoryNames(at_.path);
    if (!names.ok()) {
      return context_.Unreadable(at_, {}, names.status());
    }
    names_ = *std::move(names);
    for (const std::string& name : names_) {
      const auto generation = StoreDisk::ManifestGenerationOf(name);
      if (generation.has_value()) {
        generation_ = std::max(generation_, *generation);
      }
      if (const auto id = StoreDisk::DataIdOf(name)) ids_.push_back(*id);
    }
    if (generation_ == 0) {
      InspectWithoutManifest();
    } else {
      InspectByManifest();
    }
    NameTheRest();
  }

 private:
  void InspectWithoutManifest() {
    if (!ids_.empty()) {
      context_.Damage(at_, {},
                      "there are data files and no manifest: recovery will "
                      "take all of them, and all is in doubt");
    }
    for (const uint64_t id : ids_) InspectAlone(id);
  }

  void InspectByManifest() {
    const std::optional<DecodedManifest> manifest = InspectManifest(
        at_.Child(absl::StrCat("MANIFEST-", StoreDisk::Hex(generation_))),
        generation_, context_);
    if (!manifest.has_value()) {
      for (const uint64_t id : ids_) InspectAlone(id);
      return;
    }
    if (!storage_.has_value()) storage_ = manifest->header.storage;
    if (manifest->header.storage != *storage_) {
      context_.Damage(at_, {},
                      "the manifest names another storage id than IDENTITY");
    }
    state_ = manifest->state;
    has_state_ = true;
    for (const auto& [id, listed] : state_.files) LookAtListed(listed);
    JudgeTails();
    TellOfDoubt();
    for (const uint64_t id : ids_) {
      if (!state_.files.contains(id)) InspectUnlisted(id);
    }
  }

  InspectedPath DataPath(uint64_t id) const {
    return at_.Child(absl::StrCat(StoreDisk::Hex(id), ".data"));
  }

  DataFileOptions OptionsOf(uint64_t id) const {
    return {
        .listed = {},
        .storage = storage_,
        .id = id,
        .is_hints = is_hints_,
        .key_bytes_max = kKeyBytesMax + (is_hints_ ? kHintKeyPrefixBytes : 0)};
  }

  void InspectAlone(uint64_t id) {
    const InspectedPath path = DataPath(id);
    const DataFileLook look = LookAtDataFile(path, OptionsOf(id), context_);
    ReportDataFile(path, look, "unlisted", context_);
    JudgeAlone(path, look, context_);
  }

  // Whatever is in it, nothing of it counts.
  void InspectUnlisted(uint64_t id) {
    const InspectedPath path = DataPath(id);
    const std::optional<ReadOnlyFile> file = context_.Open(path);
    if (!file.has_value()) return;
    context_.report.AddFile({.path = path.name,
                             .kind = "data",
                             .size = file->size(),
                             .facts = {{"state", "unlisted"}}});
    context_.Note(path,
                  "not in the manifest: holds nothing acknowledged, and is "
                  "removed at the next start");
  }

  void LookAtListed(const ManifestFile& listed) {
    const InspectedPath path = DataPath(listed.id);
    const bool is_there =
        std::find(ids_.begin(), ids_.end(), listed.id) != ids_.end();
    if (!is_there) {
      const size_t bytes = listed.sealed ? listed.length : 0;
      context_.Damage(path, {0, bytes}, "the manifest lists it: missing");
      RecoveredFile missing;
      missing.listed = listed;
      missing.is_missing = true;
      if (!listed.sealed) tails_[listed.id].seen = missing;
      return;
    }
    DataFileOptions options = OptionsOf(listed.id);
    options.listed = listed;
    DataFileLook look = LookAtDataFile(path, options, context_);
    std::string state = listed.sealed ? "sealed" : "not sealed";
    if (listed.poison_offset.has_value()) {
      absl::StrAppend(&state, ", poisoned at ", *listed.poison_offset);
    }
    ReportDataFile(path, look, std::move(state), context_);
    NoteDurable(look);
    if (!look.was_scanned) return;
    if (listed.sealed) {
      JudgeListedSealed(path, look, state_.damages, context_);
    } else {
      tails_[listed.id] = std::move(look);
    }
  }

  void NoteDurable(const DataFileLook& look) {
    durable_ = std::max(durable_, look.seen.durable.value_or(LogPlace{}));
  }

  // In order of their ids: in synced mode nothing behind a cut file counts.
  void JudgeTails() {
    TailJudge judge(durable_);
    for (auto& [id, look] : tails_) {
      const FileVerdict verdict = judge.Judge(look.seen);
      if (look.seen.is_missing) continue;
      JudgeTail(DataPath(id), look, verdict, context_);
    }
  }

  void TellOfDoubt() {
    for (const DamageRange& range : state_.damages) {
      if (range.state != DamageRange::State::kOpen) continue;
      context_.Note(DataPath(range.file),
                    absl::StrCat("the manifest knows of damage at ", range.from,
                                 " that is not repaired"));
    }
    if (state_.suspect.intervals.empty()) return;
    context_.Note(
        at_, absl::StrCat(state_.suspect.intervals.size(),
                          " intervals of tokens are in doubt: ",
                          is_hints_ ? "writes held for absent owners may be "
                                      "missing, which costs no read vote"
                                    : "they cast no read vote until they are "
                                      "compared with other owners"));
  }

  void NameTheRest() {
    for (const std::string& name : names_) {
      if (StoreDisk::DataIdOf(name).has_value()) continue;
      if (name == "hints" || name == "snapshots") continue;
      const InspectedPath path = at_.Child(name);
      const auto generation = StoreDisk::ManifestGenerationOf(name);
      if (generation == generation_) continue;
      if (generation.has_value()) {
        context_.Note(path, "an older manifest: removed at the next start");
      } else if (name.ends_with(".tmp")) {
        context_.Note(path, "was not finished: removed at the next start");
      } else if (name == "quarantine") {
        NameQuarantine(path);
      } else if (const auto id = StoreDisk::IndexIdOf(name)) {
        InspectIndexOf(*id, path);
      } else {
        context_.Note(path, "no file of a store");
      }
    }
  }

  void InspectIndexOf(uint64_t id, const InspectedPath& path) {
    if (!has_state_) {
      return context_.Note(path,
                           "not compared: the manifest, which says what it is "
                           "of, cannot be read");
    }
    const auto listed = state_.files.find(id);
    if (listed == state_.files.end() || !listed->second.sealed) {
      return context_.Note(path,
                           "of a data file that is not sealed or not listed: "
                           "removed at the next start");
    }
    InspectIndexSnapshot(
        path, {.id = id, .storage = storage_, .listed = listed->second},
        context_);
  }

  void NameQuarantine(const InspectedPath& path) {
    const absl::StatusOr<std::vector<std::string>> names =
        DirectoryNames(path.path);
    if (!names.ok()) {
      return context_.Unreadable(path, {}, names.status());
    }
    for (const std::string& name : *names) {
      const InspectedPath copy = path.Child(name);
      const std::optional<ReadOnlyFile> file = context_.Open(copy);
      if (!file.has_value()) continue;
      context_.report.AddFile({.path = copy.name,
                               .kind = "quarantine",
                               .size = file->size(),
                               .facts = {}});
    }
  }

  const InspectedPath& at_;
  const bool is_hints_;
  std::optional<StorageId> storage_;
  InspectContext& context_;
  std::vector<std::string> names_;
  std::vector<uint64_t> ids_;
  uint64_t generation_ = 0;
  ManifestState state_;
  bool has_state_ = false;  // It was read.
  LogPlace durable_;
  std::map<uint64_t, DataFileLook> tails_;
};

}  // namespace

bool IsStore(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return StoreDisk::DataIdOf(name).has_value() ||
           StoreDisk::ManifestGenerationOf(name).has_value();
  });
}

void InspectStore(const InspectedPath& at, bool is_hints,
                  std::optional<StorageId> storage, InspectContext& context) {
  StoreInspector(at, is_hints, storage, context).Run();
}

}  // namespace orrery
