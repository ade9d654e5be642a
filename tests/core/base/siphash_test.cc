#include "core/base/siphash.h"

#include <string>

#include "gtest/gtest.h"

namespace orrery {
namespace {

// The key of the SipHash paper: bytes 00, 01, ... 0f.
constexpr SipKey kPaperKey{.k0 = 0x0706050403020100, .k1 = 0x0f0e0d0c0b0a0908};

std::string CountingBytes(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

TEST(SipHashTest, TwoFourAgreesWithThePaper) {
  EXPECT_EQ(SipHash24(kPaperKey, ViewOf(CountingBytes(15))),
            0xa129ca6149be45e5);
}

TEST(SipHashTest, TwoFourAgreesWithTheReferenceVectors) {
  EXPECT_EQ(SipHash24(kPaperKey, ViewOf("")), 0x726fdb47dd0e0e31);
  EXPECT_EQ(SipHash24(kPaperKey, ViewOf(CountingBytes(1))), 0x74f839c593dc67fd);
  EXPECT_EQ(SipHash24(kPaperKey, ViewOf(CountingBytes(2))), 0x0d6c8009d9a94f5a);
}

// CPython 3.11 hashes bytes with SipHash-1-3; PYTHONHASHSEED=0 is the zero key.
TEST(SipHashTest, OneThreeAgreesWithAnotherImplementation) {
  EXPECT_EQ(SipHash13({}, ViewOf("a")), 0x407448d2b89b1813);
  EXPECT_EQ(SipHash13({}, ViewOf("orrery")), 0x545e6d5d364cfc13);
  EXPECT_EQ(SipHash13({}, ViewOf(CountingBytes(7))), 0x2f098ab0c751325a);
  EXPECT_EQ(SipHash13({}, ViewOf(CountingBytes(8))), 0xead411e67ebe2eea);
  EXPECT_EQ(SipHash13({}, ViewOf(CountingBytes(63))), 0x385d3e39e5f37359);
  EXPECT_EQ(
      SipHash13({}, ViewOf("The quick brown fox jumps over the lazy dog")),
      0x8df676d3d00c451e);
}

TEST(SipHashTest, AnotherKeyGivesAnotherHash) {
  EXPECT_NE(SipHash13({.k0 = 1, .k1 = 0}, ViewOf("orrery")),
            SipHash13({.k0 = 0, .k1 = 1}, ViewOf("orrery")));
}

}  // namespace
}  // namespace orrery
