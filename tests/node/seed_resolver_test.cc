#include "node/seed_resolver.h"

#include <chrono>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "transport/peer/endpoint_address.h"

namespace orrery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Endpoint Local(uint16_t port) { return *ParseAddress("127.0.0.1", port); }

std::vector<SeedsEvent> Resolve(const std::vector<std::string>& seeds) {
  boost::asio::io_context loop;
  std::vector<SeedsEvent> delivered;
  SeedResolver resolver(loop, seeds, Local(7001), [&](SeedsEvent event) {
    delivered.push_back(std::move(event));
  });
  resolver.Start();
  loop.run_for(std::chrono::milliseconds(delivered.empty() ? 500 : 10));
  return delivered;
}

TEST(SeedResolverTest, AnEmptyListIsDeliveredAtOnce) {
  const auto delivered = Resolve({});

  ASSERT_THAT(delivered, SizeIs(1));
  EXPECT_THAT(delivered[0].seeds, IsEmpty());
  EXPECT_TRUE(delivered[0].self_first);
}

TEST(SeedResolverTest, LiteralsNeedNoResolving) {
  const auto delivered =
      Resolve({"127.0.0.1:7002", "127.0.0.1:7001", "127.0.0.1:7002"});

  ASSERT_THAT(delivered, SizeIs(1));
  EXPECT_THAT(delivered[0].seeds, ElementsAre(Local(7002), Local(7001)));
  EXPECT_FALSE(delivered[0].self_first);
}

TEST(SeedResolverTest, KnowsWhenTheListBeginsWithThisNode) {
  EXPECT_TRUE(Resolve({"127.0.0.1:7001", "127.0.0.1:7002"})[0].self_first);
}

TEST(SeedResolverTest, NamesAreResolvedToTheFamilyOfThisNode) {
  const auto delivered = Resolve({"localhost:7001"});

  ASSERT_THAT(delivered, SizeIs(1));
  EXPECT_THAT(delivered[0].seeds, ElementsAre(Local(7001)));
  EXPECT_TRUE(delivered[0].self_first);
}

}  // namespace
}  // namespace orrery
