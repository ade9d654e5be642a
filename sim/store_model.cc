#include "sim/store_model.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/invariant.h"
#include "core/ring/token.h"
#include "core/storage/header_block.h"
#include "core/storage/store.h"
#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

bool IsPut(const StoreTold& told) { return told.kind == StoreTold::Kind::kPut; }

std::string NameOf(StoreId store, std::string_view key) {
  const std::string name(UserKeyOf(store, key));
  return store == StoreId::kUser ? name : "a hint of " + name;
}

}  // namespace

void StoreModel::OnStep(Instant now, std::span<const StoreTold> told,
                        bool disk_lied) {
  now_ = now;
  ++step_;
  for (const StoreTold& one : told) {
    Side& side = sides_[static_cast<size_t>(one.store)];
    if (one.kind == StoreTold::Kind::kAnswer) {
      OnAnswer(side, one, disk_lied);
      continue;
    }
    if (IsPut(one)) {
      if (side.by_token.Find(one.token) == nullptr) {
        side.by_token.Insert(one.token, one.key);
      }
      const std::optional<uint32_t> key = KeyOfText(one.key);
      if (one.store == StoreId::kUser && key.has_value()) {
        evidence_.stored.Insert({*key, one.timestamp}, 1);
      }
      side.puts.push_back(one.asker);
      // It may be visible long before it is answered.
      if (one.must_sync) AddUnsure(side, {.told = one, .step = step_});
    }
    side.asked_at.insert(step_);
    side.open.InsertOrAssign(one.asker, {.told = one, .step = step_});
  }
}

StoreModel::Key& StoreModel::KeyOf(Side& side, std::string_view name) const {
  Key* found = side.keys.Find(name);
  if (found != nullptr) return *found;
  return *side.keys
              .Insert(std::string(name),
                      {.versions = {},
                       .known_from = side.starts_unknown ? kStill : 0})
              .first;
}

StoreModel::Version* StoreModel::Current(Key& key) {
  for (size_t i = key.versions.size(); i > 0; --i) {
    Version& version = key.versions[i - 1];
    if (version.is_sure && version.to == kStill) return &version;
  }
  return nullptr;
}

void StoreModel::OnAnswer(Side& side, const StoreTold& answer, bool disk_lied) {
  const Question* found = side.open.Find(answer.asker);
  if (found == nullptr) return;  // Asked before it had recovered.
  const Question question = *found;
  side.open.Erase(answer.asker);
  side.asked_at.erase(side.asked_at.find(question.step));
  if (!IsPut(question.told)) {
    return OnGetAnswer(side, question, answer, disk_lied);
  }
  std::erase(side.puts, answer.asker);
  OnPutAnswer(side, question, answer);
}

// ---- Puts ----

void StoreModel::OnPutAnswer(Side& side, const Question& put,
                             const StoreTold& answer) {
  ++evidence_.store_answers;
  switch (static_cast<StoreStatus>(answer.status)) {
    case StoreStatus::kOk:
      return BecomeVisible(side, put, answer);
    case StoreStatus::kUnknown: {
      if (!put.told.must_sync) AddUnsure(side, put);
      return;
    }
    default:
      return DropUnsure(side, put);  // Refused: nothing of it is ever seen.
  }
}

void StoreModel::AddUnsure(Side& side, const Question& put) {
  const StoreTold& told = put.told;
  KeyOf(side, told.key)
      .versions.push_back({.digest = told.digest,
                           .timestamp = told.timestamp,
                           .deleted = told.deleted,
                           .is_sure = false,
                           .meta = told.meta,
                           .value = told.value,
                           .at = now_,
                           .from = put.step});
}

void StoreModel::DropUnsure(Side& side, const Question& put) {
  Key* key = side.keys.Find(put.told.key);
  if (key == nullptr) return;
  std::erase_if(key->versions, [&](const Version& version) {
    return !version.is_sure && version.from == put.step &&
           version.digest == put.told.digest;
  });
}

