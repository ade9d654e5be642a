#include "sim/signature.h"

#include <gtest/gtest.h>

namespace orrery::sim {
namespace {

TEST(SignatureTest, NamesAndNumbersAreTakenOut) {
  EXPECT_EQ(ShapeOf("The put 118 of k17 was acknowledged at 41.203s."),
            "The put # of # was acknowledged at #.");
}

TEST(SignatureTest, AListOfNamesIsOneHoweverLong) {
  const std::string one = ShapeOf("stored by n1, and no owner has it.");
  EXPECT_EQ(one, "stored by # and no owner has it.");
  EXPECT_EQ(ShapeOf("stored by n1 and n2, and no owner has it."), one);
  EXPECT_EQ(ShapeOf("stored by n0, n1 and n2, and no owner has it."), one);
}

TEST(SignatureTest, WordsAreKept) {
  EXPECT_EQ(ShapeOf("n1 and some other words"), "# and some other words");
  EXPECT_EQ(ShapeOf(""), "");
}

TEST(SignatureTest, DeathsDifferByTheirWordsAndNotByAddress) {
  const Violation one{.oracle = "O0",
                      .property = "invariant-or-crash",
                      .sentence = "==17==ERROR: heap-use-after-free 0x6020af",
                      .op = 0,
                      .key = 0,
                      .at = {}};
  Violation two = one;
  two.sentence = "==9==ERROR: heap-use-after-free 0x7f11";
  EXPECT_EQ(SignatureOf(one), SignatureOf(two));
  two.sentence = "==9==ERROR: stack-overflow 0x7f11";
  EXPECT_NE(SignatureOf(one), SignatureOf(two));
}

}  // namespace
}  // namespace orrery::sim
