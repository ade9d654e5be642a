// core/base/lookup_map.h
//
// LookupMap finds a value by its key and nothing else.  It has no begin():
// the order of a hash table differs per process, so whoever must walk keeps a
// sorted container.
//
// Pointers from Find live until the next Insert, Erase or clear.
//
// Cost: O(1) amortised; Insert may allocate, the rest does not.

#ifndef ORRERY_CORE_BASE_LOOKUP_MAP_H_
#define ORRERY_CORE_BASE_LOOKUP_MAP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/base/hash.h"
#include "core/base/total_order.h"

namespace orrery {

// Hashes any struct whose bytes are its value (no padding), word by word.
template <typename K>
struct LookupHash {
  static_assert(std::has_unique_object_representations_v<K>,
                "padding or floating point in a key: write its hash");
  static_assert(std::is_trivially_copyable_v<K>);

  size_t operator()(const K& key) const {
    using Words = std::array<uint64_t, (sizeof(K) + 7) / 8>;
    Words words{};
    std::memcpy(words.data(), &key, sizeof(K));
    uint64_t hash = sizeof(K);
    for (const uint64_t word : words) {
      hash = Mix64(hash ^ word) + 0x9e3779b97f4a7c15ULL;
    }
    return hash;
  }
};

template <>
struct LookupHash<std::string> {
  using is_transparent = void;
  size_t operator()(std::string_view key) const {
    Hasher hasher;
    hasher.AddText(key);
    return hasher.Value();
  }
};

template <typename K>
struct LookupEqual {
  bool operator()(const K& a, const K& b) const { return a == b; }
};

template <>
struct LookupEqual<std::string> {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    return a == b;
  }
};

template <typename K, typename V, typename Hash = LookupHash<K>,
          typename Equal = LookupEqual<K>>
class LookupMap {
 public:
  static_assert(!std::is_pointer_v<K>, "addresses differ from run to run");

  // Null if absent.
  template <typename Key>
  V* Find(const Key& key) {
    const auto it = map_.find(key);
    return it == map_.end() ? nullptr : &it->second;
  }
  template <typename Key>
  const V* Find(const Key& key) const {
    const auto it = map_.find(key);
    return it == map_.end() ? nullptr : &it->second;
  }
  template <typename Key>
  bool Contains(const Key& key) const {
    return Find(key) != nullptr;
  }

  // Returns the value now under `key` and whether it is the one given here:
  // an earlier one stays.
  std::pair<V*, bool> Insert(const K& key, V value) {
    const auto [it, inserted] = map_.try_emplace(key, std::move(value));
    return {&it->second, inserted};
  }

  void InsertOrAssign(const K& key, V value) {
    map_.insert_or_assign(key, std::move(value));
  }

  // The value under `key`, made from nothing if there is none.
  V& FindOrInsert(const K& key) { return map_[key]; }

  // Whether there was one.
  template <typename Key>
  bool Erase(const Key& key) {
    return map_.erase(key) != 0;
  }

  void clear() { map_.clear(); }
  void reserve(size_t count) { map_.reserve(count); }
  size_t size() const { return map_.size(); }
  bool empty() const { return map_.empty(); }

  // The state (fields.h), in the order of the keys.  Cost: saving sorts them.
  template <typename Visitor>
  void Fields(Visitor& visit) {
    static_assert(Visitor::kLoads);
    map_.clear();
    const size_t count = visit.Count();
    K previous{};
    for (size_t i = 0; i < count && visit.ok(); ++i) {
      K key{};
      V value{};
      visit(key, value);
      visit.Require(i == 0 || previous < key);
      previous = key;
      map_.try_emplace(std::move(key), std::move(value));
    }
  }
  template <typename Visitor>
  void Fields(Visitor& visit) const {
    std::vector<const std::pair<const K, V>*> entries;
    for (const auto& entry : map_) entries.push_back(&entry);
    Sort(entries.begin(), entries.end(),
         [](const auto* a, const auto* b) { return a->first < b->first; });
    visit.Count(entries.size());
    for (const auto* entry : entries) visit(entry->first, entry->second);
  }

 private:
  absl::flat_hash_map<K, V, Hash, Equal> map_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_LOOKUP_MAP_H_
