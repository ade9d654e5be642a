// tests/sim/scenario_files.h
//
// The scenario texts of one directory under tests/, for a runner.

#ifndef ORRERY_TESTS_SIM_SCENARIO_FILES_H_
#define ORRERY_TESTS_SIM_SCENARIO_FILES_H_

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace orrery::sim {

// Paths relative to the repository, in order.  Tests run at its root.
inline std::vector<std::string> ScenarioFiles(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".txt") {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

inline std::string FileText(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// For test names.
inline std::string StemOf(const std::string& path) {
  std::string stem = std::filesystem::path(path).stem().string();
  for (char& c : stem) {
    if (c == '-' || c == '.') c = '_';
  }
  return stem;
}

}  // namespace orrery::sim

#endif  // ORRERY_TESTS_SIM_SCENARIO_FILES_H_
