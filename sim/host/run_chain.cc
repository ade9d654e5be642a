#include "sim/host/run_chain.h"

#include <malloc.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "sim/host/child.h"

namespace orrery::sim {
namespace {

constexpr int kPerturbation = 0xa5;

class ChainRecorder : public Listener {
 public:
  void OnStep(Instant now, uint32_t node, const Event& event, const Effects&,
              uint64_t digest) override {
    chain.push_back({.digest = digest,
                     .at_ns = now.ns,
                     .node = node,
                     .event = static_cast<uint32_t>(event.body.index())});
  }
  void OnScenarioStep(Instant, const Step&) override {}
  void OnNote(Instant, uint32_t, const Note&) override {}

  std::vector<ChainLink> chain;
};

// What `body` writes to the descriptor it is given, run in a child whose
// allocator hands out other bytes.
template <typename Body>
std::string FromChild(Body&& body) {
  Child child([&](int out) {
    mallopt(M_PERTURB, kPerturbation);
    body(out);
  });
  return child.ReadToEnd();
}

std::vector<ChainLink> ChainOfChild(const Scenario& scenario,
                                    RunOptions options) {
  const std::string bytes = FromChild([&](int fd) {
    ChainRecorder recorder;
    options.listener = &recorder;
    World(scenario, options).Run();
    WriteAll(fd, {reinterpret_cast<const char*>(recorder.chain.data()),
                  recorder.chain.size() * sizeof(ChainLink)});
  });
  std::vector<ChainLink> chain(bytes.size() / sizeof(ChainLink));
  for (size_t i = 0; i < chain.size(); ++i) {
    bytes.copy(reinterpret_cast<char*>(&chain[i]), sizeof(ChainLink),
               i * sizeof(ChainLink));
  }
  return chain;
}

std::string WhereChainsDiffer(const std::vector<ChainLink>& first,
                              const std::vector<ChainLink>& second) {
  const size_t i = FirstDifference(first, second);
  if (i == first.size() && i == second.size()) {
    return "The digests differ, but two recorded runs agree: state that no "
           "event shows differs between processes.";
  }
  const std::vector<ChainLink>& longer = i < first.size() ? first : second;
  return absl::StrFormat(
      "Two runs first differ at event %d, t=%.6fs, on n%d (event kind %d).", i,
      static_cast<double>(longer[i].at_ns) / 1e9, longer[i].node,
      longer[i].event);
}

}  // namespace

std::vector<ChainLink> ChainOf(const Scenario& scenario) {
  return ChainOfChild(scenario, RunOptions{});
}

size_t FirstDifference(const std::vector<ChainLink>& first,
                       const std::vector<ChainLink>& second) {
  size_t i = 0;
  while (i < first.size() && i < second.size() &&
         first[i].digest == second[i].digest) {
    ++i;
  }
  return i;
}

std::string CompareWithSecondRun(const Scenario& scenario,
                                 const RunOptions& options, uint64_t digest) {
  const std::string answer = FromChild([&](int fd) {
    const uint64_t again = World(scenario, options).Run().digest;
    WriteAll(fd, {reinterpret_cast<const char*>(&again), sizeof(again)});
  });
  uint64_t again = 0;
  if (answer.size() != sizeof(again)) {
    return "The second run died, and the first did not.";
  }
  answer.copy(reinterpret_cast<char*>(&again), sizeof(again));
  if (again == digest) return "";
  const std::vector<ChainLink> first = ChainOfChild(scenario, options);
  const std::vector<ChainLink> second = ChainOfChild(scenario, options);
  return WhereChainsDiffer(first, second);
}

}  // namespace orrery::sim
