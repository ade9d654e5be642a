// Snapshots of engines in the middle of simulated runs.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "core/base/byte_sink.h"
#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/prng.h"
#include "core/base/stand_in.h"
#include "core/engine/engine.h"
#include "gtest/gtest.h"
#include "sim/listener.h"
#include "sim/run_digest.h"
#include "sim/settings.h"
#include "sim/swarm.h"
#include "sim/world.h"

namespace orrery::sim {
namespace {

constexpr Engine::SnapshotOptions kWhole = {.values = ValueMode::kWhole,
                                            .index = Engine::IndexPart::kWhole};

// What the first process of node 0 was given in a light run.
class Events : public Listener {
 public:
  explicit Events(uint64_t seed)
      : scenario_(SwarmScenario(seed, Profile::kLight)) {
    RunOptions options;
    options.listener = this;
    World(scenario_, options).Run();
  }
  void OnStep(Instant, uint32_t node, const Event& event, const Effects&,
              uint64_t) override {
    if (node != 0) return;
    starts_ += std::holds_alternative<StartEvent>(event.body) ? 1 : 0;
    if (starts_ == 1) events_.push_back(event);
  }
  void OnScenarioStep(Instant, const Step&) override {}
  void OnNote(Instant, uint32_t, const Note&) override {}

  EngineOptions options() const {
    return OptionsOfNode(SettingsOf(scenario_).config, 0);
  }
  const std::vector<Event>& all() const { return events_; }

 private:
  Scenario scenario_;
  std::vector<Event> events_;
  int starts_ = 0;
};

ByteBuffer SnapshotOf(const Engine& engine,
                      const Engine::SnapshotOptions& options) {
  ByteSink out;
  engine.SaveSnapshot(options, out);
  return {out.view().begin(), out.view().end()};
}

void StepAll(Engine& engine, const std::vector<Event>& events, size_t from,
             size_t upto, RunDigest* digest) {
  Effects effects;
  for (size_t i = from; i < upto; ++i) {
    effects.Clear();
    engine.Step(events[i], effects);
    if (digest != nullptr)
      digest->Add(events[i].at.mono, 0, events[i], effects);
  }
}

TEST(SnapshotTest, AnEngineThatWasLoadedGoesOnAsTheOther) {
  for (uint64_t seed = 20; seed < 26; ++seed) {
    const Events events(seed);
    const size_t count = events.all().size();
    Prng random(seed);
    for (int i = 0; i < 6; ++i) {
      // Half of them during recovery and formation.
      const size_t at =
          random.Below(i % 2 == 0 ? std::min<size_t>(count, 300) : count);
      Engine engine(events.options());
      StepAll(engine, events.all(), 0, at, nullptr);
      const ByteBuffer snapshot = SnapshotOf(engine, kWhole);
      Engine other(events.options());

      ASSERT_TRUE(other.LoadSnapshot(snapshot, ValueMode::kWhole));

      EXPECT_EQ(other.StateDigest(), engine.StateDigest());
      EXPECT_EQ(SnapshotOf(other, kWhole), snapshot);
      RunDigest digest;
      RunDigest other_digest;
      const size_t end = std::min(count, at + 2000);
      StepAll(engine, events.all(), at, end, &digest);
      StepAll(other, events.all(), at, end, &other_digest);
      EXPECT_EQ(other_digest.value(), digest.value()) << seed << " at " << at;
      EXPECT_EQ(SnapshotOf(other, kWhole), SnapshotOf(engine, kWhole));
      other.CheckInvariants();
    }
  }
}

// Hostile bytes are refused, or they are the snapshot of something.
TEST(SnapshotTest, ADamagedSnapshotIsRefusedOrIsOne) {
  const Events events(23);
  Engine engine(events.options());
  StepAll(engine, events.all(), 0, events.all().size() / 2, nullptr);
  const ByteBuffer whole = SnapshotOf(engine, kWhole);
  Prng random(7);
  size_t refused = 0;
  for (int i = 0; i < 3000; ++i) {
    ByteBuffer damaged = whole;
    const size_t at = random.Below(damaged.size());
    const auto flipped = static_cast<std::byte>(1 + random.Below(255));
    damaged[at] ^= flipped;
    if (i % 5 == 0) damaged.resize(at);
    Engine other(events.options());
    if (!other.LoadSnapshot(damaged, ValueMode::kWhole)) {
      ++refused;
      continue;
    }
    const ByteBuffer again = SnapshotOf(other, kWhole);
    Engine third(events.options());
    ASSERT_TRUE(third.LoadSnapshot(again, ValueMode::kWhole)) << at;
    ASSERT_EQ(third.StateDigest(), other.StateDigest()) << at;
    ASSERT_EQ(SnapshotOf(third, kWhole), again) << at;
  }
  EXPECT_GT(refused, 600u);
}

TEST(StandInTest, HasTheLengthAndTheChecksum) {
  Prng random(3);
  for (size_t size = 0; size < 600; ++size) {
    ByteBuffer value(size);
    for (std::byte& byte : value) {
      byte = static_cast<std::byte>(random.Below(256));
    }
    ByteBuffer stand_in(size, std::byte{0x55});

    ASSERT_TRUE(FillStandIn(Crc32c(value), size, stand_in.data()));

    EXPECT_EQ(Crc32c(stand_in), Crc32c(value));
    // So few bytes are their checksum.
    EXPECT_EQ(stand_in == value, size <= 4) << size;
  }
}

TEST(StandInTest, FewBytesDoNotHaveEveryChecksum) {
  std::byte bytes[3];
  EXPECT_FALSE(FillStandIn(1, 0, bytes));
  EXPECT_FALSE(FillStandIn(0x12345678, 3, bytes));
}

}  // namespace
}  // namespace orrery::sim
