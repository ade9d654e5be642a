#include "core/base/hash.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

uint64_t HashOfTwo(std::string_view a, std::string_view b) {
  Hasher hasher;
  hasher.AddText(a);
  hasher.AddText(b);
  return hasher.Value();
}

TEST(HasherTest, WhereOneFieldEndsMatters) {
  EXPECT_NE(HashOfTwo("ab", "c"), HashOfTwo("a", "bc"));
}

TEST(HasherTest, OrderMatters) {
  EXPECT_NE(HashOfTwo("a", "b"), HashOfTwo("b", "a"));
}

TEST(HasherTest, TrailingZerosMatter) {
  EXPECT_NE(HashOfTwo("a", ""), HashOfTwo(std::string_view("a\0", 2), ""));
}

}  // namespace
}  // namespace orrery
