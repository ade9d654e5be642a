// sim/store_model.h
//
// StoreModel is what one node's two stores should answer, kept beside them: a
// map from key to version, fed by what each store was asked and told
// (Effects::told).  An answer that the map does not explain is a lie (O18), or
// a damage that was not told (O19).
//
// What it allows: a put is visible from its answer on (one that is answered
// later than it is visible, from its question on); a get answers with what was
// visible when it was asked; one that cannot be read is corrupt only if the
// disk ever gave reason.  When a process has recovered, its user store holds
// per key what was visible, or a put that was under way; the atlas of losses
// (History) says what else a disk may have taken.  Of the hints it takes what
// it is told after a restart, and judges from there on.
//
// What a fault took behind all watermarks looks like a write that was cut
// short, and where acknowledgements follow the sync a recovery then cuts all
// that stands behind it as well (RCF-1): whole records, which nobody struck.
// The map lets a recovery lack such a record if the node says that it cut the
// tail of the file that was struck.
//
// Invariants:
//   STM-1  Judges nothing by what the nodes know of each other.
//
// Cost: O(log open questions) a question; memory: what the stores hold, and
// what was replaced since the oldest open question.

#ifndef ORRERY_SIM_STORE_MODEL_H_
#define ORRERY_SIM_STORE_MODEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_set.h"
#include "core/base/bytes.h"
#include "core/base/lookup_map.h"
#include "core/base/time.h"
#include "core/protocol/effects.h"
#include "sim/disk_census.h"
#include "sim/evidence.h"
#include "sim/sim_disk.h"
#include "sim/tally.h"

namespace orrery::sim {

class StoreModel {
 public:
  StoreModel(uint32_t node, Evidence& evidence, Tally& tally)
      : node_(node), evidence_(evidence), tally_(tally) {}

  // One step of the node; `disk_lied`: its disk ever gave reason to call a
  // record corrupt.
  void OnStep(Instant now, std::span<const StoreTold> told, bool disk_lied);
  void OnStruck(Instant now, const Struck& struck);
  // The node says that a file is damaged from there on.
  void OnDamageNote(std::string_view path, uint64_t offset);
  // The node says that it cut the tail of a file.
  void OnTornTailNote(std::string_view path);
  // Again while it is down: no matter.
  void OnProcessEnd(Instant now);
  void BeforeRecovery(const SimDisk& disk);
  void OnWiped();
  // The disk is an older one again: what it holds, the next answers tell.
  void OnRestored();
  void OnRecovered(const Recovery& recovery);
  // Of the damages of this node: Damage::remains.
  void NoteWhatRemains();

 private:
  static constexpr uint64_t kStill = std::numeric_limits<uint64_t>::max();
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();

  struct Version {
    uint64_t digest = 0;
    uint64_t timestamp = 0;
    uint64_t seq = 0;  // 0: not known yet.
    bool deleted = false;
    bool has_content = true;
    bool is_sure = true;  // Else it may be visible, or may not.
    Bytes meta;
    Bytes value;
    Instant at;         // Since when it is visible.
    uint64_t from = 0;  // Steps.
    uint64_t to = kStill;
    size_t damage = kNone;  // In Evidence::damages.
  };
  // A recovery said that it could not read it; where only the reading failed,
  // the next one may bring it back.
  struct Unread {
    Version version;
    uint64_t since = 0;  // Step.
  };
  struct Key {
    std::vector<Version> versions;  // In order of becoming visible.
    std::vector<Unread> unread;
    uint64_t known_from = 0;  // Step; kStill: the next answer tells.
    bool ever = false;        // Had any version, here.
  };
  struct Question {
    StoreTold told;
    uint64_t step = 0;
  };
  struct LostRecord {
    DiskStep::Kind how;
    Instant at;
    std::string path;
    uint64_t offset = 0;
  };
  struct Side {  // One store.
    LookupMap<std::string, Key> keys;
    LookupMap<uint64_t, std::string> by_token;
    LookupMap<StoreTold::Asker, Question> open;
    std::vector<StoreTold::Asker> puts;  // Of `open`, those that put.
    absl::btree_multiset<uint64_t> asked_at;
    LookupMap<uint64_t, LostRecord> lost_writes;  // By seq.
    bool starts_unknown = false;
  };

  Key& KeyOf(Side& side, std::string_view key) const;
  static Version* Current(Key& key);
  void OnAnswer(Side& side, const StoreTold& answer, bool disk_lied);
  void OnPutAnswer(Side& side, const Question& put, const StoreTold& answer);
  void AddUnsure(Side& side, const Question& put);
  static void DropUnsure(Side& side, const Question& put);
  void BecomeVisible(Side& side, const Question& put, const StoreTold& answer);
  void OnGetAnswer(Side& side, const Question& get, const StoreTold& answer,
                   bool disk_lied);
  void OnFound(Side& side, const Question& get, const StoreTold& answer);
  void OnCorrupt(Key& key, std::string_view name, bool disk_lied);
  bool IsAbsenceTrue(Side& side, const Question& get) const;
  static bool Matches(const Version& version, const StoreTold& answer);
  void Prune(const Side& side, Key& key) const;
  void AddDamage(const LostRecord& lost, std::string_view name, StoreId store,
                 Version* version);
  void Lie(const Version* version, std::string sentence);
  void Reconcile(std::string_view name, Key& key, const KeyEntry* entry,
                 const Recovery& recovery);
  static bool ComesBack(Key& key, const Version* last, const KeyEntry& entry,
                        uint64_t step);
  bool MayLack(const Version& version, uint32_t key, const Recovery& recovery);
  void NoteWhatIsBehind(const SimDisk& disk, LogPlace durable);
  bool WasCutOff(const Version& version, uint32_t key,
                 const Recovery& recovery);

  uint32_t node_;
  Evidence& evidence_;
  Tally& tally_;
  std::array<Side, 2> sides_;
  struct Place {
    size_t damage;
    std::string path;
    uint64_t offset;
  };
  std::vector<Place> places_;  // Of damages; told ones go at a start.
  // Of the user store, until a process has recovered: then every file has a
  // length that is known, and no tail.
  struct Strike {
    DiskStep::Kind how;
    LogPlace at;
  };
  std::vector<Strike> strikes_;
  LookupMap<uint64_t, Strike>
      behind_;  // Whole records by seq: what they die of.
  std::vector<uint64_t> cut_files_;
  Instant now_;
  uint64_t step_ = 0;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_STORE_MODEL_H_
