#include "core/membership/observers.h"

#include <map>
#include <set>
#include <string>

#include "core/ring/token.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

MemberTable TableOf(int count) {
  MemberTable table;
  for (int i = 0; i < count; ++i) {
    MemberRecord record;
    record.name = "node" + std::to_string(i);
    record.id = NodeIdOf(record.name);
    table.Insert(record, Instant{0});
  }
  return table;
}

TEST(ObserversTest, UpToSevenEveryoneWatchesEveryone) {
  for (const int count : {1, 2, 7}) {
    const MemberTable table = TableOf(count);
    Observers observers;
    observers.Rebuild(table);

    EXPECT_TRUE(observers.IsComplete());
    for (const auto& [subject, member] : table.entries()) {
      EXPECT_EQ(observers.Of(subject).size(), static_cast<size_t>(count - 1));
      EXPECT_FALSE(observers.Watches(subject, subject));
    }
  }
}

TEST(ObserversTest, BeyondSevenSixDistinctOthersWatchEach) {
  const MemberTable table = TableOf(100);
  Observers observers;
  observers.Rebuild(table);

  std::map<NodeId, int> load;
  for (const auto& [subject, member] : table.entries()) {
    const Observers::Set& set = observers.Of(subject);
    EXPECT_EQ(std::set<NodeId>(set.begin(), set.end()).size(), kObserversMax);
    EXPECT_FALSE(observers.Watches(subject, subject));
    for (const NodeId observer : set) ++load[observer];
  }
  for (const auto& [observer, subjects] : load) EXPECT_LE(subjects, 9);
}

TEST(ObserversTest, TheDeadAreNeitherWatchedNorWatching) {
  MemberTable table = TableOf(5);
  const NodeId dead = table.entries().begin()->first;
  table.Mutable(dead)->state = MemberState::kDead;
  Observers observers;
  observers.Rebuild(table);

  EXPECT_TRUE(observers.Of(dead).empty());
  for (const auto& [subject, member] : table.entries()) {
    EXPECT_FALSE(observers.Watches(dead, subject));
  }
}

}  // namespace
}  // namespace orrery
