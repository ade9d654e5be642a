// node/inspect_file.h
//
// One file by itself.  What kind it is, its first eight bytes say, or its name
// if they are damaged.  Another kind of file is one more row of the table in
// inspect_file.cc.

#ifndef ORRERY_NODE_INSPECT_FILE_H_
#define ORRERY_NODE_INSPECT_FILE_H_

#include "node/inspect_context.h"

namespace orrery {

// False: it is no file of a data directory, and nothing was looked at.
bool InspectFile(const InspectedPath& at, InspectContext& context);

}  // namespace orrery

#endif  // ORRERY_NODE_INSPECT_FILE_H_
