#include "sim/host/show.h"

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include "sim/host/exit_codes.h"
#include "sim/host/formats.h"
#include "sim/host/page.h"
#include "sim/host/recording.h"

namespace orrery::sim {

int Show(const Scenario& scenario, const ShowOptions& options) {
  const ShowFormat* format = ShowFormatOf(options.format);
  if (format == nullptr) {
    std::fprintf(stderr, "orrery sim: no format %s; there are %s\n",
                 options.format.c_str(), ShowFormatNames().c_str());
    return kExitUsage;
  }
  const Recording recording = Record(options.name, scenario);
  Window window{0, recording.result.ended.ns / kMicrosecond.ns};
  if (format->print == PageOf) window = WindowOf(recording);
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
  const std::string text = format->print(recording, window);
  std::ofstream file(options.out, std::ios::binary);
  file << text;
  file.flush();
  if (!file.good()) {
    std::fprintf(stderr, "orrery sim: cannot write %s\n", options.out.c_str());
    return kExitUnexpected;
  }
  std::printf("%s: %zu events, %.1f MB%s\n", options.out.c_str(),
              recording.events.size(), static_cast<double>(text.size()) / 1e6,
              format->print == PageOf ? "; open it in a browser" : "");
  return kExitHeld;
}

}  // namespace orrery::sim
