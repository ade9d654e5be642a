#include "node/bench_load.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>

#include "gtest/gtest.h"
#include "tests/node/local_server.h"

namespace orrery {
namespace {

TEST(BenchLoadTest, CountsEveryRequestOnce) {
  LocalServer server;
  BenchOptions options;
  options.targets = {{"127.0.0.1", server.port()}};
  options.requests = 500;
  options.concurrency = 7;
  options.write_ratio = 0.25;

  const auto result = RunBenchLoad(options);

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->reads.count() + result->writes.count(), 500u);
  EXPECT_GT(result->reads.count(), result->writes.count());
  EXPECT_GT(result->writes.count(), 0u);
  EXPECT_EQ(result->statuses.at(200), 500u);
  EXPECT_EQ(result->broken_connections, 0u);
  EXPECT_GT(result->elapsed.ns, 0);
}

TEST(BenchLoadTest, WritesOnlyOrReadsOnly) {
  LocalServer server;
  BenchOptions options;
  options.targets = {{"127.0.0.1", server.port()}};
  options.requests = 50;
  options.raw = true;
  for (const double ratio : {0.0, 1.0}) {
    options.write_ratio = ratio;

    const auto result = RunBenchLoad(options);

    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->writes.count(), ratio == 0.0 ? 0u : 50u);
    EXPECT_EQ(result->statuses.at(200), 50u);
  }
}

TEST(BenchLoadTest, ARefusalIsNoServedRequest) {
  LocalServer server;
  server.RefuseAll();
  BenchOptions options;
  options.targets = {{"127.0.0.1", server.port()}};
  options.requests = 50;

  const auto result = RunBenchLoad(options);

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->reads.count() + result->writes.count(), 0u);
  EXPECT_EQ(result->statuses.at(503), 50u);
}

TEST(BenchLoadTest, AnOpenLoopSendsAtItsRate) {
  LocalServer server;
  BenchOptions options;
  options.targets = {{"127.0.0.1", server.port()}};
  options.requests = 100;
  options.rate = 500;

  const auto result = RunBenchLoad(options);

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->statuses.at(200), 100u);
  EXPECT_GE(result->elapsed, 198 * kMillisecond);  // The last is due then.
  EXPECT_EQ(result->unsent, 0u);
  EXPECT_EQ(result->unanswered, 0u);
}

// A server that answers nothing for a while, as one that collects garbage.
TEST(BenchLoadTest, AnOpenLoopCountsFromWhenARequestWasDue) {
  LocalServer server;
  server.SleepOnce(std::chrono::milliseconds(400));
  BenchOptions options;
  options.targets = {{"127.0.0.1", server.port()}};
  options.requests = 500;
  options.concurrency = 2;
  options.rate = 1000;

  const auto open = RunBenchLoad(options);
  server.SleepOnce(std::chrono::milliseconds(400));
  options.rate = 0;
  const auto closed = RunBenchLoad(options);

  ASSERT_TRUE(open.ok()) << open.status();
  ASSERT_TRUE(closed.ok()) << closed.status();
  LatencyHistogram latency = open->reads;
  latency.Add(open->writes);
  EXPECT_EQ(latency.count(), 500u);
  // Some 400 of 500 were due while it slept, half of them 200 ms before its
  // end.  A closed loop asks two meanwhile.
  EXPECT_GE(latency.Percentile(600'000), 100 * kMillisecond);
  LatencyHistogram closed_latency = closed->reads;
  closed_latency.Add(closed->writes);
  EXPECT_LT(closed_latency.Percentile(600'000), 100 * kMillisecond);
}

TEST(BenchLoadTest, EndsWithItsDuration) {
  LocalServer server;
  BenchOptions options;
  options.targets = {{"127.0.0.1", server.port()}};
  options.requests = UINT64_MAX;
  options.duration = 200 * kMillisecond;
  for (const uint64_t rate : {0u, 1000u}) {
    options.rate = rate;

    const auto result = RunBenchLoad(options);

    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->elapsed, options.duration);
    EXPECT_GT(result->statuses.at(200), 0u);
    if (rate > 0) {
      EXPECT_LE(result->statuses.at(200), 200u);
    }
    EXPECT_EQ(result->unanswered, 0u);
  }
}

TEST(BenchLoadTest, SaysHowManyWereDueAndNotSent) {
  LocalServer server;
  server.SleepOnce(std::chrono::milliseconds(400));
  BenchOptions options;
  options.targets = {{"127.0.0.1", server.port()}};
  options.requests = UINT64_MAX;
  options.concurrency = 1;
  options.rate = 1000;
  options.duration = 200 * kMillisecond;

  const auto result = RunBenchLoad(options);

  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->statuses.at(200) + result->unsent, 200u);
  EXPECT_GT(result->unsent, 100u);
}

TEST(BenchLoadTest, AnInterruptKeepsWhatWasMeasured) {
  LocalServer server;
  std::atomic<bool> interrupt = false;
  BenchOptions options;
  options.targets = {{"127.0.0.1", server.port()}};
  options.requests = UINT64_MAX;
  options.interrupt = &interrupt;
  std::thread interrupter([&interrupt] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    interrupt = true;
  });

  const auto result = RunBenchLoad(options);

  interrupter.join();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->interrupted);
  EXPECT_GT(result->statuses.at(200), 0u);
  EXPECT_LE(result->unanswered, options.concurrency);
}

TEST(BenchLoadTest, EndsWhenItsOnlyTargetDies) {
  std::optional<LocalServer> server(std::in_place);
  BenchOptions options;
  options.targets = {{"127.0.0.1", server->port()}};
  options.requests = UINT64_MAX;
  std::thread killer([&server] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    server.reset();
  });

  const auto result = RunBenchLoad(options);

  killer.join();
  EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable);
}

TEST(BenchLoadTest, ATargetThatIsNotThereIsAnError) {
  BenchOptions options;
  options.targets = {{"127.0.0.1", 1}};

  EXPECT_EQ(RunBenchLoad(options).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace orrery
