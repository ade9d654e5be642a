#include "node/inspect_context.h"

#include <algorithm>
#include <utility>

#include "core/storage/store_disk.h"

namespace orrery {

InspectedPath InspectedPath::Child(std::string_view child) const {
  const std::string below(child);
  return {path + "/" + below, name == "." ? below : name + "/" + below};
}

void InspectContext::Note(const InspectedPath& at, std::string what) {
  report.Add(
      {.kind = Finding::Kind::kNote, .file = at.name, .what = std::move(what)});
}

void InspectContext::Damage(const InspectedPath& at, const ByteSpan& place,
                            std::string what) {
  report.Add({.kind = Finding::Kind::kDamage,
              .file = at.name,
              .offset = place.from,
              .bytes = place.size,
              .what = std::move(what)});
}

void InspectContext::OtherFormat(const InspectedPath& at,
                                 const FileFormat& format) {
  report.Add({.kind = Finding::Kind::kOtherFormat,
              .file = at.name,
              .what = NewerFormatText(at.name, format)});
}

void InspectContext::Unreadable(const InspectedPath& at, const ByteSpan& place,
                                const absl::Status& why) {
  std::string_view what(why.message().data(), why.message().size());
  if (what.starts_with(at.path)) {
    what.remove_prefix(at.path.size());
    what.remove_prefix(std::min(what.find_first_not_of(": "), what.size()));
  }
  report.Add({.kind = Finding::Kind::kUnreadable,
              .file = at.name,
              .offset = place.from,
              .bytes = place.size,
              .what = std::string(what)});
}

std::optional<ReadOnlyFile> InspectContext::Open(const InspectedPath& at) {
  absl::StatusOr<ReadOnlyFile> file = ReadOnlyFile::Open(at.path);
  if (file.ok()) return *std::move(file);
  Unreadable(at, {}, file.status());
  return std::nullopt;
}

std::optional<ByteBuffer> InspectContext::Read(const InspectedPath& at,
                                               const ReadOnlyFile& file,
                                               uint64_t offset,
                                               uint64_t length) {
  absl::StatusOr<ByteBuffer> bytes = file.Read(offset, length);
  if (bytes.ok()) return *std::move(bytes);
  Unreadable(at, {offset, length}, bytes.status());
  return std::nullopt;
}

std::optional<ByteBuffer> InspectContext::ReadAll(const InspectedPath& at,
                                                  const ReadOnlyFile& file,
                                                  uint64_t bytes_max) {
  return Read(at, file, 0, std::min(file.size(), bytes_max));
}

std::string HexText(uint64_t value) { return StoreDisk::Hex(value); }

std::string HexText(const Id128& id) { return HexText(id.hi) + HexText(id.lo); }

}  // namespace orrery
