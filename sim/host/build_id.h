// sim/host/build_id.h
//
// Which program this is: a checksum of its own file.  Two builds of one commit
// may differ; a run is only repeated to the bit by the program that made it, or
// by one whose golden digests are equal.

#ifndef ORRERY_SIM_HOST_BUILD_ID_H_
#define ORRERY_SIM_HOST_BUILD_ID_H_

#include <string>

namespace orrery::sim {

// Eight hexadecimal digits; "unknown" if the file cannot be read.
const std::string& BuildId();

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_BUILD_ID_H_
