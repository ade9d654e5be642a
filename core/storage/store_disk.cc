#include "core/storage/store_disk.h"

#include <utility>

namespace orrery {

namespace {

constexpr std::string_view kDataSuffix = ".data";
constexpr std::string_view kIndexSuffix = ".index";
constexpr std::string_view kManifestPrefix = "MANIFEST-";
constexpr size_t kHexDigits = 16;

std::optional<uint64_t> ParseHex(std::string_view text) {
  if (text.size() != kHexDigits) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    const bool is_digit = '0' <= c && c <= '9';
    const bool is_letter = 'a' <= c && c <= 'f';
    if (!is_digit && !is_letter) return std::nullopt;
    value =
        value << 4 | static_cast<uint64_t>(is_digit ? c - '0' : c - 'a' + 10);
  }
  return value;
}

std::optional<uint64_t> IdBefore(std::string_view suffix,
                                 std::string_view name) {
  if (!name.ends_with(suffix)) return std::nullopt;
  return ParseHex(name.substr(0, name.size() - suffix.size()));
}

}  // namespace

StoreDisk::StoreDisk(StoreId id, std::string directory)
    : id_(id), directory_(std::move(directory)) {}

std::string StoreDisk::Hex(uint64_t value) {
  std::string text(kHexDigits, '0');
  for (size_t i = kHexDigits; i > 0; --i, value >>= 4) {
    text[i - 1] = "0123456789abcdef"[value & 15];
  }
  return text;
}

std::string StoreDisk::PathOf(std::string_view name) const {
  std::string path = directory_;
  path += '/';
  path += name;
  return path;
}

std::string StoreDisk::DataName(uint64_t file_id) {
  return Hex(file_id) + std::string(kDataSuffix);
}

std::string StoreDisk::DataPath(uint64_t file_id) const {
  return PathOf(DataName(file_id));
}

std::string StoreDisk::ManifestName(uint64_t generation) {
  return std::string(kManifestPrefix) + Hex(generation);
}

std::string StoreDisk::IndexName(uint64_t file_id) {
  return Hex(file_id) + std::string(kIndexSuffix);
}

std::string StoreDisk::IndexPath(uint64_t file_id) const {
  return PathOf(IndexName(file_id));
}

std::string StoreDisk::ManifestPath(uint64_t generation) const {
  return PathOf(ManifestName(generation));
}

std::optional<uint64_t> StoreDisk::DataIdOf(std::string_view name) {
  return IdBefore(kDataSuffix, name);
}

std::optional<uint64_t> StoreDisk::IndexIdOf(std::string_view name) {
  return IdBefore(kIndexSuffix, name);
}

std::optional<uint64_t> StoreDisk::ManifestGenerationOf(std::string_view name) {
  if (!name.starts_with(kManifestPrefix)) return std::nullopt;
  return ParseHex(name.substr(kManifestPrefix.size()));
}

FileNumber StoreDisk::NumberOfSlot(uint16_t slot) const {
  const uint32_t base = id_ == StoreId::kUser ? 0x100000 : 0x200000;
  return {base + slot};
}

FileNumber StoreDisk::NumberOfManifest(uint64_t generation) const {
  const uint32_t base = id_ == StoreId::kUser ? 0x300000 : 0x400000;
  return {base + static_cast<uint32_t>(generation % 2)};
}

FileNumber StoreDisk::NumberOfScratch() const {
  return {id_ == StoreId::kUser ? 0x500000u : 0x600000u};
}

FileNumber StoreDisk::NumberOfIndexSnapshot() const {
  return {id_ == StoreId::kUser ? 0x700000u : 0x800000u};
}

FileNumber StoreDisk::NumberOfScrubbedIndex() const {
  return {id_ == StoreId::kUser ? 0x900000u : 0xa00000u};
}

void StoreDisk::Emit(const Operation& operation, DiskEffect effect,
                     Turn& turn) const {
  effect.token = {
      id_ == StoreId::kUser ? DiskOwner::kUserStore : DiskOwner::kHintStore,
      static_cast<uint8_t>(operation.part), operation.handle};
  effect.priority = operation.priority;
  turn.effects.disk.push_back(std::move(effect));
}

}  // namespace orrery