void StoreModel::BecomeVisible(Side& side, const Question& put,
                               const StoreTold& answer) {
  const StoreTold& told = put.told;
  DropUnsure(side, put);
  Key& key = KeyOf(side, told.key);
  key.known_from = std::min(key.known_from, step_);
  key.ever = true;
  Version version{.digest = told.digest,
                  .timestamp = told.timestamp,
                  .seq = answer.seq,
                  .deleted = told.deleted,
                  .meta = told.meta,
                  .value = told.value,
                  .at = now_,
                  .from = told.must_sync ? put.step : step_};
  Version* current = Current(key);
  if (current != nullptr && current->seq > answer.seq) {
    version.to = current->from;  // It was visible before it was answered.
  } else if (current != nullptr) {
    current->to = step_;
    if (current->damage != kNone) {
      Damage& damage = evidence_.damages[current->damage];
      if (damage.end == Damage::End::kUnseen) {
        damage.end = Damage::End::kReplaced;
      }
    }
  }
  key.versions.push_back(std::move(version));
  if (const LostRecord* lost = side.lost_writes.Find(answer.seq)) {
    AddDamage(*lost, told.key, told.store, &key.versions.back());
  }
  Prune(side, key);
}

// What was replaced before the oldest open question was asked answers none.
void StoreModel::Prune(const Side& side, Key& key) const {
  const uint64_t oldest =
      side.asked_at.empty() ? step_ : *side.asked_at.begin();
  std::erase_if(key.versions, [oldest](const Version& version) {
    return version.to < oldest;
  });
}

// ---- Gets ----

bool StoreModel::Matches(const Version& version, const StoreTold& answer) {
  if (version.digest != answer.digest) return false;
  if (version.timestamp != answer.timestamp) return false;
  if (version.seq != 0 && version.seq != answer.seq) return false;
  if (!version.has_content) return true;
  return version.deleted == answer.deleted && version.meta == answer.meta &&
         version.value == answer.value;
}

void StoreModel::OnGetAnswer(Side& side, const Question& get,
                             const StoreTold& answer, bool disk_lied) {
  ++evidence_.store_answers;
  switch (static_cast<StoreStatus>(answer.status)) {
    case StoreStatus::kOk:
    case StoreStatus::kDeleted:
      return OnFound(side, get, answer);
    case StoreStatus::kNotFound: {
      if (IsAbsenceTrue(side, get)) return;
      const std::string* by_token = side.by_token.Find(get.told.token);
      const std::string& name = get.told.key.empty() ? *by_token : get.told.key;
      Lie(Current(KeyOf(side, name)), "answers that it has nothing under " +
                                          NameOf(get.told.store, name) +
                                          ", which it stores");
      return;
    }
    case StoreStatus::kCorrupt: {
      const std::string* by_token = side.by_token.Find(get.told.token);
      if (get.told.key.empty() && by_token == nullptr) return;
      const std::string& name = get.told.key.empty() ? *by_token : get.told.key;
      return OnCorrupt(KeyOf(side, name), NameOf(get.told.store, name),
                       disk_lied);
    }
    default:
      return;
  }
}

void StoreModel::OnFound(Side& side, const Question& get,
                         const StoreTold& answer) {
  const std::string& name = get.told.key.empty() ? answer.key : get.told.key;
  Key& key = KeyOf(side, name);
  for (Version& version : key.versions) {
    const bool in_time = version.from <= get.step && version.to >= get.step;
    if (!in_time || !Matches(version, answer)) continue;
    if (version.seq == 0) version.seq = answer.seq;
    return;
  }
  // What it was before it was known.
  if (get.step <= key.known_from && key.known_from != kStill) return;
  if (key.known_from == kStill) {
    key.known_from = step_;
    key.ever = true;
    key.versions.push_back({.digest = answer.digest,
                            .timestamp = answer.timestamp,
                            .seq = answer.seq,
                            .deleted = answer.deleted,
                            .meta = answer.meta,
                            .value = answer.value,
                            .at = now_,
                            .from = get.step});
    return;
  }
  Lie(Current(key), "answers with version " + std::to_string(answer.timestamp) +
                        " of " + NameOf(get.told.store, name) +
                        ", which is not what it stores");
}

// Some moment of the step in which it was asked was before the first version.
bool StoreModel::IsAbsenceTrue(Side& side, const Question& get) const {
  const bool by_digest = get.told.key.empty();
  const std::string* by_token = side.by_token.Find(get.told.token);
  if (by_digest && by_token == nullptr) return true;
  const Key* key = side.keys.Find(by_digest ? *by_token : get.told.key);
  if (key == nullptr || get.step <= key->known_from) return true;
  const bool may_have_changed =
      std::any_of(key->versions.begin(), key->versions.end(),
                  [](const Version& version) { return !version.is_sure; });
  if (by_digest && may_have_changed) return true;
  return std::none_of(key->versions.begin(), key->versions.end(),
                      [&](const Version& version) {
                        if (!version.is_sure) return false;
                        // An entry that changed since it was seen is not found
                        // by its digest.
                        if (by_digest && version.digest != get.told.digest)
                          return false;
                        return version.from < get.step && version.to > get.step;
                      });
}

