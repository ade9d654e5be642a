#include "node/admin_pages.h"

#include <boost/json/parse.hpp>

#include "gtest/gtest.h"

namespace orrery {
namespace {

TEST(UptimeTextTest, LeavesLeadingZerosOut) {
  EXPECT_EQ(UptimeText({}), "0s");
  EXPECT_EQ(UptimeText(59 * kSecond), "59s");
  EXPECT_EQ(UptimeText(60 * kSecond), "1m 0s");
  EXPECT_EQ(UptimeText(2 * kHour + 15 * kMinute + 30 * kSecond), "2h 15m 30s");
  EXPECT_EQ(UptimeText(50 * kHour), "50h 0m 0s");
}

TEST(OwnershipOfTest, SharesAreTheArcsBeforeTheTokens) {
  const uint64_t quarter = uint64_t{1} << 62;
  const auto shares = OwnershipOf(
      {{quarter, NodeId{1}}, {2 * quarter, NodeId{2}}, {3 * quarter, {1}}});

  EXPECT_DOUBLE_EQ(shares.at(NodeId{1}), 0.75);
  EXPECT_DOUBLE_EQ(shares.at(NodeId{2}), 0.25);
}

TEST(OwnershipOfTest, OneTokenOwnsTheRing) {
  EXPECT_DOUBLE_EQ(OwnershipOf({{7, NodeId{1}}}).at(NodeId{1}), 1.0);
  EXPECT_TRUE(OwnershipOf({}).empty());
}

TEST(AdminPagesTest, PagesOfANodeThatHasNotStartedAreJson) {
  EngineOptions options;
  options.node_name = "a";
  const Engine engine(options);
  const NodeFacts facts = {"a", "127.0.0.1:8080", kSecond};

  const boost::json::value status =
      boost::json::parse(StatusPage(engine, facts));
  EXPECT_EQ(status.at("node_id"), "a");
  EXPECT_EQ(status.at("address"), "127.0.0.1:8080");
  EXPECT_EQ(status.at("uptime"), "1s");
  EXPECT_EQ(status.at("storage").at("active_keys"), 0);
  EXPECT_TRUE(status.at("cluster").at("nodes").is_array());

  const boost::json::value ring = boost::json::parse(RingPage(engine, "k"));
  EXPECT_TRUE(ring.at("tokens").is_array());
  EXPECT_TRUE(ring.at("ownership").is_object());
  EXPECT_TRUE(ring.at("preference").is_array());
  EXPECT_EQ(boost::json::parse(StatsPage(engine)).at("damage").at("records"),
            0);
  const auto space = boost::json::parse(StatsPage(engine)).at("space");
  EXPECT_EQ(space.at("state"), "normal");
  EXPECT_EQ(space.at("free"), 0);
  EXPECT_EQ(space.at("reserve"), 0);
  EXPECT_EQ(boost::json::parse(HealthPage(facts)).at("status"), "healthy");
}

}  // namespace
}  // namespace orrery
