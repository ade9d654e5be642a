#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/base/coding.h"
#include "core/engine/engine.h"
#include "gmock/gmock.h"
#include "sim/listener.h"
#include "sim/scenario_text.h"
#include "sim/settings.h"
#include "sim/swarm.h"
#include "sim/trace/event_codec.h"
#include "sim/trace/trace_reader.h"
#include "sim/trace/trace_replayer.h"
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

ByteBuffer TraceOf(const Sample& sample,
                   ValueMode values = ValueMode::kElided) {
  Engine engine(sample.options);
  TraceWriter writer(sample.options, {.values = values});
  Effects effects;
  for (const Event& event : sample.events) {
    effects.Clear();
    writer.Add(event, engine);
    engine.Step(event, effects);
    writer.AddEffects(event, effects, engine);
  }
  writer.Check(engine);
  const ByteView trace = writer.pending();
  return {trace.begin(), trace.end()};
}

ByteBuffer Encoded(const Event& event, const Stamp& previous) {
  ByteSink out;
  FieldSaver saver(out);
  PutEvent(event, previous, {}, saver);
  return {out.view().begin(), out.view().end()};
}

// What is wrong with it; empty: nothing.
std::string RunAll(ByteView trace, TraceReplayer* replayer) {
  TraceReader reader(trace);
  while (true) {
    const TraceReader::Item item = reader.Next();
    if (std::holds_alternative<TraceReader::End>(item)) return "";
    if (const auto* error = std::get_if<TraceReader::Error>(&item)) {
      return error->what;
    }
    const std::string wrong = replayer->Take(item, reader);
    if (!wrong.empty()) return wrong;
  }
}

// The number of checks that hold; -1: one does not, or something is wrong.
int Replay(ByteView trace, size_t* events = nullptr) {
  TraceReplayer replayer;
  const std::string wrong = RunAll(trace, &replayer);
  if (events != nullptr) *events = replayer.events();
  return wrong.empty() ? static_cast<int>(replayer.checks()) : -1;
}

TEST(TraceTest, EveryEventComesBackAsItWas) {
  const Sample sample = SampleOf(7, 1);
  std::vector<bool> kinds(std::variant_size_v<EventBody>);
  Stamp previous;
  for (const Event& event : sample.events) {
    const ByteBuffer bytes = Encoded(event, previous);
    Reader in(bytes);
    FieldLoader fields(in);
    Event back;
    ASSERT_TRUE(ReadEvent(fields, previous, &back));
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
    FieldLoader fields(in);
    Event back;
    ASSERT_TRUE(ReadEvent(fields, {}, &back));
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
  ByteSink bytes;
  FieldSaver save(bytes);
  save(options);
  Reader in(bytes.view());
  EngineOptions back;
  FieldLoader load(in);
  load(back);
  EXPECT_TRUE(in.AtEnd());
  EXPECT_EQ(back.node_name, "a node");
  EXPECT_EQ(back.skew_bound, options.skew_bound);
  EXPECT_EQ(back.limits.sync_in_flight_max, 3u);
  ByteSink again;
  FieldSaver save_again(again);
  save_again(back);
  EXPECT_EQ(TextOf(again.view()), TextOf(bytes.view()));
}

TEST(TraceTest, AnotherEngineComesToTheSame) {
  const ByteBuffer trace = TraceOf(SampleOf(7, 1));
  size_t events = 0;
  EXPECT_GE(Replay(trace, &events), 2);
  EXPECT_GT(events, kTraceCheckEvery);
}

// What the values of the simulator's clients are filled up with.
bool HoldsAValue(ByteView bytes) {
  return TextOf(bytes).find("xxxxxxxx") != std::string_view::npos;
}

TEST(TraceTest, WithoutTheValuesAnEngineComesToTheSame) {
  int samples = 0;
  for (uint64_t seed = 7; samples < 3; ++seed) {
    const Sample sample = SampleOf(seed, 1);
    const ByteBuffer whole = TraceOf(sample, ValueMode::kWhole);
    if (!HoldsAValue(whole)) continue;  // Its values are short.
    const ByteBuffer elided = TraceOf(sample, ValueMode::kElided);
    ++samples;

    EXPECT_GE(Replay(whole), 1);
    EXPECT_GE(Replay(elided), 1);
    EXPECT_FALSE(HoldsAValue(elided));
    EXPECT_LT(elided.size(), whole.size());
  }
}

// A trace with a snapshot every `every` events, and the one that begins with
// its `first`-th snapshot: what a flight recorder would dump.
ByteBuffer DumpOf(const Sample& sample, size_t every, size_t first) {
  Engine engine(sample.options);
  TraceWriter writer(sample.options, {.digest = RunDigest::Of::kShape});
  const size_t head = writer.pending().size();
  size_t from = head;
  size_t snapshots = 0;
  Effects effects;
  for (size_t i = 0; i < sample.events.size(); ++i) {
    if (i > 0 && i % every == 0) {
      if (++snapshots == first) from = writer.pending().size();
      writer.Snapshot(engine);
    }
    effects.Clear();
    writer.Add(sample.events[i], engine);
    engine.Step(sample.events[i], effects);
    writer.AddEffects(sample.events[i], effects, engine);
    writer.AddTouched(engine);
  }
  writer.Check(engine);
  const ByteView all = writer.pending();
  ByteBuffer dump(all.begin(), all.begin() + static_cast<ptrdiff_t>(head));
  dump.insert(dump.end(), all.begin() + static_cast<ptrdiff_t>(from),
              all.end());
  return dump;
}

TEST(TraceTest, ADumpThatBeginsInTheMiddleComesToTheSame) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const Sample sample = SampleOf(seed, static_cast<uint32_t>(seed % 3));
    for (const size_t every : {997u, 5003u}) {
      for (size_t first = 0; first < 4; ++first) {
        const ByteBuffer dump = DumpOf(sample, every, first);
        TraceReplayer replayer;
        EXPECT_EQ(RunAll(dump, &replayer), "")
            << seed << " " << every << " " << first;
        EXPECT_GT(replayer.events(), 0u);
        if (sample.events.size() > every * (first + 1)) {
          EXPECT_GE(replayer.snapshots(), 1u);
        }
      }
    }
  }
}

