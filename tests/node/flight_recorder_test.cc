#include "node/flight_recorder.h"

#include <csignal>
#include <filesystem>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "tests/node/flight_bench.h"

namespace orrery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using FlightRecorderTest = FlightBenchTest;

TEST_F(FlightRecorderTest, WhatIsDumpedReplays) {
  Flight flight(temp_.path());
  flight.PutMany(0, 100);

  const auto dump = flight.Dump();

  ASSERT_TRUE(dump.ok()) << dump.status();
  EXPECT_THAT(Files(), ElementsAre(dump->file));
  EXPECT_EQ(dump->bytes, std::filesystem::file_size(dump->file));
  EXPECT_EQ(dump->events, flight.events);
  EXPECT_THAT(Contents(dump->file), Not(HasSubstr("a value")));
  const Replay replay = ReplayOf(dump->file);
  EXPECT_EQ(replay.wrong, "");
  EXPECT_EQ(replay.events, flight.events);
  EXPECT_EQ(replay.checked, flight.events);
  EXPECT_GE(replay.snapshots, 2u);
}

TEST_F(FlightRecorderTest, OneThatNoLongerBeginsAtTheStartReplays) {
  Flight flight(temp_.path(), 400 << 10);
  flight.PutMany(0, 2000);

  const auto dump = flight.Dump();

  ASSERT_TRUE(dump.ok()) << dump.status();
  EXPECT_LT(dump->events, flight.events);
  const Replay replay = ReplayOf(dump->file);
  EXPECT_EQ(replay.wrong, "");
  EXPECT_EQ(replay.events, dump->events);
  EXPECT_EQ(replay.checked, flight.events);
}

TEST_F(FlightRecorderTest, AProcessThatEndsWellLeavesNothing) {
  {
    const Flight flight(temp_.path());
  }

  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(FlightRecorderTest, TheNinthDumpIsRefusedUntilSomeAreTakenAway) {
  Flight flight(temp_.path());
  for (size_t i = 0; i < DumpDirectory::kDumpsMax; ++i) {
    ASSERT_TRUE(flight.Dump().ok());
  }

  const auto ninth = flight.Dump();

  EXPECT_TRUE(absl::IsResourceExhausted(ninth.status()));
  EXPECT_THAT(std::string(ninth.status().message()), HasSubstr("remove some"));
  EXPECT_THAT(Files(), SizeIs(8));
  std::filesystem::remove(Files()[0]);
  EXPECT_TRUE(flight.Dump().ok());
}

TEST_F(FlightRecorderTest, ADumpThatCannotBeWrittenLeavesNoFile) {
  Flight flight(temp_.path());
  std::signal(SIGXFSZ, SIG_IGN);

  LimitFilesTo(1000);
  const auto dump = flight.Dump();
  LimitFilesTo(RLIM_INFINITY);

  EXPECT_TRUE(absl::IsUnavailable(dump.status()));
  EXPECT_THAT(std::string(dump.status().message()),
              HasSubstr("File too large"));
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_TRUE(flight.Dump().ok());
}

TEST_F(FlightRecorderTest, ASnapshotThatIsTooLargeEndsIt) {
  Flight small(temp_.path(), 160 << 10);
  ASSERT_TRUE(small.Dump().ok());
  std::filesystem::remove(Files()[0]);
  small.PutMany(0, 500);

  const absl::Status told = small.recorder->TakeFailure();
  const auto dump = small.Dump();

  EXPECT_THAT(std::string(told.message()), HasSubstr("has ended: a snapshot"));
  EXPECT_TRUE(small.recorder->TakeFailure().ok());  // Once.
  EXPECT_TRUE(absl::IsFailedPrecondition(dump.status()));
  EXPECT_THAT(std::string(dump.status().message()),
              HasSubstr("more than a quarter of --trace-memory; start"));
  EXPECT_THAT(Files(), IsEmpty());
  // The engine keeps nothing for it any more.
  EXPECT_FALSE(small.bench.engine.HasTouched());
}

TEST_F(FlightRecorderTest, AnEventThatIsTooLargeEndsIt) {
  Flight flight(temp_.path(), 64 << 10);
  ASSERT_TRUE(flight.recorder->TakeFailure().ok());
  ClientRequest request;
  request.client = {1, 1};
  request.key = "k";
  request.context = Bytes::CopyOf(std::string(70 << 10, 'c'));

  flight.bench.Deliver(std::move(request));

  EXPECT_THAT(std::string(flight.recorder->TakeFailure().message()),
              HasSubstr("no room in --trace-memory"));
  flight.PutMany(0, 3);
  EXPECT_TRUE(absl::IsFailedPrecondition(flight.Dump().status()));
}

// A snapshot of almost a quarter is not followed by the next one until a
// quarter of events has come.
TEST_F(FlightRecorderTest, ALargeSnapshotDoesNotCallForTheNext) {
  uint64_t snapshot_bytes = 0;
  {
    const Flight flight(temp_.path());
    ByteSink bytes;
    flight.bench.engine.SaveSnapshot({}, bytes);
    snapshot_bytes = bytes.size();
  }
  Flight flight({.memory_bytes = 5 * snapshot_bytes,
                 .directory = temp_.path(),
                 .snapshot_interval = 1'000'000 * kSecond});
  for (int i = 0; i < 3000; ++i) flight.bench.Pass(kMillisecond);

  const auto dump = flight.Dump();

  ASSERT_TRUE(dump.ok()) << dump.status();
  const Replay replay = ReplayOf(dump->file);
  EXPECT_EQ(replay.wrong, "");
  EXPECT_LE(replay.snapshots, 3u);
  EXPECT_GE(dump->events, 100u);
}

}  // namespace
}  // namespace orrery
