// core/quorum/get_tally.h
//
// GetTally counts who answered a read and whether they agree (semantics R1,
// R3, R7).  It compares digests; it never sees a value.
//
// Invariants:
//   GTL-1  An owner counts once, however often it answers.
//   GTL-2  An owner in doubt about its own data is compared, never counted.
//   GTL-3  A failed owner does not count, whatever it answered before.
//
// Threading: engine thread.  Cost: O(owners) per call.

#ifndef ORRERY_CORE_QUORUM_GET_TALLY_H_
#define ORRERY_CORE_QUORUM_GET_TALLY_H_

#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "core/base/fields.h"
#include "core/quorum/put_tally.h"
#include "core/ring/preference_list.h"

namespace orrery {

class GetTally {
 public:
  explicit GetTally(Blank) {}
  explicit GetTally(const QuorumSets& sets) : sets_(sets) {}

  struct Answer {
    uint64_t digest = 0;   // 0: absent.
    bool suspect = false;  // Merged, not counted.
    ORRERY_FIELDS(digest, suspect)
  };
  // The latest answer of an owner stands.
  void RecordAnswer(const Owner& owner, const Answer& answer);
  void RecordFailure(const Owner& owner);

  // Enough owners answered in every set.
  bool HasQuorum() const;
  // Even if everyone who has not failed answers, it will not be enough.
  bool IsOutOfReach() const;
  // Everyone who answered, counted or not, said the same digest.
  bool AllAgree() const;

  // Of the set that is worst off.
  uint32_t required() const;
  uint32_t received() const;

  ORRERY_FIELDS(sets_, voters_)

 private:
  struct Voter {
    Owner owner;
    bool answered = false;
    bool failed = false;
    Answer answer;
    ORRERY_FIELDS(owner, answered, failed, answer)
    bool Counts() const { return answered && !failed && !answer.suspect; }
    // In doubt it will answer again the same way.
    bool CannotCount() const { return failed || (answered && answer.suspect); }
  };

  Voter& VoterOf(const Owner& owner);
  const Voter* Find(const Owner& owner) const;

  QuorumSets sets_;
  absl::InlinedVector<Voter, 3> voters_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_QUORUM_GET_TALLY_H_
