#include "sim/host/trial.h"

#include <poll.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sim/host/clock.h"
#include "sim/signature.h"
#include "sim/world.h"

namespace orrery::sim {
namespace {

// A run that takes longer hangs: the slowest seed needs a tenth of it.
constexpr int64_t kTrialMsMax = 60'000;

}  // namespace

Trial::Trial(const Scenario& scenario)
    : child_([&](int out) {
        const RunResult result = World(scenario, RunOptions{}).Run();
        WriteAll(out, EncodeReport(ReportOf(0, result)));
      }),
      started_ms_(MonotonicMs()) {}

SeedReport Trial::Await() {
  bool hung = false;
  while (true) {
    const int64_t left = started_ms_ + kTrialMsMax - MonotonicMs();
    pollfd ready{child_.fd(), POLLIN, 0};
    const int got =
        poll(&ready, 1, static_cast<int>(std::max<int64_t>(left, 0)));
    if (got == 0) {
      hung = true;
      child_.Kill();
      break;
    }
    if (got > 0 && !child_.ReadSome()) break;
  }
  const Child::Death death = child_.Bury();
  SeedReport report;
  if (death.clean) {
    std::optional<SeedReport> told = DecodeReport(child_.unread());
    if (told.has_value()) return *std::move(told);
  }
  report.violations.push_back(DeathOf(death.how, hung));
  return report;
}

const Violation* FindSignature(const SeedReport& report,
                               std::string_view signature) {
  for (const Violation& violation : report.violations) {
    if (SignatureOf(violation) == signature) return &violation;
  }
  return nullptr;
}

}  // namespace orrery::sim
