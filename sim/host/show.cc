#include "sim/host/show.h"

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include "sim/host/exit_codes.h"
#include "sim/host/page.h"
#include "sim/host/recording.h"

namespace orrery::sim {

int Show(const Scenario& scenario, const ShowOptions& options) {
  const Recording recording = Record(options.name, scenario);
  Window window = WindowOf(recording);
  if (options.from.ns != 0 || options.until.ns != 0) {
    window.from = options.from.ns / kMicrosecond.ns;
    if (options.until.ns != 0) {
      window.until = options.until.ns / kMicrosecond.ns;
    }
  }
  if (window.from > window.until) {
    std::fprintf(stderr, "orrery sim: --from is after --until\n");
    return kExitUsage;
  }
  const std::string page = PageOf(recording, window);
  std::ofstream file(options.out, std::ios::binary);
  file << page;
  file.flush();
  if (!file.good()) {
    std::fprintf(stderr, "orrery sim: cannot write %s\n", options.out.c_str());
    return kExitUnexpected;
  }
  std::printf("%s: %zu events, %.1f MB; open it in a browser\n",
              options.out.c_str(), recording.events.size(),
              static_cast<double>(page.size()) / 1e6);
  return kExitHeld;
}

}  // namespace orrery::sim
