// How a process with a flight recorder dies, and what it leaves.

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "tests/node/flight_bench.h"

namespace orrery {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::KilledBySignal;
using ::testing::SizeIs;

using FlightRecorderDeathTest = FlightBenchTest;

// What a process that died left: its dump.
class Death {
 public:
  Death(const std::vector<std::string>& files) {
    EXPECT_THAT(files, SizeIs(1));
    if (files.size() != 1) return;
    replay = ReplayOf(files[0]);
    EXPECT_THAT(files[0], HasSubstr("/flight-crash-"));
  }
  Replay replay;
};

TEST_F(FlightRecorderDeathTest, ADumpOnRequestDoesNotCostTheOneOfACrash) {
  EXPECT_EXIT(
      {
        Flight flight(temp_.path());
        flight.PutMany(0, 50);
        const auto dump = flight.Dump();
        std::filesystem::remove(dump->file);
        raise(SIGSEGV);
      },
      KilledBySignal(SIGSEGV), "event=trace_dumped file=.*/flight-crash-");

  const Death death(Files());
  EXPECT_EQ(death.replay.wrong, "");
  EXPECT_FALSE(death.replay.torn);
  EXPECT_GE(death.replay.snapshots, 1u);
}

TEST_F(FlightRecorderDeathTest, ADeathInAStepEndsWithItsEvent) {
  uint64_t events = 0;
  {
    const TemporaryDirectory other;
    Flight flight(other.path());
    flight.PutMany(0, 100);
    events = flight.events + 1;
  }
  EXPECT_EXIT(
      {
        Flight flight(temp_.path());
        flight.PutMany(0, 100);
        flight.before_step = [] { raise(SIGFPE); };
        flight.Put(5);
      },
      KilledBySignal(SIGFPE), "event=trace_dumped");

  const Death death(Files());
  EXPECT_EQ(death.replay.wrong, "");
  EXPECT_FALSE(death.replay.torn);
  EXPECT_EQ(death.replay.events, events);
}

// Calls `end` in the first step that touches an entry that its snapshot lacks.
void FlyUntilATouch(Flight& flight, const std::function<void()>& end) {
  flight.PutMany(0, 100);
  flight.after_step = [&flight, &end] {
    if (flight.bench.engine.HasTouched()) end();
  };
  flight.PutMany(100, 150);
}

// As many as a process has taken that dies there.
uint64_t EventsUntilATouch() {
  const TemporaryDirectory other;
  Flight flight(other.path());
  uint64_t events = 0;
  FlyUntilATouch(flight, [&flight, &events] {
    if (events == 0) events = flight.events;
  });
  return events;
}

TEST_F(FlightRecorderDeathTest, WhatTheStepHasTouchedStandsBehindIt) {
  const uint64_t events = EventsUntilATouch();
  EXPECT_EXIT(
      {
        Flight flight(temp_.path());
        FlyUntilATouch(flight, [] { raise(SIGILL); });
      },
      KilledBySignal(SIGILL), "event=trace_dumped");

  const Death death(Files());
  EXPECT_EQ(death.replay.wrong, "");
  EXPECT_FALSE(death.replay.torn);
  EXPECT_EQ(death.replay.events, events);
  EXPECT_TRUE(death.replay.ends_with_touched);
}

// Lets another thread die, and waits for it.
void DieElsewhere() {
  std::thread([] { raise(SIGBUS); }).join();
}

TEST_F(FlightRecorderDeathTest, ADeathOfAnotherThreadLeavesTheStepOut) {
  const uint64_t events = EventsUntilATouch();
  EXPECT_EXIT(
      {
        Flight flight(temp_.path());
        FlyUntilATouch(flight, DieElsewhere);
      },
      KilledBySignal(SIGBUS), "event=trace_dumped");

  const Death death(Files());
  EXPECT_EQ(death.replay.wrong, "");
  EXPECT_FALSE(death.replay.torn);
  EXPECT_EQ(death.replay.events, events - 1);
}

// Of an engine that goes on while its memory is written out.
TEST_F(FlightRecorderDeathTest, ADeathOfAnotherThreadAtAnyTimeReplays) {
  for (int round = 0; round < 5; ++round) {
    EXPECT_EXIT(
        {
          Flight flight(temp_.path(), 1 << 20);
          std::thread other([round] {
            usleep(static_cast<useconds_t>(30'000 + 5'003 * round));
            raise(SIGBUS);
          });
          flight.PutMany(0, 1'000'000);
        },
        KilledBySignal(SIGBUS), "event=trace_dumped");

    const Death death(Files());
    EXPECT_EQ(death.replay.wrong, "");
    EXPECT_FALSE(death.replay.torn);
    EXPECT_GT(death.replay.events, 10u);
    std::filesystem::remove(Files()[0]);
  }
}

// With a lot to write, all in the same moment, the engine's among them, in the
// middle of a step.
void DieTogether(Flight& flight) {
  ClientRequest request;
  request.client = {1, 1};
  request.context = Bytes::CopyOf(std::string(1 << 20, 'c'));
  for (int i = 0; i < 40; ++i) flight.bench.Deliver(request);
  std::atomic<bool> goes_on = false;
  std::vector<std::thread> others;
  for (int i = 0; i < 4; ++i) {
    others.emplace_back([&goes_on] {
      while (!goes_on) {
      }
      raise(SIGSEGV);
    });
  }
  flight.before_step = [&goes_on] {
    goes_on = true;
    raise(SIGSEGV);
  };
  flight.Put(5);
}

// The others wait until it has written all, which takes some time.
TEST_F(FlightRecorderDeathTest, OfThreadsThatDieTogetherOneDumps) {
  EXPECT_EXIT(
      {
        Flight flight(temp_.path(), size_t{256} << 20);
        DieTogether(flight);
      },
      KilledBySignal(SIGSEGV), "event=trace_dumped");

  ASSERT_THAT(Files(), SizeIs(1));
  EXPECT_GT(std::filesystem::file_size(Files()[0]), size_t{40} << 20);
}

// Without sanitizers, which have something to say of it themselves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
int Deeper(volatile int* above) {
  volatile int here[1024] = {*above};
  return *above < 0 ? 0 : Deeper(here) + here[1];
}

void OverflowTheStack() {
  rlimit limit{};
  getrlimit(RLIMIT_STACK, &limit);
  limit.rlim_cur = 8 << 20;  // Some have none.
  setrlimit(RLIMIT_STACK, &limit);
  volatile int depth = 0;
  depth = Deeper(&depth);
}

TEST_F(FlightRecorderDeathTest, AStackThatOverflowsIsDumped) {
  EXPECT_EXIT(
      {
        Flight flight(temp_.path());
        flight.PutMany(0, 50);
        flight.before_step = OverflowTheStack;
        flight.Put(5);
      },
      KilledBySignal(SIGSEGV), "event=trace_dumped");

  EXPECT_EQ(Death(Files()).replay.wrong, "");
}
#endif

TEST_F(FlightRecorderDeathTest, LastWordsAreDumpedOnce) {
  EXPECT_EXIT(
      {
        Flight flight(temp_.path());
        flight.before_step = [&flight] {
          const auto dump = flight.recorder->DumpLastWords();
          if (dump.ok()) std::fprintf(stderr, "said %s\n", dump->c_str());
          std::abort();
        };
        flight.Put(5);
      },
      KilledBySignal(SIGABRT), "^said .*/flight-crash-.*\n$");

  const Death death(Files());
  EXPECT_EQ(death.replay.wrong, "");
  EXPECT_FALSE(death.replay.torn);
}

TEST_F(FlightRecorderDeathTest, LastWordsThatCannotBeWrittenAreNotSaidToBe) {
  EXPECT_EXIT(
      {
        Flight flight(temp_.path());
        std::signal(SIGXFSZ, SIG_IGN);
        LimitFilesTo(1000);
        const auto dump = flight.recorder->DumpLastWords();
        std::fprintf(stderr, "%s\n", dump.status().ToString().c_str());
        std::abort();
      },
      KilledBySignal(SIGABRT),
      "^UNAVAILABLE: only a part could be written: .*/flight-crash-.*: File "
      "too large\n$");
}

TEST_F(FlightRecorderDeathTest, ACrashThatCannotBeWrittenSaysSo) {
  EXPECT_EXIT(
      {
        Flight flight(temp_.path() + "/below");
        std::filesystem::remove(temp_.path() + "/below");
        std::ofstream(temp_.path() + "/below").flush();
        raise(SIGSEGV);
      },
      KilledBySignal(SIGSEGV),
      "event=trace_not_dumped errno=20 why=\"no file could be made\"\n");
}

// A process that dies at every start does not fill the disk.
TEST_F(FlightRecorderDeathTest, TheNinthCrashIsNotDumped) {
  FillWith(7);
  EXPECT_EXIT(
      {
        const Flight flight(temp_.path());
        raise(SIGSEGV);
      },
      KilledBySignal(SIGSEGV), "event=trace_dumped");
  EXPECT_THAT(Files(), SizeIs(8));

  EXPECT_EXIT(
      {
        const Flight flight(temp_.path());
        const std::string told(flight.recorder->TakeFailure().message());
        std::fprintf(stderr, "%s\n", told.c_str());
        raise(SIGSEGV);
      },
      KilledBySignal(SIGSEGV),
      "holds 8 dumps: until some are removed, a crash.*\n.*trace_not_dumped");

  EXPECT_THAT(Files(), SizeIs(8));
}

TEST_F(FlightRecorderDeathTest, OneThatHasEndedSaysSoAtADeath) {
  EXPECT_EXIT(
      {
        Flight small(temp_.path(), 8 << 10);
        small.PutMany(0, 100);
        raise(SIGSEGV);
      },
      KilledBySignal(SIGSEGV), "trace_not_dumped.*had ended before");

  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(FlightRecorderDeathTest, AProcessWithoutDescriptorsIsDumped) {
  EXPECT_EXIT(
      {
        const Flight flight(temp_.path());
        rlimit few{};
        getrlimit(RLIMIT_NOFILE, &few);
        few.rlim_cur = 64;
        setrlimit(RLIMIT_NOFILE, &few);
        while (dup(0) >= 0) {
        }
        raise(SIGSEGV);
      },
      KilledBySignal(SIGSEGV), "event=trace_dumped");

  EXPECT_EQ(Death(Files()).replay.wrong, "");
}

}  // namespace
}  // namespace orrery
