#include "sim/reach_atlas.h"

#include <algorithm>

#include "core/base/total_order.h"
#include "sim/history.h"

namespace orrery::sim {
namespace {

bool IsEarlier(const Spell& a, const Spell& b) {
  return a.from != b.from ? a.from < b.from : a.to < b.to;
}

}  // namespace

Spells United(Spells spells) {
  Sort(spells.begin(), spells.end(), IsEarlier);
  Spells united;
  for (const Spell& spell : spells) {
    if (spell.to <= spell.from) continue;
    if (!united.empty() && spell.from <= united.back().to) {
      united.back().to = std::max(united.back().to, spell.to);
    } else {
      united.push_back(spell);
    }
  }
  return united;
}

Spells Between(const Spells& spells, const Spell& whole) {
  Spells gaps;
  Instant from = whole.from;
  for (const Spell& spell : spells) {
    if (spell.from >= whole.to) break;
    if (spell.from > from) gaps.push_back({from, spell.from});
    from = std::max(from, spell.to);
  }
  if (from < whole.to) gaps.push_back({from, whole.to});
  return gaps;
}

ReachAtlas::ReachAtlas(uint32_t nodes)
    : nodes_(nodes), of_node_(nodes), of_link_(size_t{nodes} * nodes) {}

void ReachAtlas::Record::Begin(Instant at) {
  if (!since.has_value()) since = at;
}

void ReachAtlas::Record::End(Instant at) {
  if (!since.has_value()) return;
  over.push_back({*since, at});
  since.reset();
}

void ReachAtlas::Record::AddTo(Spells* spells) const {
  spells->insert(spells->end(), over.begin(), over.end());
  if (since.has_value()) spells->push_back({*since, kEver});
}

void ReachAtlas::Begin(uint32_t node, NodeTrouble trouble, Instant at) {
  of_node_[node][static_cast<size_t>(trouble)].Begin(at);
}

void ReachAtlas::End(uint32_t node, NodeTrouble trouble, Instant at) {
  of_node_[node][static_cast<size_t>(trouble)].End(at);
}

bool ReachAtlas::Lasts(uint32_t node, NodeTrouble trouble) const {
  return of_node_[node][static_cast<size_t>(trouble)].since.has_value();
}

void ReachAtlas::BeginLink(uint32_t from, uint32_t to, LinkTrouble trouble,
                           Instant at) {
  of_link_[size_t{from} * nodes_ + to][static_cast<size_t>(trouble)].Begin(at);
}

void ReachAtlas::EndLink(uint32_t from, uint32_t to, LinkTrouble trouble,
                         Instant at) {
  of_link_[size_t{from} * nodes_ + to][static_cast<size_t>(trouble)].End(at);
}

void ReachAtlas::BeginStorm(Instant at) { storm_.Begin(at); }

void ReachAtlas::EndStorm(Instant at) { storm_.End(at); }

// A node that is paused again in the moment in which it was resumed has spoken
// between.
Spells ReachAtlas::SilenceOf(uint32_t node) const {
  Spells spells;
  for (const NodeTrouble trouble : {NodeTrouble::kDown, NodeTrouble::kPaused}) {
    of_node_[node][static_cast<size_t>(trouble)].AddTo(&spells);
  }
  Sort(spells.begin(), spells.end(), IsEarlier);
  return spells;
}

Spells ReachAtlas::PausesOf(uint32_t node) const {
  Spells spells;
  of_node_[node][static_cast<size_t>(NodeTrouble::kPaused)].AddTo(&spells);
  return United(std::move(spells));
}

Spells ReachAtlas::TroubleOf(uint32_t node) const {
  Spells spells;
  for (const Record& record : of_node_[node]) record.AddTo(&spells);
  return United(std::move(spells));
}

void ReachAtlas::AddWaysOf(uint32_t node, Spells* spells) const {
  for (uint32_t other = 0; other < nodes_; ++other) {
    for (const Record& record : of_link_[size_t{node} * nodes_ + other]) {
      record.AddTo(spells);
    }
    for (const Record& record : of_link_[size_t{other} * nodes_ + node]) {
      record.AddTo(spells);
    }
  }
}

Spells ReachAtlas::TroubledWaysOf(uint32_t node) const {
  Spells spells;
  AddWaysOf(node, &spells);
  storm_.AddTo(&spells);
  return United(std::move(spells));
}

Spells ReachAtlas::TroubleBetween(uint32_t a, uint32_t b) const {
  Spells spells;
  for (const uint32_t node : {a, b}) {
    for (const Record& record : of_node_[node]) record.AddTo(&spells);
  }
  for (const size_t link : {size_t{a} * nodes_ + b, size_t{b} * nodes_ + a}) {
    for (const Record& record : of_link_[link]) record.AddTo(&spells);
  }
  storm_.AddTo(&spells);
  return United(std::move(spells));
}

Spells ReachAtlas::TroubleOfPair(uint32_t a, uint32_t b) const {
  Spells spells;
  for (const uint32_t node : {a, b}) {
    for (const Record& record : of_node_[node]) record.AddTo(&spells);
    AddWaysOf(node, &spells);
  }
  storm_.AddTo(&spells);
  return United(std::move(spells));
}

}  // namespace orrery::sim
