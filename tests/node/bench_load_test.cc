#include "node/bench_load.h"

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
