#include "core/version/version_vector.h"

#include <algorithm>

#include "core/base/invariant.h"

namespace orrery {

namespace {

// First entry whose actor is not below `actor`.
template <typename Entries>
auto LowerBound(Entries& entries, const Actor& actor) {
  return std::lower_bound(entries.begin(), entries.end(), actor,
                          [](const Dot& entry, const Actor& wanted) {
                            return entry.actor < wanted;
                          });
}

}  // namespace

uint64_t CounterOf(const VersionVector& vv, const Actor& actor) {
  const auto it = LowerBound(vv.entries, actor);
  if (it == vv.entries.end() || it->actor != actor) return 0;
  return it->counter;
}

bool Covers(const VersionVector& vv, const Dot& dot) {
  return dot.counter <= CounterOf(vv, dot.actor);
}

bool Descends(const VersionVector& vv, const VersionVector& other) {
  return std::all_of(other.entries.begin(), other.entries.end(),
                     [&](const Dot& dot) { return Covers(vv, dot); });
}

void Join(VersionVector* into, const VersionVector& other) {
  for (const Dot& dot : other.entries) Raise(into, dot);
}

void Raise(VersionVector* vv, const Dot& dot) {
  ORRERY_INVARIANT(dot.counter > 0);
  const auto it = LowerBound(vv->entries, dot.actor);
  if (it == vv->entries.end() || it->actor != dot.actor) {
    vv->entries.insert(it, dot);
  } else {
    it->counter = std::max(it->counter, dot.counter);
  }
}

bool IsWellFormed(const VersionVector& vv) {
  const Dot* previous = nullptr;
  for (const Dot& dot : vv.entries) {
    if (dot.counter == 0) return false;
    if (dot.actor.unused != 0) return false;
    if (previous != nullptr && previous->actor >= dot.actor) return false;
    previous = &dot;
  }
  return true;
}

}  // namespace orrery
