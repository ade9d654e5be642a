#include "sim/host/whole_file.h"

#include <fstream>
#include <sstream>

namespace orrery::sim {

std::optional<std::string> ReadWholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  // Of an empty file nothing can be taken, which is no failure.
  if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (file.bad() || text.fail()) return std::nullopt;
  return std::move(text).str();
}

}  // namespace orrery::sim
