#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/engine/engine.h"
#include "gmock/gmock.h"
#include "sim/listener.h"
#include "sim/scenario_text.h"
#include "sim/settings.h"
#include "sim/swarm.h"
#include "sim/trace/event_codec.h"
#include "sim/trace/trace_reader.h"
#include "sim/trace/trace_writer.h"
#include "sim/world.h"

namespace orrery::sim {
namespace {

using ::testing::HasSubstr;

// What the first process of one node was given.
class Catcher : public Listener {
 public:
  explicit Catcher(uint32_t node) : node_(node) {}
  void OnStep(Instant, uint32_t node, const Event& event, const Effects&,
              uint64_t) override {
    if (node != node_) return;
    starts_ += std::holds_alternative<StartEvent>(event.body) ? 1 : 0;
    if (starts_ == 1) events.push_back(event);
  }
  void OnScenarioStep(Instant, const Step&) override {}
  void OnNote(Instant, uint32_t, const Note&) override {}

  std::vector<Event> events;

 private:
  uint32_t node_;
  int starts_ = 0;
};

struct Sample {
  EngineOptions options;
  std::vector<Event> events;
};

// Of a whole light run, so that every kind of event is there.
Sample SampleOf(uint64_t seed, uint32_t node) {
  const Scenario scenario = SwarmScenario(seed, Profile::kLight);
  Catcher catcher(node);
  RunOptions options;
  options.listener = &catcher;
  World(scenario, options).Run();
  return {OptionsOfNode(SettingsOf(scenario).config, node),
          std::move(catcher.events)};
}

ByteBuffer TraceOf(const Sample& sample) {
  Engine engine(sample.options);
  TraceWriter writer(sample.options);
  Effects effects;
  for (const Event& event : sample.events) {
    effects.Clear();
    writer.Add(event);
    engine.Step(event, effects);
    writer.AddEffects(event, effects, engine);
  }
  writer.Check(engine);
  return writer.pending();
}

ByteBuffer Encoded(const Event& event, const Stamp& previous) {
  ByteBuffer out;
  PutEvent(event, previous, out);
  return out;
}

// The number of checks that hold; -1: one does not, or something is wrong.
int Replay(ByteView trace, size_t* events = nullptr) {
  TraceReader reader(trace);
  std::unique_ptr<Engine> engine;
  Effects effects;
  RunDigest digest;
  uint64_t taken = 0;
  int checks = 0;
  while (true) {
    TraceReader::Item item = reader.Next();
    if (auto* options = std::get_if<EngineOptions>(&item)) {
      engine = std::make_unique<Engine>(*options);
    } else if (auto* event = std::get_if<Event>(&item)) {
      effects.Clear();
      engine->Step(*event, effects);
      digest.Add(event->at.mono, 0, *event, effects);
      ++taken;
    } else if (auto* check = std::get_if<TraceReader::Check>(&item)) {
      const TraceReader::Check here{taken, engine->StateDigest(),
                                    digest.value()};
      if (here != *check) return -1;
      ++checks;
    } else {
      if (events != nullptr) *events = taken;
      return std::holds_alternative<TraceReader::End>(item) ? checks : -1;
    }
  }
}

TEST(TraceTest, EveryEventComesBackAsItWas) {
  const Sample sample = SampleOf(7, 1);
  std::vector<bool> kinds(std::variant_size_v<EventBody>);
  Stamp previous;
  for (const Event& event : sample.events) {
    const ByteBuffer bytes = Encoded(event, previous);
    Reader in(bytes);
    Event back;
    ASSERT_TRUE(ReadEvent(in, previous, &back));
    ASSERT_TRUE(in.AtEnd());
    ASSERT_EQ(back.at, event.at);
    ASSERT_EQ(back.body.index(), event.body.index());
    // Equal bytes: every field is among them.
    ASSERT_EQ(Encoded(back, previous), bytes);
    kinds[event.body.index()] = true;
    previous = event.at;
  }
  EXPECT_GT(sample.events.size(), 1000u);
  // All but a stop, which no scenario has, and a client that goes away.
  EXPECT_GE(std::count(kinds.begin(), kinds.end(), true), 8);
}

TEST(TraceTest, AStopAndAClientThatGoesComeBackToo) {
  for (const EventBody& body :
       {EventBody{StopEvent{}}, EventBody{ClientGoneEvent{{7, 3}}}}) {
    const Event event{{Instant{5}, WallTime{-9}}, body};
    const ByteBuffer bytes = Encoded(event, {});
    Reader in(bytes);
    Event back;
    ASSERT_TRUE(ReadEvent(in, {}, &back));
    EXPECT_EQ(back.at, event.at);
    EXPECT_EQ(Encoded(back, {}), bytes);
  }
}

TEST(TraceTest, OptionsComeBackAsTheyWere) {
  EngineOptions options;
  options.node_name = "a node";
  options.gossip.port = 7001;
  options.limits.sync_in_flight_max = 3;
  options.skew_bound = 77 * kMillisecond;
  options.sync_writes = true;
  ByteBuffer bytes;
  PutOptions(options, bytes);
  Reader in(bytes);
  EngineOptions back;
  ASSERT_TRUE(ReadOptions(in, &back));
  EXPECT_TRUE(in.AtEnd());
  EXPECT_EQ(back.node_name, "a node");
  EXPECT_EQ(back.skew_bound, options.skew_bound);
  EXPECT_EQ(back.limits.sync_in_flight_max, 3u);
  ByteBuffer again;
  PutOptions(back, again);
  EXPECT_EQ(again, bytes);
}

TEST(TraceTest, AnotherEngineComesToTheSame) {
  const ByteBuffer trace = TraceOf(SampleOf(7, 1));
  size_t events = 0;
  EXPECT_GE(Replay(trace, &events), 2);
  EXPECT_GT(events, kTraceCheckEvery);
}

TEST(TraceTest, AnEngineThatDiffersIsFound) {
  Sample sample = SampleOf(7, 1);
  const ByteBuffer trace = TraceOf(sample);
  // The same events under another option: the frame of the start is replaced.
  sample.options.request_timeout = 3 * kMillisecond;
  const TraceWriter other(sample.options);
  ByteBuffer changed = const_cast<TraceWriter&>(other).pending();
  const size_t start = changed.size();
  changed.insert(changed.end(), trace.begin() + static_cast<ptrdiff_t>(start),
                 trace.end());
  EXPECT_EQ(Replay(changed), -1);
}

TEST(TraceTest, ATornTraceEndsWhereItIsTorn) {
  const ByteBuffer trace = TraceOf(SampleOf(9, 0));
  for (size_t size = trace.size() - 200; size < trace.size(); ++size) {
    EXPECT_GE(Replay(ByteView(trace).first(size)), 1) << size;
  }
}

TEST(TraceTest, EveryFlippedByteIsNoticed) {
  Sample sample = SampleOf(9, 0);
  sample.events.resize(40);
  const ByteBuffer trace = TraceOf(sample);
  for (size_t i = kTraceMagic.size(); i < trace.size(); ++i) {
    ByteBuffer changed = trace;
    changed[i] ^= std::byte{0x40};
    TraceReader reader(changed);
    size_t items = 0;
    TraceReader::Item item = reader.Next();
    while (!std::holds_alternative<TraceReader::End>(item) &&
           !std::holds_alternative<TraceReader::Error>(item)) {
      ++items;
      item = reader.Next();
    }
    // A length that now points beyond the end looks torn; nothing passes.
    const auto* end = std::get_if<TraceReader::End>(&item);
    EXPECT_TRUE(end == nullptr || end->torn) << i;
    EXPECT_LT(items, sample.events.size() + 2) << i;
  }
}

TEST(TraceTest, WhatIsNoTraceIsRefused) {
  TraceReader reader(ViewOf("orrery-sim 1\n"));
  const TraceReader::Item item = reader.Next();
  const auto* error = std::get_if<TraceReader::Error>(&item);
  ASSERT_NE(error, nullptr);
  EXPECT_THAT(error->what, HasSubstr("no trace"));
}

}  // namespace
}  // namespace orrery::sim
