#include "core/version/object_merge.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/base/crc32c.h"
#include "core/base/hash.h"
#include "core/base/invariant.h"
#include "core/base/total_order.h"
#include "core/protocol/limits.h"
#include "core/version/version_vector.h"

namespace orrery {

namespace {

auto RankOf(const Sibling& sibling) {
  return std::tuple(sibling.stamp, sibling.tombstone, sibling.operation.hi,
                    sibling.operation.lo, sibling.checksum, sibling.dot);
}

bool Holds(const Object& object, const Dot& dot) {
  return std::any_of(object.siblings.begin(), object.siblings.end(),
                     [&](const Sibling& one) { return one.dot == dot; });
}

// OBJ-2, OBJ-3.
void Collapse(Object* object) {
  auto& siblings = object->siblings;
  Sort(siblings.begin(), siblings.end(), RanksAbove);
  size_t kept = 0;
  for (size_t i = 0; i < siblings.size(); ++i) {
    if (i != 0 && !siblings[i].keep) continue;
    if (kept != i) siblings[kept] = std::move(siblings[i]);
    ++kept;
  }
  siblings.erase(siblings.begin() + static_cast<std::ptrdiff_t>(kept),
                 siblings.end());
}

void AddHash(const Dot& dot, Hasher* hasher) {
  hasher->Add(dot.actor.storage);
  hasher->Add(dot.actor.generation);
  hasher->Add(dot.counter);
}

void AddHash(const Sibling& sibling, Hasher* hasher) {
  AddHash(sibling.dot, hasher);
  hasher->Add(sibling.stamp);
  hasher->Add(sibling.tombstone);
  hasher->Add(sibling.keep);
  hasher->Add(sibling.checksum);
}

}  // namespace

bool RanksAbove(const Sibling& a, const Sibling& b) {
  return RankOf(a) > RankOf(b);
}

Object Merge(const Object& a, const Object& b) {
  Object merged;
  merged.vv = a.vv;
  Join(&merged.vv, b.vv);
  for (const Sibling& sibling : a.siblings) {
    if (Holds(b, sibling.dot) || !Covers(b.vv, sibling.dot)) {
      merged.siblings.push_back(sibling);
    }
  }
  for (const Sibling& sibling : b.siblings) {
    if (!Covers(a.vv, sibling.dot)) merged.siblings.push_back(sibling);
  }
  Collapse(&merged);
  return merged;
}

Object Without(const Object& own, const VersionVector& seen) {
  Object rest;
  rest.vv = own.vv;
  for (const Sibling& sibling : own.siblings) {
    if (!Covers(seen, sibling.dot)) rest.siblings.push_back(sibling);
  }
  return rest;
}

Object Mint(const Object& own, const VersionVector& seen, Sibling fresh) {
  ORRERY_INVARIANT(!Covers(own.vv, fresh.dot));
  ORRERY_INVARIANT(!Covers(seen, fresh.dot));
  Object minted = Without(own, seen);
  Join(&minted.vv, seen);
  Raise(&minted.vv, fresh.dot);
  minted.siblings.push_back(std::move(fresh));
  Collapse(&minted);
  return minted;
}

uint64_t DigestOf(const Object& object) {
  if (object.IsEmpty()) return 0;
  Hasher hasher;
  hasher.Add(static_cast<uint64_t>(object.vv.entries.size()));
  for (const Dot& dot : object.vv.entries) AddHash(dot, &hasher);
  // By dot, so that the digest does not depend on how rank orders them.
  absl::InlinedVector<const Sibling*, 4> by_dot;
  for (const Sibling& sibling : object.siblings) by_dot.push_back(&sibling);
  Sort(by_dot.begin(), by_dot.end(),
       [](const Sibling* a, const Sibling* b) { return a->dot < b->dot; });
  for (const Sibling* sibling : by_dot) AddHash(*sibling, &hasher);
  const uint64_t digest = hasher.Value();
  return digest == 0 ? 1 : digest;
}

uint64_t TopStamp(const Object& object) {
  return object.siblings.empty() ? 0 : object.siblings.front().stamp;
}

bool IsAbsent(const Object& object) {
  return std::all_of(object.siblings.begin(), object.siblings.end(),
                     [](const Sibling& one) { return one.tombstone; });
}

bool IsFull(const Object& object) {
  if (object.siblings.size() >= kSiblingsFull) return true;
  uint64_t bytes = 0;
  for (const Sibling& sibling : object.siblings) bytes += sibling.value.size();
  return bytes >= kSiblingBytesFull;
}

bool IsWellFormed(const Object& object) {
  if (!IsWellFormed(object.vv)) return false;
  if (object.siblings.size() > kSiblingsMax) return false;
  for (size_t i = 0; i < object.siblings.size(); ++i) {
    const Sibling& sibling = object.siblings[i];
    if (sibling.dot.counter == 0) return false;
    if (sibling.stamp == 0 || sibling.stamp > kStampMax) return false;
    if (!Covers(object.vv, sibling.dot)) return false;              // OBJ-1
    if (sibling.tombstone && !sibling.value.empty()) return false;  // OBJ-4
    if (i == 0) continue;
    if (!sibling.keep) return false;                                 // OBJ-3
    if (!RanksAbove(object.siblings[i - 1], sibling)) return false;  // OBJ-2
    for (size_t j = 0; j < i; ++j) {
      if (object.siblings[j].dot == sibling.dot) return false;  // OBJ-1
    }
  }
  return true;
}

bool ChecksumsHold(const Object& object) {
  return std::all_of(object.siblings.begin(), object.siblings.end(),
                     [](const Sibling& one) {
                       return Crc32c(one.value.view()) == one.checksum;
                     });
}

Object WithoutValues(const Object& object) {
  Object versions = object;
  for (Sibling& sibling : versions.siblings) sibling.value = {};
  return versions;
}

}  // namespace orrery
