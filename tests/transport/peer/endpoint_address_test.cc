#include "transport/peer/endpoint_address.h"

#include "gmock/gmock.h"

namespace orrery {
namespace {

TEST(EndpointAddressTest, AnIpv4AddressIsMappedInTheCoreOnly) {
  const Endpoint endpoint = *ParseAddress("127.0.0.1", 7946);

  EXPECT_THAT(endpoint.ip, ::testing::ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                                  255, 255, 127, 0, 0, 1));
  EXPECT_TRUE(AddressOf(endpoint).is_v4());
  EXPECT_EQ(FormatEndpoint(endpoint), "127.0.0.1:7946");
}

TEST(EndpointAddressTest, AnIpv6AddressStaysItself) {
  const Endpoint endpoint = *ParseAddress("fe80::1", 1);

  EXPECT_TRUE(AddressOf(endpoint).is_v6());
  EXPECT_EQ(FormatEndpoint(endpoint), "[fe80::1]:1");
}

TEST(EndpointAddressTest, SocketAddressesComeBack) {
  for (const char* literal : {"10.1.2.3", "::1", "2001:db8::7"}) {
    const Endpoint endpoint = *ParseAddress(literal, 80);
    EXPECT_EQ(EndpointOf(TcpOf(endpoint).address(), 80), endpoint);
    EXPECT_EQ(EndpointOf(UdpOf(endpoint).address(), 80), endpoint);
  }
}

TEST(EndpointAddressTest, ANameIsNoAddress) {
  EXPECT_FALSE(ParseAddress("localhost", 1).has_value());
  EXPECT_FALSE(ParseAddress("", 1).has_value());
  EXPECT_FALSE(ParseAddress("1.2.3", 1).has_value());
  EXPECT_FALSE(ParseAddress("1.2.3.4:5", 1).has_value());
}

}  // namespace
}  // namespace orrery
