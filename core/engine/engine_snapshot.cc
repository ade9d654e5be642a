// Engine's snapshots: every room's fields, one room after the other.

#include <array>
#include <vector>

#include "core/base/coding.h"
#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "core/engine/engine.h"
#include "core/engine/rooms.h"
#include "core/engine/value_parts.h"
#include "core/storage/key_index.h"

namespace orrery {

void Engine::SaveSnapshot(const SnapshotOptions& options, ByteSink& out) const {
  FieldSaver save(out,
                  {.values = options.values,
                   .parts_of = AppendValueParts,
                   .skip_large_tables = options.index == IndexPart::kNone});
  const Rooms& rooms = *rooms_;
  save(rooms);
}

bool Engine::LoadSnapshot(ByteView snapshot, ValueMode values) {
  Reader in(snapshot);
  FieldLoader load(in, {.values = values});
  load(*rooms_);
  return load.ok() && in.AtEnd();
}

void Engine::WatchTouches() {
  rooms_->user_store.WatchTouches();
  rooms_->hint_store.WatchTouches();
}

void Engine::StopWatching() {
  rooms_->user_store.StopWatching();
  rooms_->hint_store.StopWatching();
}

bool Engine::HasTouched() const {
  return !rooms_->user_store.touched().empty() ||
         !rooms_->hint_store.touched().empty();
}

size_t Engine::TouchedBytes() const {
  const size_t entries =
      rooms_->user_store.touched().size() + rooms_->hint_store.touched().size();
  return sizeof(uint64_t) + entries * sizeof(IndexEntry);
}

void Engine::SaveTouched(ByteSink& out) {
  FieldSaver save(out);
  save(rooms_->user_store.touched(), rooms_->hint_store.touched());
  rooms_->user_store.touched().clear();
  rooms_->hint_store.touched().clear();
}

bool Engine::RevealTouched(ByteView touched) {
  Reader in(touched);
  FieldLoader load(in);
  std::vector<IndexEntry> user;
  std::vector<IndexEntry> hints;
  load(user, hints);
  if (!load.ok() || !in.AtEnd()) return false;
  for (const IndexEntry& entry : user) {
    if (!rooms_->user_store.Reveal(entry)) return false;
  }
  for (const IndexEntry& entry : hints) {
    if (!rooms_->hint_store.Reveal(entry)) return false;
  }
  return true;
}

}  // namespace orrery
