#include "core/membership/replay_guard.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

DatagramHeader Header(uint32_t seq, uint32_t generation = 1,
                      uint64_t boot_salt = 7, NodeId from = {1}) {
  DatagramHeader header;
  header.from = from;
  header.generation = generation;
  header.seq = seq;
  header.boot_salt = boot_salt;
  return header;
}

TEST(ReplayGuardTest, NoNumberOfOneProcessIsNewTwice) {
  ReplayGuard guard;
  EXPECT_TRUE(guard.IsNew(Header(1)));
  EXPECT_FALSE(guard.IsNew(Header(1)));
  EXPECT_TRUE(guard.IsNew(Header(2)));
  EXPECT_FALSE(guard.IsNew(Header(1)));
  EXPECT_TRUE(guard.IsNew(Header(1, 1, 7, {2}))) << "of another sender";
}

TEST(ReplayGuardTest, WhatTheNetworkReorderedIsNewOnce) {
  ReplayGuard guard;
  EXPECT_TRUE(guard.IsNew(Header(2000)));
  EXPECT_TRUE(guard.IsNew(Header(2000 - kReplayWindow + 1)));
  EXPECT_FALSE(guard.IsNew(Header(2000 - kReplayWindow + 1)));
  EXPECT_FALSE(guard.IsNew(Header(2000 - kReplayWindow))) << "too old to tell";
  EXPECT_TRUE(guard.IsNew(Header(1999)));
  EXPECT_TRUE(guard.IsNew(Header(2001)));
  EXPECT_FALSE(guard.IsNew(Header(1999)));
}

// The slot of a number that was skipped still holds a number 1,024 older.
TEST(ReplayGuardTest, SkippedNumbersAreNewWhenTheyCome) {
  ReplayGuard guard;
  for (uint32_t seq = 1; seq <= kReplayWindow; ++seq) {
    ASSERT_TRUE(guard.IsNew(Header(seq)));
  }
  EXPECT_TRUE(guard.IsNew(Header(kReplayWindow + 9)));
  for (uint32_t seq = kReplayWindow + 1; seq < kReplayWindow + 9; ++seq) {
    EXPECT_TRUE(guard.IsNew(Header(seq))) << seq;
    EXPECT_FALSE(guard.IsNew(Header(seq))) << seq;
  }
}

TEST(ReplayGuardTest, AJumpBeyondTheWindowForgetsIt) {
  ReplayGuard guard;
  EXPECT_TRUE(guard.IsNew(Header(5)));
  EXPECT_TRUE(guard.IsNew(Header(5 + 2 * kReplayWindow)));
  EXPECT_TRUE(guard.IsNew(Header(5 + 2 * kReplayWindow - 1)));
  EXPECT_FALSE(guard.IsNew(Header(5)));
}

TEST(ReplayGuardTest, NumbersWrap) {
  ReplayGuard guard;
  EXPECT_TRUE(guard.IsNew(Header(0xffffffffu)));
  EXPECT_TRUE(guard.IsNew(Header(0)));
  EXPECT_TRUE(guard.IsNew(Header(1)));
  EXPECT_FALSE(guard.IsNew(Header(0xffffffffu)));
}

TEST(ReplayGuardTest, ALaterProcessBeginsAnew) {
  ReplayGuard guard;
  EXPECT_TRUE(guard.IsNew(Header(900, 1, 7)));
  EXPECT_TRUE(guard.IsNew(Header(1, 2, 8)));
  EXPECT_FALSE(guard.IsNew(Header(1, 2, 8)));
}

// Which process is the right one is for others to judge: they must hear both.
TEST(ReplayGuardTest, OtherProcessesOfTheSenderPass) {
  ReplayGuard guard;
  EXPECT_TRUE(guard.IsNew(Header(1, 2, 8)));
  EXPECT_TRUE(guard.IsNew(Header(1, 1, 7)));
  EXPECT_TRUE(guard.IsNew(Header(1, 2, 9)));
  EXPECT_FALSE(guard.IsNew(Header(1, 2, 8)));
}

}  // namespace
}  // namespace orrery