void StoreModel::OnCorrupt(Key& key, std::string_view name, bool disk_lied) {
  Version* version = Current(key);
  if (version != nullptr && version->damage != kNone) {
    Damage& damage = evidence_.damages[version->damage];
    if (damage.end == Damage::End::kUnseen ||
        damage.end == Damage::End::kSilent) {
      damage.end = Damage::End::kTold;
      damage.ended = now_;
      tally_.Count("damage.told_by_a_read");
    }
  }
  if (disk_lied) return;
  Lie(nullptr, "calls its record of " + std::string(name) +
                   " corrupt, and its disk never gave a reason");
}

void StoreModel::Lie(const Version* version, std::string sentence) {
  if (version != nullptr && version->damage != kNone) {
    Damage& damage = evidence_.damages[version->damage];
    damage.end = Damage::End::kDenied;
    damage.ended = now_;
    damage.denial = std::move(sentence);
    return;
  }
  evidence_.store_lies.push_back(NodeText(node_) + " " + std::move(sentence) +
                                 ", at " + SecondsText(now_) + ".");
}

// ---- Damage ----

void StoreModel::OnStruck(Instant now, const Struck& struck) {
  now_ = now;
  const StoreId store = struck.InHints() ? StoreId::kHints : StoreId::kUser;
  Side& side = sides_[static_cast<size_t>(store)];
  // Whatever it hits: of a tail, a watermark or a dead record is enough.
  const bool may_end_a_tail =
      ClassOfPath(struck.path) == DiskTarget::Kind::kData &&
      struck.how != DiskStep::Kind::kLoseFile &&
      struck.offset >= kHeaderBlockBytes;
  if (may_end_a_tail) {
    strikes_.push_back(
        {struck.how, {FileIdOfPath(struck.path), struck.offset}});
  }
  for (const StoredRecord& record : struck.records) {
    const LostRecord lost{.how = struck.how,
                          .at = now,
                          .path = struck.path,
                          .offset = record.offset};
    if (struck.how == DiskStep::Kind::kLoseWrite) {
      side.lost_writes.InsertOrAssign(record.seq, lost);
    }
    Key* key = side.keys.Find(record.key);
    if (key == nullptr) continue;
    for (Version& version : key->versions) {
      const bool is_it = version.seq == 0
                             ? version.timestamp == record.timestamp
                             : version.seq == record.seq;
      if (version.to != kStill || !is_it) continue;
      // It becomes one as damaged as `lost_writes` says, or never is.
      if (struck.how == DiskStep::Kind::kLoseWrite && !version.is_sure)
        continue;
      if (version.damage == kNone) AddDamage(lost, record.key, store, &version);
    }
  }
}

void StoreModel::OnDamageNote(std::string_view path, uint64_t offset) {
  if (offset == 0) return;  // A header, or a file: recovery tells of its keys.
  for (const Place& place : places_) {
    if (place.path != path || place.offset < offset) continue;
    Damage& damage = evidence_.damages[place.damage];
    if (damage.end != Damage::End::kUnseen) continue;
    damage.end = Damage::End::kTold;
    damage.ended = now_;
    tally_.Count("damage.told_by_a_note");
  }
}

void StoreModel::NoteWhatRemains() {
  Side& user = sides_[static_cast<size_t>(StoreId::kUser)];
  for (uint32_t number = 0; number < evidence_.config.keys; ++number) {
    Key* key = user.keys.Find(KeyText(number));
    const Version* current = key == nullptr ? nullptr : Current(*key);
    if (current == nullptr || current->damage == kNone) continue;
    evidence_.damages[current->damage].remains = true;
  }
}

void StoreModel::OnTornTailNote(std::string_view path) {
  if (ClassOfPath(path) != DiskTarget::Kind::kData) return;
  cut_files_.push_back(FileIdOfPath(path));
}

