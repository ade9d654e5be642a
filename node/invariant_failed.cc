// What a failed invariant does in the executable: one line on stderr, then an
// abort, so that a core file shows where.  The simulator's workers are child
// processes, and their parent reports it as a finding.

#include <cstdio>
#include <cstdlib>

#include "core/base/invariant.h"
#include "node/last_words.h"

namespace orrery {

void InvariantFailed(const char* text, const char* file, int line) {
  std::fprintf(stderr, "error event=invariant_failed at=%s:%d what=\"%s\"\n",
               file, line, text);
  std::fflush(stderr);
  SayLastWords();
  std::abort();
}

}  // namespace orrery
