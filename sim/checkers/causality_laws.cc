#include "sim/checkers/causality_laws.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "core/version/object_merge.h"
#include "core/version/version_vector.h"
#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

// Versions of a key that one object is held against: the latest.  A hot key has
// thousands, and what is covered wrongly is seldom old.
constexpr size_t kCoveredMax = 64;

void AddBrokenLaw(uint32_t key, const std::string& broken, Watched* watched) {
  if (broken.empty() || watched->broken.size() == kViolationsMax) return;
  watched->broken.push_back("Objects of " + KeyText(key) +
                            " break a law of merging: " + broken + ".");
}

}  // namespace

std::string BrokenLaw(const Object& a, const Object& b, const Object& c) {
  const Object ab = Merge(a, b);
  if (!(ab == Merge(b, a))) return "the order of two decides the result";
  if (!(Merge(ab, c) == Merge(a, Merge(b, c)))) {
    return "which two of three meet first decides the result";
  }
  if (!(Merge(ab, ab) == ab)) return "merging one with itself changes it";
  if (!(Merge(ab, a) == ab)) return "merging a part again changes the whole";
  return "";
}

std::string BrokenCover(const Object& object, uint32_t key,
                        const Ledger& ledger) {
  for (const Sibling& sibling : object.siblings) {
    if (!Covers(object.vv, sibling.dot)) {
      return "an object does not cover its own sibling";
    }
  }
  if (object.siblings.empty()) return "";
  const Ledger::Version* shown = ledger.Find(object.siblings.front().dot);
  if (shown == nullptr) return "";
  const std::span<const uint32_t> all = ledger.OfKey(key);
  const size_t skipped = all.size() - std::min(all.size(), kCoveredMax);
  for (const uint32_t index : all.subspan(skipped)) {
    const Ledger::Version& other = ledger.At(index);
    if (!Outranks(other, *shown) || !Covers(object.vv, other.dot)) continue;
    return "version " + std::to_string(shown->stamp) +
           " covers the higher version " + std::to_string(other.stamp);
  }
  return "";
}

void LawSampler::OnObject(uint32_t key, const Object& object,
                          const Ledger& ledger, Watched* watched) {
  if (++seen_ % kLawEvery != 0 || key >= met_.size()) return;
  std::array<Object, 2>& met = met_[key];
  ++watched->checked;
  AddBrokenLaw(key, BrokenCover(object, key, ledger), watched);
  if (met[0] == object) return;  // Copies of one say nothing.
  AddBrokenLaw(key, BrokenLaw(object, met[0], met[1]), watched);
  met[1] = std::exchange(met[0], object);
}

Verdict CheckCausalityLaws(const Evidence& evidence) {
  Verdict verdict;
  verdict.checked = evidence.laws.checked;
  ReportEach(&verdict, evidence.laws.broken, "O22", "causality-laws",
             evidence.ended);
  return verdict;
}

}  // namespace orrery::sim
