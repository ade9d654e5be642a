// node/record_options.h
//
// What a node remembers of what its engine was given.

#ifndef ORRERY_NODE_RECORD_OPTIONS_H_
#define ORRERY_NODE_RECORD_OPTIONS_H_

#include <cstdint>
#include <string>

namespace orrery {

struct RecordOptions {
  std::string path;     // Of a trace of everything; empty: none.
  bool values = false;  // In it: users' data, only if asked for.
};

}  // namespace orrery

#endif  // ORRERY_NODE_RECORD_OPTIONS_H_
