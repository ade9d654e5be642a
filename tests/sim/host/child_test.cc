#include "sim/host/child.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "gmock/gmock.h"

namespace orrery::sim {
namespace {

using ::testing::HasSubstr;

void ReadToEnd(Child* child) {
  while (child->ReadSome()) {
  }
}

TEST(ChildTest, WhatItWritesArrives) {
  const std::string long_text(300'000, 'x');
  Child child([&](int out) { WriteAll(out, long_text); });
  ReadToEnd(&child);
  EXPECT_EQ(child.unread(), long_text);
  EXPECT_TRUE(child.Bury().clean);
}

TEST(ChildTest, ADeathSaysWhy) {
  Child child([](int) {
    std::fprintf(stderr, "something before\ninvariant X-1 does not hold\n");
    std::abort();
  });
  ReadToEnd(&child);
  const Child::Death death = child.Bury();
  EXPECT_FALSE(death.clean);
  EXPECT_THAT(death.how, HasSubstr("invariant X-1"));
}

TEST(ChildTest, ASilentDeathIsNamedByItsSignal) {
  Child child([](int) {
    while (true) pause();
  });
  child.Kill();
  const Child::Death death = child.Bury();
  EXPECT_FALSE(death.clean);
  EXPECT_EQ(death.how, "signal 9");
}

TEST(ChildTest, OneThatIsDroppedDoesNotStay) {
  const auto begin_and_drop = [] {
    Child child([](int) {
      while (true) pause();
    });
    Child moved = std::move(child);
  };
  begin_and_drop();  // Ends: the process was killed and waited for.
}

}  // namespace
}  // namespace orrery::sim
