#include "core/membership/incarnation.h"

#include <string>

#include "core/protocol/limits.h"
#include "core/ring/ring_state.h"
#include "core/ring/token.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

MemberRecord RecordOf(uint32_t generation, uint32_t counter,
                      MemberState state) {
  MemberRecord record;
  record.name = "node1";
  record.id = NodeIdOf(record.name);
  record.gossip.port = 7001;
  record.incarnation = {.generation = generation, .counter = counter};
  record.state = state;
  return record;
}

TEST(IncarnationTest, AHigherIncarnationWinsWhateverTheStates) {
  const MemberRecord dead = RecordOf(5, 2, MemberState::kDead);

  EXPECT_EQ(Judge(dead, RecordOf(5, 3, MemberState::kAlive), false),
            Judgement::kNewer);
  EXPECT_EQ(Judge(dead, RecordOf(6, 0, MemberState::kAlive), false),
            Judgement::kNewer);
  EXPECT_EQ(Judge(dead, RecordOf(5, 1, MemberState::kLeft), false),
            Judgement::kOlder);
  EXPECT_EQ(Judge(dead, RecordOf(4, 100, MemberState::kDead), false),
            Judgement::kOlder);
}

TEST(IncarnationTest, AtEqualIncarnationTheStrongerStateWins) {
  const MemberState states[] = {MemberState::kAlive, MemberState::kSuspect,
                                MemberState::kDead, MemberState::kLeft};
  for (int held = 0; held < 4; ++held) {
    for (int incoming = 0; incoming < 4; ++incoming) {
      const Judgement expected = incoming == held  ? Judgement::kSame
                                 : incoming > held ? Judgement::kNewer
                                                   : Judgement::kOlder;
      EXPECT_EQ(Judge(RecordOf(5, 2, states[held]),
                      RecordOf(5, 2, states[incoming]), false),
                expected);
    }
  }
}

TEST(IncarnationTest, ALeapingCounterIsBelievedOnlyFromItsSubject) {
  const MemberRecord held = RecordOf(5, 10, MemberState::kAlive);
  const MemberRecord near =
      RecordOf(5, 10 + kCounterLeapMax, MemberState::kSuspect);
  const MemberRecord far =
      RecordOf(5, 11 + kCounterLeapMax, MemberState::kSuspect);
  const MemberRecord next =
      RecordOf(6, 1 + kCounterLeapMax, MemberState::kSuspect);

  EXPECT_EQ(Judge(held, near, false), Judgement::kNewer);
  EXPECT_EQ(Judge(held, far, false), Judgement::kRefused);
  EXPECT_EQ(Judge(held, far, true), Judgement::kNewer);
  EXPECT_EQ(Judge(held, next, false), Judgement::kRefused);
}

TEST(IncarnationTest, ImplausibleRecordsAreRecognised) {
  const MemberRecord good = RecordOf(1, 0, MemberState::kAlive);
  ASSERT_TRUE(IsPlausible(good));

  MemberRecord bad = good;
  bad.id = NodeId{7};
  EXPECT_FALSE(IsPlausible(bad)) << "the id is not the name's";
  bad = good;
  bad.name.clear();
  EXPECT_FALSE(IsPlausible(bad)) << "an ALIVE says who it is";
  bad.state = MemberState::kSuspect;
  EXPECT_TRUE(IsPlausible(bad)) << "an accusation need not";
  bad = good;
  bad.gossip = {};
  EXPECT_FALSE(IsPlausible(bad)) << "no address";
  bad = good;
  bad.accusers.resize(kAccusersMax + 1);
  EXPECT_FALSE(IsPlausible(bad)) << "too many accusers";
  bad = good;
  bad.zone = std::string(kZoneBytesMax + 1, 'z');
  EXPECT_FALSE(IsPlausible(bad)) << "zone too long";
}

// Light seed 1705: the salt of the process before made the restarted member
// look like a double of itself.
TEST(IncarnationTest, AnAccusationOfALaterProcessHasNoSalt) {
  MemberRecord described = RecordOf(1, 4, MemberState::kAlive);
  described.boot_salt = 77;
  MemberRecord same = AccusationOf(RecordOf(1, 4, MemberState::kSuspect));
  MemberRecord later = AccusationOf(RecordOf(2, 0, MemberState::kSuspect));

  Describe(same, described);
  Describe(later, described);

  EXPECT_EQ(same.boot_salt, 77U);
  EXPECT_EQ(later.boot_salt, 0U);
  EXPECT_EQ(later.name, described.name);
  EXPECT_EQ(later.state, MemberState::kSuspect);
  EXPECT_EQ(later.incarnation, (Incarnation{.generation = 2, .counter = 0}));
}

TEST(IncarnationTest, AccusersUniteSortedAndBounded) {
  MemberRecord record = RecordOf(1, 0, MemberState::kSuspect);
  for (const uint64_t accuser : {50u, 10u, 40u, 20u, 30u, 10u}) {
    AddAccuser(record, NodeId{accuser});
  }

  EXPECT_EQ(record.accusers, (std::vector<NodeId>{{10}, {20}, {30}, {40}}));
  EXPECT_FALSE(AddAccuser(record, NodeId{60}));
  MemberRecord other = RecordOf(1, 0, MemberState::kSuspect);
  other.accusers = {NodeId{5}};
  EXPECT_TRUE(UniteAccusers(record, other));
  EXPECT_EQ(record.accusers, (std::vector<NodeId>{{5}, {10}, {20}, {30}}));
  EXPECT_FALSE(UniteAccusers(record, other));
}

}  // namespace
}  // namespace orrery