TEST(TraceTest, ADumpHasNoValues) {
  Sample sample = SampleOf(7, 1);
  for (uint64_t seed = 8; !HoldsAValue(TraceOf(sample, ValueMode::kWhole));
       ++seed) {
    sample = SampleOf(seed, 1);
  }

  EXPECT_FALSE(HoldsAValue(DumpOf(sample, 300, 2)));
}

TEST(TraceTest, AnEngineThatIsNoLongerWatchedKeepsNothing) {
  const Sample sample = SampleOf(7, 1);
  Engine engine(sample.options);
  Effects effects;
  size_t i = 0;
  const auto step = [&] {
    effects.Clear();
    engine.Step(sample.events[i++], effects);
  };
  while (i < sample.events.size() / 2) step();
  engine.WatchTouches();  // Its store is open.
  while (i < sample.events.size() && !engine.HasTouched()) step();
  ASSERT_LT(i + 100, sample.events.size());

  engine.StopWatching();

  EXPECT_FALSE(engine.HasTouched());
  while (i < sample.events.size()) step();
  EXPECT_FALSE(engine.HasTouched());
}

TEST(TraceTest, AHugeFrameDoesNotKeepItsMemory) {
  TraceWriter writer({}, {});
  Engine engine({});
  ClientRequest request;
  request.key = std::string(3 * kTracePendingBytes, 'k');
  writer.Add({{}, request}, engine);
  ASSERT_GT(writer.pending().size(), request.key.size());

  writer.ClearPending();

  EXPECT_EQ(writer.pending().size(), 0u);
  EXPECT_EQ(writer.pending_capacity(), kTracePendingBytes);
}

TEST(TraceDeathTest, AnEntryThatIsMissingInADumpIsNoticed) {
  const Sample sample = SampleOf(7, 1);
  const ByteBuffer dump = DumpOf(sample, 1009, 2);
  // Without its frames of touched entries.
  ByteBuffer poor(dump.begin(),
                  dump.begin() + static_cast<ptrdiff_t>(kTraceMagic.size()));
  size_t left_out = 0;
  for (size_t at = kTraceMagic.size(); at < dump.size();) {
    const size_t size = kTraceFrameHeaderBytes + LoadU32(dump.data() + at);
    const auto from = dump.begin() + static_cast<ptrdiff_t>(at);
    if (dump[at + kTraceFrameHeaderBytes] ==
        static_cast<std::byte>(TraceFrame::kTouched)) {
      ++left_out;
    } else {
      poor.insert(poor.end(), from, from + static_cast<ptrdiff_t>(size));
    }
    at += size;
  }
  TraceReplayer replayer;

  ASSERT_GT(left_out, 0u);
  EXPECT_EQ(RunAll(dump, &replayer), "");
  // It differs, or it does what a wrong state leads to.
  EXPECT_DEATH(
      {
        TraceReplayer other;
        if (!RunAll(poor, &other).empty()) std::abort();
      },
      "");
}

TEST(TraceTest, AnEngineThatDiffersIsFound) {
  Sample sample = SampleOf(7, 1);
  const ByteBuffer trace = TraceOf(sample);
  // The same events under another option, which only what it tells of itself
  // shows: the frame of the start is replaced.
  ++sample.options.http_port;
  TraceWriter other(sample.options, {});
  const ByteView head = other.pending();
  ByteBuffer changed(head.begin(), head.end());
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
