// How often the core asks for memory, for each kind of event, once it is warm:
// three healthy nodes, a fixed key set, no faults.  The aim is none; what is
// left stands here as a bound, which only ever goes down: the buffers of what
// is written (a record's metadata, a batch, IDENTITY), the sealed context of an
// answered write, the records of a datagram with news, and sessions of
// anti-entropy.

#include <cstdint>
#include <cstdlib>
#include <map>
#include <new>
#include <string>
#include <variant>

#include "core/protocol/event.h"
#include "gtest/gtest.h"
#include "sim/listener.h"
#include "sim/scenario_text.h"
#include "sim/world.h"

namespace {

bool is_counting = false;
uint64_t asked = 0;

void* Take(size_t size) {
  if (is_counting) ++asked;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(size_t size) { return Take(size); }
void* operator new[](size_t size) { return Take(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

namespace orrery::sim {
namespace {

constexpr Instant kWarm{20 * kSecond.ns};
constexpr int kFirst = 5;
constexpr int kLast = 40;

struct NameOfEvent {
  std::string operator()(const ClientRequest& request) const {
    switch (request.verb) {
      case ClientVerb::kGet:
        return "get";
      case ClientVerb::kPut:
        return "put";
      case ClientVerb::kDelete:
        return "delete";
      default:
        return "other request";
    }
  }
  std::string operator()(const PeerMessageEvent& event) const {
    const PeerBody& body = event.message.body;
    if (std::holds_alternative<ReplicaPut>(body)) return "replica put";
    if (std::holds_alternative<ReplicaPutAck>(body)) return "replica put ack";
    if (std::holds_alternative<ReplicaGet>(body)) return "replica get";
    if (std::holds_alternative<ReplicaGetAck>(body)) return "replica get ack";
    return "repair";
  }
  std::string operator()(const DatagramEvent&) const { return "gossip"; }
  std::string operator()(const DiskDone&) const { return "disk"; }
  std::string operator()(const TickEvent&) const { return "tick"; }
  template <typename Other>
  std::string operator()(const Other&) const {
    return "other";
  }
};

class Counter : public Listener {
 public:
  struct Sum {
    uint64_t events = 0;
    uint64_t asked = 0;
  };

  void BeforeStep(const Event&) override {
    before_ = asked;
    is_counting = true;
  }
  void AfterStep(const Event&) override { is_counting = false; }
  void OnStep(Instant now, uint32_t, const Event& event, const Effects&,
              uint64_t) override {
    if (now < kWarm || now > Instant{kLast * kSecond.ns}) return;
    Sum& sum = sums_[std::visit(NameOfEvent{}, event.body)];
    ++sum.events;
    sum.asked += asked - before_;
  }
  void OnScenarioStep(Instant, const Step&) override {}
  void OnNote(Instant, uint32_t, const Note&) override {}

  const std::map<std::string, Sum>& sums() const { return sums_; }

 private:
  uint64_t before_ = 0;
  std::map<std::string, Sum> sums_;
};

std::string Healthy() {
  std::string text =
      "orrery-sim 1\n"
      "cfg nodes=3 n=3 r=2 w=2 vnodes=8 keys=16 clients=4 sync=off seed=7 "
      "end=41s\n"
      "noise delay=1ms..5ms disk.latency=50us..500us\n";
  int op = 0;
  for (int ms = kFirst * 1000; ms < kLast * 1000; ms += 20) {
    ++op;
    const int which = op % 8;
    const char* const verb = which < 4 ? "get" : which < 7 ? "put" : "del";
    text += "at " + std::to_string(ms) + "ms op " + std::to_string(op) + " " +
            verb + " c" + std::to_string(op % 4) + " k" +
            std::to_string(op * 7 % 16) + " via=n" + std::to_string(op % 3) +
            (which >= 4 && which < 7 ? " size=200" : "") + "\n";
  }
  return text;
}

TEST(CoreAllocationsTest, TheCoreAsksForMemoryNoMoreThanItDid) {
  const auto parsed = ParseScenario(Healthy());
  ASSERT_TRUE(std::holds_alternative<Scenario>(parsed))
      << std::get<ParseError>(parsed).what;
  Counter counter;
  RunOptions options;
  options.listener = &counter;

  const RunResult result = World(std::get<Scenario>(parsed), options).Run();

  EXPECT_TRUE(result.violations.empty());
  // Hundredths of a request, per event, with a little room: what a change adds
  // to every event, or to every tenth, is seen.
  const std::map<std::string, uint64_t> bounds = {
      {"delete", 5},       {"disk", 40},
      {"get", 5},          {"gossip", 5},
      {"put", 90},         {"repair", 300},
      {"replica get", 5},  {"replica get ack", 12},
      {"replica put", 45}, {"replica put ack", 56},
      {"tick", 90}};
  for (const auto& [name, sum] : counter.sums()) {
    const uint64_t hundredths = sum.asked * 100 / sum.events;
    const auto bound = bounds.find(name);
    ASSERT_NE(bound, bounds.end()) << name;
    EXPECT_LE(hundredths, bound->second)
        << name << ": " << sum.asked << " in " << sum.events << " events";
  }
  for (const auto& [name, bound] : bounds) {
    EXPECT_TRUE(counter.sums().contains(name)) << name << " never came";
  }
}

}  // namespace
}  // namespace orrery::sim
