#include "sim/disk_census.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/coding.h"
#include "core/base/invariant.h"
#include "core/protocol/limits.h"
#include "core/storage/header_block.h"
#include "core/storage/record.h"
#include "core/storage/segment_scan.h"
#include "core/storage/store_disk.h"

namespace orrery::sim {
namespace {

constexpr size_t kSaltAt = 56;
constexpr std::string_view kUserStore = "shard-0000/";
constexpr std::string_view kHintStore = "shard-0000/hints/";

void Take(const SegmentScan::Item& item, Census* census) {
  if (item.kind != SegmentScan::Item::Kind::kRecord) return;
  const RecordView view = ViewRecord(item.header, item.record);
  if (!item.header.IsControl()) {
    census->records.push_back({.key = std::string(TextOf(view.key)),
                               .timestamp = item.header.timestamp,
                               .seq = item.header.seq,
                               .offset = item.from,
                               .bytes = item.header.body_bytes()});
    return;
  }
  const std::optional<Watermark> watermark = DecodeWatermark(view.value);
  if (!watermark.has_value()) return;
  census->durable =
      std::max(census->durable.value_or(LogPlace{}), watermark->durable);
}

}  // namespace

uint64_t SaltOfFile(std::string_view contents) {
  if (contents.size() < kHeaderBlockBytes) return 0;
  return LoadU64(ViewOf(contents).data() + kSaltAt);
}

Census CensusOfWrite(uint64_t salt, uint64_t offset, std::string_view bytes) {
  Census census;
  if (offset % kRecordAlign != 0) return census;
  SegmentScan scan({.salt = salt,
                    .from = offset,
                    .upto = offset + bytes.size(),
                    // A hint's key is its target's storage id and the key.
                    .key_bytes_max = kKeyBytesMax + kHintKeyPrefixBytes,
                    .piece_bytes = bytes.size() + 1});
  bool is_fed = false;
  SegmentScan::Item item;
  while (true) {
    if (scan.Next(&item)) {
      Take(item, &census);
      continue;
    }
    if (scan.IsDone()) return census;
    scan.Feed(is_fed ? ByteView() : ViewOf(bytes));
    is_fed = true;
  }
}

Census CensusOfFile(std::string_view contents) {
  if (contents.size() < kHeaderBlockBytes) return {};
  return CensusOfWrite(SaltOfFile(contents), kHeaderBlockBytes,
                       contents.substr(kHeaderBlockBytes));
}

DiskTarget::Kind ClassOfPath(std::string_view path) {
  using Kind = DiskTarget::Kind;
  if (path.ends_with(".tmp")) path.remove_suffix(4);
  if (path == "IDENTITY") return Kind::kIdentity;
  if (path == "RING") return Kind::kRing;
  const bool in_hints = path.starts_with(kHintStore);
  if (!in_hints && !path.starts_with(kUserStore)) return Kind::kNone;
  path.remove_prefix(in_hints ? kHintStore.size() : kUserStore.size());
  if (StoreDisk::ManifestGenerationOf(path).has_value()) {
    return Kind::kManifest;
  }
  if (StoreDisk::IndexIdOf(path).has_value()) return Kind::kIndex;
  if (!StoreDisk::DataIdOf(path).has_value()) return Kind::kNone;
  return in_hints ? Kind::kHints : Kind::kData;
}

uint64_t FileIdOfPath(std::string_view path) {
  const std::optional<uint64_t> id =
      StoreDisk::DataIdOf(path.substr(path.rfind('/') + 1));
  ORRERY_INVARIANT(id.has_value());
  return *id;
}

}  // namespace orrery::sim
