#include "core/ring/token.h"

#include <string>

#include "core/base/invariant.h"
#include "core/protocol/limits.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

// Values of an independent implementation, written from the description of
// MurmurHash3 in another language.
TEST(TokenTest, VirtualNodesStandWhereTheContractPutsThem) {
  EXPECT_EQ(VnodeToken("node1", 0), 0xb9e688a9096433d3);
  EXPECT_EQ(VnodeToken("node1", 149), 0x9f696e2f2f5bc31c);
  EXPECT_EQ(VnodeToken("node2", 0), 0x363a7428669573c5);
  EXPECT_EQ(VnodeToken("a-node-with-a-rather-long-name.example.org", 65535),
            0x2ae2f407a1ff9942);
}

TEST(TokenTest, KeysStandWhereTheContractPutsThem) {
  EXPECT_EQ(TokenOf("apple"), 0xe59668c380f21c67);
  EXPECT_EQ(TokenOf("ключ"), 0xf66070f271ab02c3);
  EXPECT_EQ(TokenOf(std::string_view("\0", 1)), 0x4610abe56eff5cb5);
}

TEST(TokenTest, ANodeIsItsName) {
  EXPECT_EQ(NodeIdOf("node1").value, 0xab1294d4f56227c6);
  EXPECT_EQ(NodeIdOf("node1").value, TokenOf("node1"));
}

TEST(TokenTest, TheLongestNameAndNumberFit) {
  const std::string name(kNodeNameBytesMax, 'n');

  EXPECT_EQ(VnodeToken(name, 0xffffffff), TokenOf(name + "#vnode4294967295"));
}

}  // namespace
}  // namespace orrery
