// sim/checkers/context_coverage.h
//
// The contexts of answers, where O4, O5 and O6 look at versions: with the last
// write winning a version may be high and yet its history cut, and then a later
// write erases less than its client saw.
//
//   O4  a read's context covers that of every write acknowledged before it
//       began, if R and the owners that acknowledged exceed the owners.
//   O5  reads by a majority or more: it covers that of every such read that
//       ended before.
//   O6  both of one client's own writes and reads (read your writes, monotonic
//       reads); and a write that carries the context of an answer has a higher
//       version than that answer, and a context that covers it (writes follow
//       reads, monotonic writes).  A retry carries none.
//
// By version, write_order.h, quorum_recency.h and monotonic_reads.h judge O4
// and O5, whoever asks: those of one client are among them.
//
// Sloppy reads are not judged, nor a context that cannot be opened.  Excused,
// but for what a write carries: some node may have lost, since the earlier
// operation began, what it held of the key.
//
// Cost: O(n log n + n * V); V is the actors of a key.

#ifndef ORRERY_SIM_CHECKERS_CONTEXT_COVERAGE_H_
#define ORRERY_SIM_CHECKERS_CONTEXT_COVERAGE_H_

#include "sim/evidence.h"

namespace orrery::sim {

// Opens the contexts that answers carried (Operation::told).  Before the
// checks; `cluster`: whose seal they have.
void OpenContexts(const ClusterId& cluster, History* history);

Verdict CheckContextsOfWrites(const Evidence& evidence);  // O4
Verdict CheckContextsOfReads(const Evidence& evidence);   // O5
Verdict CheckSessions(const Evidence& evidence);          // O6

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_CONTEXT_COVERAGE_H_
