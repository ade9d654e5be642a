// Defines what a failed invariant does in tests, fuzzers and benchmarks: it
// says which, and aborts, so that a death test and libFuzzer both see it.

#include <cstdio>
#include <cstdlib>

#include "core/base/invariant.h"

namespace orrery {

void InvariantFailed(const char* text, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant failed: %s\n", file, line, text);
  std::fflush(stderr);
  std::abort();
}

}  // namespace orrery
