#include "core/storage/victim_chooser.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/total_order.h"
#include "core/storage/control_record.h"

namespace orrery {

namespace {

__extension__ typedef unsigned __int128 Wide;

constexpr uint64_t kThoroughShare = 20;
constexpr uint64_t kSmallShare = 10;
constexpr Duration kCoolDownMax = 24 * kHour;

// An output's header, SEAL and last page, and the edit: a job that frees less
// makes no room.
constexpr uint64_t kReliefBytesMin = 4 * kHeaderBlockBytes;
constexpr uint64_t kReliefShare = 10;
// The rest of the reserve is given up for no less: it would be missed.
constexpr uint64_t kYieldShare = 4;

// But for damage.
bool MayGo(const DataFile& file) {
  return file.sealed && !file.shows_doubt && !file.has_cells &&
         !file.is_doomed && file.state != DataFile::State::kGone;
}

struct Victim {
  uint16_t slot = 0;
  uint64_t id = 0;
  uint64_t dead = 0;
  uint64_t live = 0;
  uint64_t bytes = 0;
  uint64_t max_seq = 0;
  uint64_t clean_below = 0;     // HidesNothingBelow.
  bool has_tombstones = false;  // Half of it.
  uint64_t age = 0;             // Seconds since its newest record, at least 1.
};

// dead / (live + 1) x age, without division.
bool IsBetter(const Victim& a, const Victim& b) {
  const Wide left = Wide{a.dead} * (b.live + 1) * a.age;
  const Wide right = Wide{b.dead} * (a.live + 1) * b.age;
  if (left != right) return left > right;
  return a.id < b.id;
}

class Chooser {
 public:
  Chooser(const FileTable& files, const ManifestState& listed,
          const VictimQuery& query)
      : files_(files), listed_(listed), query_(query) {}

  std::vector<uint16_t> Choose() {
    Look();
    if (query_.drops_tombstones) AddWhatTombstonesHide();
    if (small_.size() + taken_.size() >= 2) {
      taken_.insert(taken_.end(), small_.begin(), small_.end());
    }
    Sort(taken_.begin(), taken_.end(), IsBetter);
    return Bounded();
  }

 private:
  void Look() {
    for (const auto& [id, slot] : files_.by_id()) {
      const DataFile& file = files_.At(slot);
      const auto listed = listed_.files.find(id);
      if (!MayGo(file) || listed == listed_.files.end()) continue;
      if (file.damaged && !IsRepaired(id)) continue;
      const FileSummary& summary = listed->second.summary;
      constexpr uint64_t kSecondNs = 1000000000;
      const uint64_t age_ns =
          query_.wall_ns - std::min(query_.wall_ns, summary.max_timestamp);
      const Victim victim{
          .slot = slot,
          .id = id,
          .dead = file.dead_bytes(),
          .live = file.live_bytes,
          .bytes = file.length,
          .max_seq = summary.max_seq,
          .clean_below = HidesNothingBelow(listed->second),
          .has_tombstones =
              query_.drops_tombstones &&
              uint64_t{summary.tombstone_count} * 2 >= summary.record_count,
          .age = age_ns / kSecondNs + 1};
      if (IsMostlyDead(victim) || file.is_worn) {
        taken_.push_back(victim);
      } else if (file.cools_until > query_.now) {
        others_.push_back(victim);
      } else if (victim.has_tombstones || IsWorthAsking(victim)) {
        taken_.push_back(victim);
      } else if (file.length < query_.max_file_bytes / kSmallShare) {
        small_.push_back(victim);
      } else {
        others_.push_back(victim);
      }
    }
  }

  bool IsRepaired(uint64_t id) const {
    return query_.takes_repaired &&
           std::none_of(listed_.damages.begin(), listed_.damages.end(),
                        [id](const DamageRange& range) {
                          return range.file == id &&
                                 range.state == DamageRange::State::kOpen;
                        });
  }

  // A SEAL record has every output too.
  static bool IsMostlyDead(const Victim& victim) {
    if (victim.live == 0) return true;
    return victim.dead > kSealBytes && victim.dead >= victim.live;
  }

  bool IsWorthAsking(const Victim& victim) const {
    return victim.id < query_.thorough_below && victim.dead > kSealBytes &&
           victim.dead * kThoroughShare >= victim.dead + victim.live;
  }

  void AddWhatTombstonesHide() {
    uint64_t upto = 0;
    for (const Victim& victim : taken_) {
      if (victim.has_tombstones) upto = std::max(upto, victim.max_seq);
    }
    const auto may_hide = [upto](const Victim& victim) {
      return victim.clean_below < upto;
    };
    std::vector<Victim> all = taken_;
    for (const std::vector<Victim>* from : {&small_, &others_}) {
      std::copy_if(from->begin(), from->end(), std::back_inserter(all),
                   may_hide);
    }
    uint64_t bytes = 0;
    uint64_t live = 0;
    for (const Victim& victim : all) {
      bytes += victim.bytes;
      live += victim.live;
    }
    if (all.size() > kVictimsMax || IsMuch(bytes, live)) return;
    taken_ = std::move(all);
    std::erase_if(small_, may_hide);
  }

  bool IsMuch(uint64_t bytes, uint64_t live) const {
    return bytes > kVictimBytesMax || live > query_.live_bytes_max;
  }

  std::vector<uint16_t> Bounded() const {
    std::vector<uint16_t> slots;
    uint64_t bytes = 0;
    uint64_t live = 0;
    for (const Victim& victim : taken_) {
      if (slots.size() == kVictimsMax) break;
      bytes += victim.bytes;
      live += victim.live;
      if (!slots.empty() && IsMuch(bytes, live)) break;
      slots.push_back(victim.slot);
    }
    return slots;
  }

  const FileTable& files_;
  const ManifestState& listed_;
  const VictimQuery& query_;
  std::vector<Victim> taken_;
  std::vector<Victim> small_;   // Worth a job only with another to join.
  std::vector<Victim> others_;  // Not for their own sake.
};

}  // namespace

std::vector<uint16_t> ChooseVictims(const FileTable& files,
                                    const ManifestState& listed,
                                    const VictimQuery& query) {
  return Chooser(files, listed, query).Choose();
}

Relief ChooseRelief(const FileTable& files, uint64_t room) {
  Relief relief;
  const DataFile* best = nullptr;
  uint16_t best_slot = 0;
  for (const auto& [id, slot] : files.by_id()) {
    const DataFile& file = files.At(slot);
    if (!MayGo(file) || file.damaged) continue;
    if (file.live_bytes == 0 && relief.slots.size() < kVictimsMax) {
      relief.slots.push_back(slot);
    }
    if (file.dead_bytes() < kReliefBytesMin) continue;
    if (file.dead_bytes() * kReliefShare < file.used_bytes()) continue;
    if (best != nullptr && file.live_bytes >= best->live_bytes) continue;
    best = &file;
    best_slot = slot;
  }
  if (!relief.slots.empty() || best == nullptr) return relief;
  if (best->live_bytes + kReliefBytesMin > room) {
    relief.wants_room = best->dead_bytes() * kYieldShare >= best->used_bytes();
    return relief;
  }
  relief.slots = {best_slot};
  relief.copies = true;
  return relief;
}

Duration LongerCoolDown(Duration before, Duration compact_interval) {
  return std::min(std::max(2 * before, 2 * compact_interval), kCoolDownMax);
}

}  // namespace orrery
