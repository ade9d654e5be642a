// node/exit_code.h
//
// What the executable's exit status says (CONTRACT section 1).

#ifndef ORRERY_NODE_EXIT_CODE_H_
#define ORRERY_NODE_EXIT_CODE_H_

namespace orrery {

enum ExitCode : int {
  kExitOk = 0,
  kExitUnexpected = 1,
  kExitUsage = 2,
  kExitNotFound = 3,
  kExitConflict = 4,
  kExitUnavailable = 5,
  kExitOutcomeUnknown = 6,
  kExitNotAuthorised = 7,
};

}  // namespace orrery

#endif  // ORRERY_NODE_EXIT_CODE_H_