void StoreModel::AddDamage(const LostRecord& lost, std::string_view name,
                           StoreId store, Version* version) {
  const std::optional<uint32_t> key = KeyOfText(UserKeyOf(store, name));
  if (!key.has_value()) return;
  version->damage = evidence_.damages.size();
  places_.push_back({version->damage, lost.path, lost.offset});
  evidence_.damages.push_back({.node = node_,
                               .at = lost.at,
                               .how = lost.how,
                               .key = *key,
                               .in_hints = store == StoreId::kHints,
                               .version = version->timestamp});
  switch (lost.how) {
    case DiskStep::Kind::kRot:
      tally_.Count("mattered.rot");
      break;
    case DiskStep::Kind::kLoseWrite:
      tally_.Count("mattered.write_lost");
      break;
    case DiskStep::Kind::kMisdirect:
      tally_.Count("mattered.write_misdirected");
      break;
    default:
      tally_.Count("mattered.file_lost");
      break;
  }
  evidence_.history.RecordDamagedCopy({.node = node_,
                                       .at = lost.at,
                                       .key = *key,
                                       .version = version->timestamp,
                                       .in_hints = store == StoreId::kHints});
}

// ---- Processes ----

void StoreModel::OnProcessEnd(Instant now) {
  now_ = now;
  for (Side& side : sides_) {
    for (const StoreTold::Asker& asker : side.puts) {
      const Question* put = side.open.Find(asker);
      if (!put->told.must_sync) AddUnsure(side, *put);
    }
    side.puts.clear();
    side.open.clear();
    side.asked_at.clear();
  }
}

void StoreModel::BeforeRecovery(const SimDisk& disk) {
  std::erase_if(places_, [&](const Place& place) {
    return evidence_.damages[place.damage].end != Damage::End::kUnseen;
  });
  // What no watermark covers dies unseen: it looks like a write that was cut
  // short, or never was.
  if (places_.empty() && strikes_.empty()) return;
  const LogPlace user = disk.DurablePlace(DiskTarget::Kind::kData);
  NoteWhatIsBehind(disk, user);
  const LogPlace hints = disk.DurablePlace(DiskTarget::Kind::kHints);
  for (const Place& place : places_) {
    Damage& damage = evidence_.damages[place.damage];
    if (damage.how == DiskStep::Kind::kLoseFile) continue;  // It is listed.
    const LogPlace at{FileIdOfPath(place.path), place.offset};
    if (at < (damage.in_hints ? hints : user)) continue;
    damage.end = Damage::End::kSilent;
    tally_.Count("damage.of_an_uncovered_tail");
    evidence_.history.RecordSilentLoss({.node = node_,
                                        .at = damage.at,
                                        .key = damage.key,
                                        .version = damage.version,
                                        .in_hints = damage.in_hints});
  }
}

// Unsynced, what holds behind a gap is kept.
void StoreModel::NoteWhatIsBehind(const SimDisk& disk, LogPlace durable) {
  if (evidence_.unsynced.ns != 0) return;
  const Strike* first = nullptr;
  for (const Strike& strike : strikes_) {
    if (strike.at < durable) continue;  // Damage, and nothing is cut.
    if (first == nullptr || strike.at < first->at) first = &strike;
  }
  if (first == nullptr) return;
  for (const StoredRecord& record :
       disk.RecordsFrom(DiskTarget::Kind::kData, first->at)) {
    behind_.InsertOrAssign(record.seq, *first);
  }
}

void StoreModel::OnWiped() {
  for (Side& side : sides_) side = {};
  places_.clear();
  strikes_.clear();
  behind_.clear();
  cut_files_.clear();
}

void StoreModel::OnRestored() {
  for (const Place& place : places_) {
    Damage& damage = evidence_.damages[place.damage];
    if (damage.end == Damage::End::kUnseen) {
      damage.end = Damage::End::kReplaced;
    }
  }
  OnWiped();
  for (Side& side : sides_) side.starts_unknown = true;
}

void StoreModel::OnRecovered(const Recovery& recovery) {
  now_ = recovery.at;
  for (uint32_t number = 0; number < evidence_.config.keys; ++number) {
    const std::string name = KeyText(number);
    Key* key = sides_[0].keys.Find(name);
    if (key == nullptr) continue;
    Reconcile(name, *key, FindEntry(recovery.entries, TokenOf(name)), recovery);
  }
  Side& hints = sides_[static_cast<size_t>(StoreId::kHints)];
  hints.keys.clear();
  hints.lost_writes.clear();
  hints.starts_unknown = true;
  strikes_.clear();
  behind_.clear();
  cut_files_.clear();
}

