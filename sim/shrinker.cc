#include "sim/shrinker.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/invariant.h"
#include "sim/scenario_shape.h"

namespace orrery::sim {
namespace {

// Of the second round on: what is left is short, or hard.
constexpr size_t kLaterChunk = 4;

Scene SceneOf(const Violation& violation) {
  Scene scene;
  if (violation.op != 0) scene.key = violation.key;
  if (violation.at.ns != 0) scene.at = violation.at - Instant{0};
  return scene;
}

}  // namespace

Shrinker::Shrinker(Scenario failing, const Violation& violation)
    : best_(std::move(failing)),
      scene_(SceneOf(violation)),
      heals_(!LeavesFaults(best_)) {}

size_t Shrinker::Places(const Cursor& cursor) const {
  switch (cursor.stage) {
    case Stage::kWholesale:
      return WholesalePlaces();
    case Stage::kSteps:
      return StepCount(best_);
    case Stage::kGaps:
      return GapPlaces(best_);
    case Stage::kTopology:
      return TopologyPlaces();
    case Stage::kSettings:
      return SettingPlaces(best_);
    case Stage::kWords:
      return WordPlaces(best_);
    case Stage::kTimes:
      return TimePlaces(best_);
    case Stage::kDone:
      return 0;
  }
  return 0;
}

std::optional<Scenario> Shrinker::CandidateAt(const Cursor& cursor) const {
  switch (cursor.stage) {
    case Stage::kWholesale:
      return Wholesale(best_, scene_, cursor.at);
    case Stage::kSteps:
      return WithoutSteps(best_, cursor.at, cursor.chunk);
    case Stage::kGaps:
      return WithShorterGap(best_, cursor.at);
    case Stage::kTopology:
      return WithSimplerTopology(best_, cursor.at);
    case Stage::kSettings:
      return WithoutSetting(best_, cursor.at);
    case Stage::kWords:
      return WithSimplerWord(best_, cursor.at);
    case Stage::kTimes:
      return WithRounderTimes(best_, cursor.at);
    case Stage::kDone:
      return std::nullopt;
  }
  return std::nullopt;
}

void Shrinker::EnterStage(Stage stage, Cursor* cursor) const {
  cursor->stage = stage;
  cursor->at = 0;
  if (stage != Stage::kSteps) return;
  const size_t steps = StepCount(best_);
  cursor->chunk = std::max<size_t>(1, steps / 2);
  if (cursor->round > 0) cursor->chunk = std::min(cursor->chunk, kLaterChunk);
}

void Shrinker::Advance(Cursor* cursor) const {
  cursor->at += cursor->stage == Stage::kSteps ? cursor->chunk : 1;
  while (cursor->stage != Stage::kDone && cursor->at >= Places(*cursor)) {
    if (cursor->stage == Stage::kSteps && cursor->chunk > 1) {
      cursor->chunk /= 2;
      cursor->at = 0;
    } else if (cursor->stage != Stage::kTimes) {
      EnterStage(static_cast<Stage>(static_cast<int>(cursor->stage) + 1),
                 cursor);
    } else if (cursor->changed) {
      cursor->changed = false;
      ++cursor->round;
      EnterStage(Stage::kSteps, cursor);
    } else {
      cursor->stage = Stage::kDone;
    }
  }
}

bool Shrinker::IsSound(const Scenario& candidate) const {
  return !heals_ || !ExpectsConvergence(candidate) || !LeavesFaults(candidate);
}

std::optional<Scenario> Shrinker::Seek(Cursor* cursor) const {
  while (cursor->stage != Stage::kDone) {
    std::optional<Scenario> candidate = CandidateAt(*cursor);
    if (candidate.has_value() && IsSound(*candidate)) return candidate;
    Advance(cursor);
  }
  return std::nullopt;
}

std::vector<Scenario> Shrinker::Propose(size_t most) const {
  std::vector<Scenario> candidates;
  Cursor cursor = cursor_;
  while (candidates.size() < most) {
    std::optional<Scenario> candidate = Seek(&cursor);
    if (!candidate.has_value()) break;
    candidates.push_back(*std::move(candidate));
    Advance(&cursor);
  }
  return candidates;
}

void Shrinker::Learn(size_t passed, bool failed) {
  for (size_t i = 0; i < passed; ++i) {
    Seek(&cursor_);
    Advance(&cursor_);
  }
  if (!failed) return;
  std::optional<Scenario> smaller = Seek(&cursor_);
  ORRERY_INVARIANT(smaller.has_value());
  best_ = *std::move(smaller);
  cursor_.changed = true;
  // Where something was taken away, something else now stands.
}

}  // namespace orrery::sim
