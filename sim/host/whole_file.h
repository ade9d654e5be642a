// sim/host/whole_file.h
//
// A file's contents, or nothing if it cannot be opened or read to its end.

#ifndef ORRERY_SIM_HOST_WHOLE_FILE_H_
#define ORRERY_SIM_HOST_WHOLE_FILE_H_

#include <optional>
#include <string>

namespace orrery::sim {

std::optional<std::string> ReadWholeFile(const std::string& path);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_WHOLE_FILE_H_
