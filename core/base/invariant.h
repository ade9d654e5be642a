// core/base/invariant.h
//
// ORRERY_INVARIANT states what a correct program cannot violate.  It is on in
// every build.  What peers, disks and clients can cause is never an invariant:
// that is a closed enum with its numbers (STYLE, law 4).

#ifndef ORRERY_CORE_BASE_INVARIANT_H_
#define ORRERY_CORE_BASE_INVARIANT_H_

namespace orrery {

// Declared here, defined by whoever links core: the node logs and aborts, a
// simulation worker reports a finding, a test fails.
[[noreturn]] void InvariantFailed(const char* text, const char* file, int line);

}  // namespace orrery

#define ORRERY_INVARIANT(condition)                              \
  do {                                                           \
    if (!(condition)) [[unlikely]] {                             \
      ::orrery::InvariantFailed(#condition, __FILE__, __LINE__); \
    }                                                            \
  } while (false)

#define ORRERY_UNREACHABLE(text) \
  ::orrery::InvariantFailed("unreachable: " text, __FILE__, __LINE__)

#endif  // ORRERY_CORE_BASE_INVARIANT_H_
