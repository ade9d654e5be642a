// What the executable does when an invariant fails: this test is linked with
// node/invariant_failed.cc, not with what other tests do.

#include "node/last_words.h"

#include <cstdio>
#include <thread>

#include "core/base/invariant.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

void Say(const char* what) { std::fprintf(stderr, "%s\n", what); }

TEST(LastWordsDeathTest, AFailedInvariantIsNamedBeforeTheyAreSaid) {
  EXPECT_DEATH(
      {
        SetLastWords([] { Say("the trace is written"); });
        ORRERY_INVARIANT(1 + 1 == 3);
      },
      "event=invariant_failed at=.*last_words_test.cc:[0-9]+ "
      "what=\"1 \\+ 1 == 3\"(.|\n)*the trace is written");
}

TEST(LastWordsDeathTest, WordsThatFailThemselvesAreNotSaidAgain) {
  EXPECT_DEATH(
      {
        SetLastWords([] {
          Say("once");
          ORRERY_INVARIANT(2 == 3);
        });
        ORRERY_INVARIANT(1 == 3);
      },
      "1 == 3(.|\n)*once\n.*2 == 3\"\n$");
}

TEST(LastWordsDeathTest, AnotherThreadDoesNotSayThem) {
  EXPECT_DEATH(
      {
        SetLastWords([] { Say("in the middle of a step"); });
        std::thread([] { ORRERY_INVARIANT(1 == 3); }).join();
      },
      "1 == 3\"\n$");
}

TEST(LastWordsDeathTest, WithoutAnyTheProcessStillEnds) {
  EXPECT_DEATH(
      {
        SetLastWords([] { Say("of another time"); });
        SetLastWords(nullptr);
        ORRERY_INVARIANT(1 == 3);
      },
      "1 == 3\"\n$");
}

}  // namespace
}  // namespace orrery
