#include "node/inspect_file.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "core/base/coding.h"
#include "core/hint/hint_record.h"
#include "core/storage/store_disk.h"
#include "node/inspect_data_file.h"
#include "node/inspect_data_verdict.h"
#include "node/inspect_identity.h"
#include "node/inspect_index_snapshot.h"
#include "node/inspect_manifest.h"

namespace orrery {
namespace {

std::string NameIn(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

void InspectLoneData(const InspectedPath& at, InspectContext& context) {
  // Of which store it is, nothing in it says.
  std::error_code error;
  const auto whole = std::filesystem::weakly_canonical(at.path, error);
  const bool is_hints = whole.parent_path().filename() == "hints";
  const DataFileLook look =
      LookAtDataFile(at,
                     {.listed = {},
                      .storage = {},
                      .id = StoreDisk::DataIdOf(NameIn(at.path)),
                      .is_hints = is_hints,
                      .key_bytes_max = kKeyBytesMax + kHintKeyPrefixBytes},
                     context);
  ReportDataFile(at, look, "by itself", context);
  JudgeAlone(at, look, context);
}

void InspectLoneManifest(const InspectedPath& at, InspectContext& context) {
  InspectManifest(at, StoreDisk::ManifestGenerationOf(NameIn(at.path)),
                  context);
}

void InspectLoneIdentity(const InspectedPath& at, InspectContext& context) {
  InspectIdentity(at, context);
}

void InspectLoneRing(const InspectedPath& at, InspectContext& context) {
  InspectRing(at, std::nullopt, context);
}

void InspectLoneIndex(const InspectedPath& at, InspectContext& context) {
  InspectIndexSnapshot(at,
                       {.id = StoreDisk::IndexIdOf(NameIn(at.path)),
                        .storage = {},
                        .listed = {}},
                       context);
}

struct FileKind {
  FileMagic magic;
  bool (*has_name)(std::string_view name);
  void (*inspect)(const InspectedPath& at, InspectContext& context);
};

constexpr std::array<FileKind, 5> kFileKinds = {{
    {FileMagic::kData,
     [](std::string_view name) {
       return StoreDisk::DataIdOf(name).has_value();
     },
     InspectLoneData},
    {FileMagic::kManifest,
     [](std::string_view name) {
       return StoreDisk::ManifestGenerationOf(name).has_value();
     },
     InspectLoneManifest},
    {FileMagic::kIndex,
     [](std::string_view name) {
       return StoreDisk::IndexIdOf(name).has_value();
     },
     InspectLoneIndex},
    {FileMagic::kIdentity,
     [](std::string_view name) { return name == "IDENTITY"; },
     InspectLoneIdentity},
    {FileMagic::kRing, [](std::string_view name) { return name == "RING"; },
     InspectLoneRing},
}};

const FileKind* KindOf(const InspectedPath& at, const ByteBuffer& first) {
  // The first slot of IDENTITY may be empty; its name tells.
  const std::string name = NameIn(at.path);
  for (const FileKind& kind : kFileKinds) {
    if (kind.has_name(name)) return &kind;
  }
  if (first.size() < sizeof(uint64_t)) return nullptr;
  for (const FileKind& kind : kFileKinds) {
    if (LoadU64(first.data()) == static_cast<uint64_t>(kind.magic)) {
      return &kind;
    }
  }
  return nullptr;
}

}  // namespace

bool InspectFile(const InspectedPath& at, InspectContext& context) {
  std::optional<ByteBuffer> first;
  {
    const std::optional<ReadOnlyFile> file = context.Open(at);
    if (!file.has_value()) return true;
    first = context.Read(at, *file, 0, sizeof(uint64_t));
  }
  const FileKind* kind = KindOf(at, first.value_or(ByteBuffer()));
  if (kind == nullptr) return !first.has_value();
  kind->inspect(at, context);
  return true;
}

}  // namespace orrery
