#include "core/quorum/get_tally.h"

#include <algorithm>
#include <optional>

namespace orrery {

void GetTally::RecordAnswer(const Owner& owner, const Answer& answer) {
  Voter& voter = VoterOf(owner);
  voter.answered = true;
  voter.failed = false;
  voter.answer = answer;
}

void GetTally::RecordFailure(const Owner& owner) {
  VoterOf(owner).failed = true;
}

bool GetTally::HasQuorum() const {
  for (const QuorumSet& set : sets_) {
    uint32_t counted = 0;
    for (const Owner& owner : set.owners) {
      const Voter* voter = Find(owner);
      if (voter != nullptr && voter->Counts()) ++counted;
    }
    if (counted < set.required) return false;
  }
  return !sets_.empty();
}

bool GetTally::IsOutOfReach() const {
  for (const QuorumSet& set : sets_) {
    uint32_t possible = 0;
    for (const Owner& owner : set.owners) {
      const Voter* voter = Find(owner);
      if (voter == nullptr || !voter->CannotCount()) ++possible;
    }
    if (possible < set.required) return true;
  }
  return sets_.empty();
}

bool GetTally::AllAgree() const {
  std::optional<uint64_t> digest;
  for (const Voter& voter : voters_) {
    if (!voter.answered || voter.failed) continue;
    if (digest.has_value() && *digest != voter.answer.digest) return false;
    digest = voter.answer.digest;
  }
  return true;
}

uint32_t GetTally::required() const {
  uint32_t required = 0;
  for (const QuorumSet& set : sets_) {
    required = std::max(required, set.required);
  }
  return required;
}

uint32_t GetTally::received() const {
  uint32_t least = UINT32_MAX;
  for (const QuorumSet& set : sets_) {
    uint32_t counted = 0;
    for (const Owner& owner : set.owners) {
      const Voter* voter = Find(owner);
      if (voter != nullptr && voter->Counts()) ++counted;
    }
    least = std::min(least, counted);
  }
  return sets_.empty() ? 0 : least;
}

GetTally::Voter& GetTally::VoterOf(const Owner& owner) {
  for (Voter& voter : voters_) {
    if (voter.owner == owner) return voter;
  }
  voters_.push_back({.owner = owner});
  return voters_.back();
}

const GetTally::Voter* GetTally::Find(const Owner& owner) const {
  for (const Voter& voter : voters_) {
    if (voter.owner == owner) return &voter;
  }
  return nullptr;
}

}  // namespace orrery
