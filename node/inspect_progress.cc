#include "node/inspect_progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "sim/host/clock.h"

namespace orrery {
namespace {

constexpr int64_t kShowEveryMs = 500;
constexpr uint64_t kBarCells = 24;
constexpr uint64_t kMiB = uint64_t{1} << 20;

}  // namespace

InspectProgress::InspectProgress()
    : terminal_(isatty(STDERR_FILENO) != 0), shown_ms_(sim::MonotonicMs()) {}

InspectProgress::~InspectProgress() { Clear(); }

void InspectProgress::Advance(uint64_t bytes) {
  done_ += bytes;
  if (!terminal_) return;
  const int64_t now = sim::MonotonicMs();
  if (now - shown_ms_ < kShowEveryMs) return;
  shown_ms_ = now;
  const uint64_t total = std::max({total_, done_, uint64_t{1}});
  const size_t cells = static_cast<size_t>(done_ / kMiB * kBarCells /
                                           std::max(total / kMiB, uint64_t{1}));
  std::string bar(kBarCells, '-');
  std::fill_n(bar.begin(), std::min(cells, bar.size()), '#');
  std::fprintf(stderr, "\r\033[K[%s] %llu of %llu MiB", bar.c_str(),
               static_cast<unsigned long long>(done_ / kMiB),
               static_cast<unsigned long long>(total / kMiB));
  std::fflush(stderr);
  visible_ = true;
}

void InspectProgress::Clear() {
  if (!visible_) return;
  std::fprintf(stderr, "\r\033[K");
  visible_ = false;
}

}  // namespace orrery