void StoreModel::Reconcile(std::string_view name, Key& key,
                           const KeyEntry* entry, const Recovery& recovery) {
  ++evidence_.store_answers;
  std::vector<Version> versions = std::exchange(key.versions, {});
  const Version* last = nullptr;
  for (const Version& version : versions) {
    if (version.is_sure && version.to == kStill) last = &version;
  }
  const bool was_known = std::exchange(key.known_from, 0) != kStill;
  if (entry != nullptr) {
    // Written again after a fault took it: what came back is one that can be
    // read, or a scrub would say so (light seed 670).
    const Version* found = nullptr;
    for (const Version& version : versions) {
      const bool is_it = version.to == kStill &&
                         version.digest == entry->digest &&
                         version.timestamp == entry->timestamp;
      if (!is_it) continue;
      const bool is_better = found == nullptr || (found->damage != kNone &&
                                                  version.damage == kNone);
      if (is_better) found = &version;
    }
    if (found != nullptr) {
      Version kept = *found;
      kept.is_sure = true;
      // Written twice, it may have come back as it was written first.
      kept.seq = 0;
      kept.from = step_;
      kept.at = recovery.at;
      if (last == found) kept.at = found->at;
      key.versions = {std::move(kept)};
      key.ever = true;
      return;
    }
    if (ComesBack(key, last, *entry, step_)) return;
  }
  const std::optional<uint32_t> number = KeyOfText(name);
  const bool is_explained =
      !was_known || (last == nullptr ? entry == nullptr || key.ever
                                     : MayLack(*last, *number, recovery));
  if (entry != nullptr) {
    key.ever = true;
    key.versions.push_back({.digest = entry->digest,
                            .timestamp = entry->timestamp,
                            .deleted = entry->tombstone,
                            .has_content = false,
                            .at = recovery.at,
                            .from = step_});
  }
  if (is_explained) {
    const bool may_return = last != nullptr && last->damage == kNone;
    if (may_return) key.unread.push_back({*last, step_});
    return;
  }
  const std::string found = entry == nullptr
                                ? "nothing"
                                : "version " + std::to_string(entry->timestamp);
  Lie(last,
      "came back from its disk with " + found + " under " + std::string(name) +
          ", and had stored " +
          (last == nullptr ? std::string("nothing")
                           : "version " + std::to_string(last->timestamp)));
}

// What was stored since the recovery that could not read it is the truth.
bool StoreModel::ComesBack(Key& key, const Version* last, const KeyEntry& entry,
                           uint64_t step) {
  for (const Unread& unread : key.unread) {
    const bool is_it = unread.version.digest == entry.digest &&
                       unread.version.timestamp == entry.timestamp;
    if (!is_it || (last != nullptr && last->from > unread.since)) continue;
    Version back = unread.version;
    back.seq = 0;
    back.from = step;
    key.versions = {std::move(back)};
    key.unread.clear();
    return true;
  }
  return false;
}

// Whether its disk may have taken the version, and it says so where it must.
bool StoreModel::MayLack(const Version& version, uint32_t key,
                         const Recovery& recovery) {
  const History& history = evidence_.history;
  const bool confesses =
      recovery.Doubts(key) &&
      history.FoundDamage(node_, key, version.at, recovery.at, false);
  if (version.damage != kNone) {
    Damage& damage = evidence_.damages[version.damage];
    switch (damage.end) {
      case Damage::End::kUnseen:
        if (!confesses) break;
        damage.end = Damage::End::kTold;
        damage.ended = recovery.at;
        tally_.Count("damage.told_by_a_recovery");
        return true;
      case Damage::End::kTold:
      case Damage::End::kSilent:
        return true;
      case Damage::End::kReplaced:
      case Damage::End::kDenied:
        break;
    }
  }
  if (WasCutOff(version, key, recovery)) return true;
  return confesses || history.MayHaveLost(node_, version.at, recovery.at,
                                          {evidence_.unsynced});
}

// It was whole, and lost when the recovery cut it: until then it was read.
bool StoreModel::WasCutOff(const Version& version, uint32_t key,
                           const Recovery& recovery) {
  const Strike* strike = behind_.Find(version.seq);
  if (strike == nullptr) return false;
  if (std::find(cut_files_.begin(), cut_files_.end(), strike->at.file) ==
      cut_files_.end()) {
    return false;
  }
  tally_.Count("damage.cut_off_behind_a_strike");
  evidence_.damages.push_back({.node = node_,
                               .at = recovery.at,
                               .how = strike->how,
                               .key = key,
                               .version = version.timestamp,
                               .end = Damage::End::kSilent});
  const History::DamagedCopy copy{.node = node_,
                                  .at = recovery.at,
                                  .key = key,
                                  .version = version.timestamp};
  evidence_.history.RecordDamagedCopy(copy);
  evidence_.history.RecordSilentLoss(copy);
  return true;
}

}  // namespace orrery::sim
