#include "core/storage/store_parts.h"

#include <algorithm>
#include <utility>

#include "core/base/invariant.h"

namespace orrery {

StoreParts::StoreParts(const Store::Options& options, SpaceGovernor& space)
    : context(options, space),
      files(context.disk),
      index(options.limits.key_segments),
      manifest(context.disk),
      recovery(context, files, index, manifest, awaited),
      writer(context, files, index, manifest),
      reader(context, files),
      compaction(context, files, index, manifest, writer),
      scrubber(context, files, index, manifest),
      snapshot(context, files, manifest, writer),
      index_snapshots(context, files, manifest) {}

bool StoreParts::IsFailed() const { return !recovery.failure().empty(); }

void StoreParts::OnDiskDone(const DiskDone& done, Turn& turn) {
  switch (static_cast<StorePart>(done.token.part)) {
    case StorePart::kRecovery:
      recovery.OnDiskDone(done, turn);
      break;
    case StorePart::kManifest:
      manifest.OnDiskDone(done, turn);
      break;
    case StorePart::kFiles:
      files.OnDiskDone(done, turn);
      break;
    case StorePart::kMaker:
      writer.OnMakerDone(done, turn);
      break;
    case StorePart::kWriter:
      writer.OnDiskDone(done, turn);
      break;
    case StorePart::kReader:
      reader.OnDiskDone(done, turn);
      break;
    case StorePart::kCompaction:
      compaction.OnDiskDone(done, turn);
      break;
    case StorePart::kScrub:
      scrubber.OnDiskDone(done, turn);
      break;
    case StorePart::kSnapshot:
      snapshot.OnDiskDone(done, turn);
      break;
    case StorePart::kIndexSnapshot:
      index_snapshots.OnDiskDone(done, turn);
      break;
  }
  Settle(turn);
}

void StoreParts::FindValues(const DiskDone& done, FieldSaver::PartsOf parts_of,
                            std::vector<ByteSpan>* spans) const {
  switch (static_cast<StorePart>(done.token.part)) {
    case StorePart::kRecovery:
      return recovery.FindValues(done, spans);
    case StorePart::kReader:
      return reader.FindValues(done, parts_of, spans);
    case StorePart::kCompaction:
      return compaction.FindValues(done, spans);
    case StorePart::kScrub:
      return scrubber.FindValues(done, spans);
    case StorePart::kIndexSnapshot:
      return index_snapshots.FindValues(done, spans);
    case StorePart::kManifest:
    case StorePart::kFiles:
    case StorePart::kMaker:
    case StorePart::kWriter:
    case StorePart::kSnapshot:
      return;
  }
}

void StoreParts::Settle(Turn& turn) {
  if (IsFailed()) return;
  for (const uint16_t slot : files.TakeOpened()) {
    recovery.OnFileOpened(slot, turn);
    reader.OnFileOpened(slot, turn);
    compaction.OnFileOpened(slot, turn);
    scrubber.OnFileOpened(slot, turn);
    index_snapshots.OnFileOpened(slot, turn);
  }
  for (const uint16_t slot : files.TakeFailed()) {
    recovery.OnFileFailed(slot, turn);
    reader.OnFileFailed(slot, turn);
    compaction.OnFileFailed(slot, turn);
    scrubber.OnFileFailed(slot, turn);
    index_snapshots.OnFileFailed(slot, turn);
  }
  for (const EditOrigin& origin : manifest.TakeDurable()) {
    const bool seals = origin.kind == EditOrigin::Kind::kSeal ||
                       origin.kind == EditOrigin::Kind::kSwap;
    if (seals) index_snapshots.Wake();
    if (origin.kind == EditOrigin::Kind::kSwap) {
      compaction.OnSwapped(turn);
    } else {
      writer.OnEditDurable(origin, turn);
    }
    if (origin.kind == EditOrigin::Kind::kSeal) {
      snapshot.OnSealed(origin.file, turn);
    }
  }
  recovery.OnManifestChanged(turn);
  if (!is_open && recovery.IsDone()) OnRecovered(turn);
  if (!is_open) return;
  if (manifest.IsFailed()) writer.GoReadOnly(turn);
  if (manifest.IsFull() && !writer.IsFull()) writer.GoFull(turn);
  // The edit that ends a job needs a page too.
  if (manifest.IsFull() && !compaction.IsIdle()) {
    context.space.YieldToJob(turn);
  }
  snapshot.OnWriterChanged(turn);
  for (const Duration took : reader.TakeTimes()) compaction.NoteRead(took);
  for (const DamagedEntry& damaged : reader.TakeDamaged()) {
    MarkDamaged(damaged, turn);
  }
  for (const DamagedEntry& damaged : compaction.TakeDamaged()) {
    MarkDamaged(damaged, turn);
  }
  for (const DamagedEntry& damaged : scrubber.TakeDamaged()) {
    MarkDamaged(damaged, turn);
  }
  for (const DamageRange& gap : compaction.TakeLookedInto()) {
    AwaitKeysOf(gap, turn);
  }
  for (const DamageRange& gap : scrubber.TakeLookedInto()) {
    AwaitKeysOf(gap, turn);
  }
  CloseRepairedDamage(turn);
  compaction.OnDurable(turn);
  if (scrubber.TakeFoundBadIndex()) index_snapshots.Wake();
  index_snapshots.Pump(turn);
}

void StoreParts::OnRecovered(Turn& turn) {
  is_open = true;
  is_suspect = !manifest.state().suspect.intervals.empty();
  writer.Start(recovery.next_seq());
  index_snapshots.Wake();
  turn.timers.Arm(TimerKind::kCompaction,
                  {static_cast<uint32_t>(context.options.id), 1},
                  turn.now() + context.options.compact_interval);
  scrubber.Start(turn);
}

// The record behind an entry cannot be read: the key is kCorrupt until
// something replaces it, and in doubt until it was exchanged (I4).
void StoreParts::MarkDamaged(const DamagedEntry& damaged, Turn& turn) {
  const RecordAddress address = damaged.entry.address;
  const DamageRange range{.file = damaged.file,
                          .from = address.offset(),
                          .upto = address.offset() + address.bytes()};
  IndexEntry entry;
  const bool is_current = index.Find(damaged.entry.hash, &entry) &&
                          entry.address == address && !entry.damaged;
  if (!is_current) return;
  entry.damaged = true;
  context.NoteLost(entry.hash, entry.timestamp);
  IndexEntry old;
  index.Set(entry, &old);
  context.changes.push_back({.token = entry.hash.token,
                             .old_digest = entry.digest,
                             .new_digest = {}});
  files.At(address.file_slot()).damaged = true;
  awaited.Add(entry.hash, range);
  manifest.Append(DamageEdit{range}, {}, turn);
  turn.effects.notes.push_back({.kind = Note::Kind::kDamage,
                                .number = range.from,
                                .token = entry.hash.token,
                                .text = context.disk.DataPath(range.file)});
}

// The keys that died in it are known: it waits for them.  What else stood there
// was superseded before.
void StoreParts::AwaitKeysOf(DamageRange gap, Turn& turn) {
  if (awaited.AwaitWithin(gap)) return;
  turn.effects.Mark("storage.damage_of_nothing");
  gap.state = DamageRange::State::kRepaired;
  manifest.Append(DamageEdit{gap}, {}, turn);
}

void StoreParts::CloseRepairedDamage(Turn& turn) {
  for (const KeyHash& hash : std::exchange(context.repaired, {})) {
    for (DamageRange range : awaited.Remove(hash)) {
      range.state = DamageRange::State::kRepaired;
      manifest.Append(DamageEdit{range}, {}, turn);
    }
  }
}

// What the other owners had of the keys is here now.  Of a key that nobody had,
// no version was acknowledged by so many that a quorum could miss it: it stays
// unreadable until it is written again, and then votes at once.
void StoreParts::EndKeyDoubts(Turn& turn) {
  if (context.lost.empty()) return;
  for (const auto& [hash, stamp] : std::exchange(context.lost, {})) {
    IndexEntry entry;
    if (index.Find(hash, &entry)) {
      if (entry.damaged) continue;
      IndexEntry old;
      entry.doubted = false;
      index.Set(entry, &old);
    }
    context.repaired.push_back(hash);
  }
  turn.effects.Mark("storage.key_doubts_ended");
  CloseRepairedDamage(turn);
}

// A range whose keys are not known counts as one, for as long as the doubt that
// it causes: nothing else tells when it is repaired.
uint64_t StoreParts::DamagedRecords() const {
  uint64_t records = awaited.keys();
  if (!is_suspect) return records;
  for (const DamageRange& range : manifest.state().damages) {
    const bool is_unread = range.state == DamageRange::State::kOpen;
    if (is_unread && !awaited.Awaits(range)) ++records;
  }
  return records;
}

void StoreParts::ClearSuspect(Turn& turn) {
  if (!is_suspect) return;
  is_suspect = false;
  turn.effects.Mark("storage.suspect_cleared");
  turn.effects.notes.push_back({.kind = Note::Kind::kSuspect,
                                .detail = 0,
                                .text = context.disk.directory()});
  for (DamageRange range : manifest.state().damages) {
    if (range.state != DamageRange::State::kOpen) continue;
    // Its keys are known, and close it (CloseRepairedDamage).
    if (awaited.Awaits(range)) continue;
    range.state = DamageRange::State::kRepaired;
    manifest.Append(DamageEdit{range}, {}, turn);
  }
  manifest.Append(SuspectEdit{}, {}, turn);
}

}  // namespace orrery
