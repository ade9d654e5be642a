// Faults of the disk that no error tells of.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/hash.h"
#include "sim/history.h"
#include "sim/sim_disk.h"
#include "sim/weather.h"

namespace orrery::sim {
namespace {

constexpr uint64_t kAlignment = kPageBytes;

std::vector<StoredRecord> RecordsAt(const Census& census, uint64_t from,
                                    uint64_t upto) {
  std::vector<StoredRecord> met;
  for (const StoredRecord& record : census.records) {
    if (record.Meets(from, upto)) met.push_back(record);
  }
  return met;
}

// What can be hit of a file.  Of an index snapshot not the zeros behind its
// last row: most of a small one.
uint64_t BytesToHit(DiskTarget::Kind of, const FileImage& image) {
  if (of != DiskTarget::Kind::kIndex) return image.size();
  return image.Contents().find_last_not_of('\0') + 1;
}

}  // namespace

// In order of name.
std::vector<std::string> SimDisk::PathsOf(DiskTarget::Kind of) const {
  std::vector<std::string> paths;
  for (const std::string_view directory :
       {"", "shard-0000", "shard-0000/hints"}) {
    if (!tree_.IsDirectory(directory)) continue;
    for (const std::string& name : tree_.List(directory)) {
      std::string path(directory);
      if (!path.empty()) path += "/";
      path += name;
      if (ClassOfPath(path) == of) paths.push_back(std::move(path));
    }
  }
  return paths;
}

std::optional<SimDisk::Spot> SimDisk::SpotOf(const DiskStep& step) {
  if (step.of.kind == DiskTarget::Kind::kKey) return SpotOfKey(step);
  const std::vector<std::string> paths = PathsOf(step.of.kind);
  uint64_t total = 0;
  for (const std::string& path : paths) {
    total += BytesToHit(step.of.kind, InodeNumber(*tree_.Find(path)).image);
  }
  uint64_t offset = total * step.at / kThousandths;
  for (const std::string& path : paths) {
    Inode& inode = InodeNumber(*tree_.Find(path));
    const uint64_t bytes = BytesToHit(step.of.kind, inode.image);
    if (offset < bytes) return Spot{path, &inode, offset};
    offset -= bytes;
  }
  return std::nullopt;
}

// In the newest record of the key.
std::optional<SimDisk::Spot> SimDisk::SpotOfKey(const DiskStep& step) {
  const std::string key = KeyText(step.of.key);
  std::optional<Spot> spot;
  uint64_t newest = 0;
  for (const std::string& path : PathsOf(DiskTarget::Kind::kData)) {
    Inode& inode = InodeNumber(*tree_.Find(path));
    for (const StoredRecord& record :
         CensusOfFile(inode.image.Contents()).records) {
      if (record.key != key || record.seq < newest) continue;
      newest = record.seq;
      spot = Spot{path, &inode,
                  record.offset + record.bytes * step.at / kThousandths};
    }
  }
  return spot;
}

// Whether it may; then it counts.
bool SimDisk::Strikes(Struck struck) {
  if (judge_ != nullptr && !judge_->Permits(options_.node, struck)) {
    tally_.Count("fault.refused_by_budget");
    return false;
  }
  ++lies_;
  struck_.push_back(std::move(struck));
  return true;
}

void SimDisk::Rot(const DiskStep& step) {
  const std::optional<Spot> spot = SpotOf(step);
  if (!spot.has_value()) return;
  FileImage& image = spot->inode->image;
  if (!image.IsAtRest(spot->offset, 1)) return;
  const Census census = CensusOfFile(image.Contents());
  const bool strikes =
      Strikes({.how = step.kind,
               .path = spot->path,
               .offset = spot->offset,
               .records = RecordsAt(census, spot->offset, spot->offset + 1)});
  if (!strikes) return;
  tally_.Count("fault.rot");
  std::string byte(image.Read(spot->offset, 1).text());
  const uint64_t fate =
      Fate(options_.seed, Lot::kRot, options_.node, spot->offset);
  byte[0] = static_cast<char>(byte[0] ^ (1 << (fate % 8)));
  image.Plant(spot->offset, byte);
}

void SimDisk::LoseFile(const DiskStep& step) {
  const std::optional<Spot> spot = SpotOf(step);
  if (!spot.has_value()) return;
  const FileImage& image = spot->inode->image;
  const bool strikes =
      Strikes({.how = step.kind,
               .path = spot->path,
               .offset = 0,
               .records = CensusOfFile(image.Contents()).records});
  if (!strikes) return;
  tally_.Count("fault.file_lost");
  tree_.Lose(spot->path);
  ForgetIfUnnamed(spot->inode->number);
}

// The old bytes stay.  The budget has no say: of an acknowledgement by several
// nodes the others have the record, and what W = 1 lost the atlas knows.
void SimDisk::LoseWrite(const Inode& inode, uint64_t offset,
                        std::string_view bytes) {
  tally_.Count("fault.write_lost");
  ++lies_;
  const uint64_t salt = SaltOfFile(inode.image.Read(0, kPageBytes).text());
  struck_.push_back({.how = DiskStep::Kind::kLoseWrite,
                     .path = inode.path,
                     .offset = offset,
                     .records = CensusOfWrite(salt, offset, bytes).records});
}

// It lands whole, at a place of the same alignment within a file.
void SimDisk::Misdirect(const DiskStep& step, uint64_t offset,
                        std::string_view bytes) {
  const std::optional<Spot> spot = SpotOf(step);
  if (!spot.has_value()) return;
  FileImage& image = spot->inode->image;
  const uint64_t to =
      spot->offset / kAlignment * kAlignment + offset % kAlignment;
  if (!image.IsAtRest(to, bytes.size())) return;
  const Census census = CensusOfFile(image.Contents());
  const bool strikes =
      Strikes({.how = step.kind,
               .path = spot->path,
               .offset = to,
               .records = RecordsAt(census, to, to + bytes.size())});
  if (!strikes) return;
  tally_.Count("fault.write_misdirected");
  image.Plant(to, bytes);
}

LogPlace SimDisk::DurablePlace(DiskTarget::Kind of) const {
  LogPlace durable;
  for (const std::string& path : PathsOf(of)) {
    const auto inode = inodes_.find(*tree_.Find(path));
    if (inode == inodes_.end()) continue;
    const Census census = CensusOfFile(inode->second->image.Contents());
    durable = std::max(durable, census.durable.value_or(LogPlace{}));
  }
  return durable;
}

std::vector<StoredRecord> SimDisk::RecordsFrom(DiskTarget::Kind of,
                                               LogPlace from) const {
  std::vector<StoredRecord> records;
  for (const std::string& path : PathsOf(of)) {
    const uint64_t file = FileIdOfPath(path);
    const auto inode = inodes_.find(*tree_.Find(path));
    if (file < from.file || inode == inodes_.end()) continue;
    const Census census = CensusOfFile(inode->second->image.Contents());
    for (const StoredRecord& record : census.records) {
      if (LogPlace{file, record.offset} < from) continue;
      records.push_back(record);
    }
  }
  return records;
}

}  // namespace orrery::sim
