#include "transport/clock/machine.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

TEST(MachineTest, ABootIdIsTheNumberOfItsDigits) {
  const auto id = ParseBootId("f81d4fae-7dec-11d0-a765-00a0c91e6bf6\n");

  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id->hi, 0xf81d4fae7dec11d0u);
  EXPECT_EQ(id->lo, 0xa76500a0c91e6bf6u);
}

TEST(MachineTest, WhatIsNoUuidIsRefused) {
  EXPECT_FALSE(ParseBootId("").ok());
  EXPECT_FALSE(ParseBootId("f81d4fae").ok());
  EXPECT_FALSE(ParseBootId("f81d4fae-7dec-11d0-a765-00a0c91e6bf60").ok());
  EXPECT_FALSE(ParseBootId("g81d4fae-7dec-11d0-a765-00a0c91e6bf6").ok());
}

TEST(MachineTest, TheBootIdStaysWhileTheMachineRuns) {
  const auto first = ReadBootId();
  ASSERT_TRUE(first.ok()) << first.status();

  EXPECT_EQ(*first, *ReadBootId());
  EXPECT_FALSE(first->IsZero());
}

TEST(MachineTest, EntropyDiffersEachTime) {
  const auto first = ReadEntropy();
  ASSERT_TRUE(first.ok()) << first.status();

  EXPECT_NE(*first, *ReadEntropy());
}

}  // namespace
}  // namespace orrery
