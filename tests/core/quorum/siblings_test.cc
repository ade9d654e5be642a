// Keys with several values: siblings=true, and what a full key takes (M9).

#include "core/quorum/coordinator_room.h"
#include "core/version/causal_context.h"
#include "gtest/gtest.h"
#include "tests/core/quorum/room_bench.h"

namespace orrery {
namespace {

ClientRequest KeptPut(RoomBench& bench, std::string_view value) {
  ClientRequest request = bench.Request(ClientVerb::kPut, value);
  request.keep = true;
  return request;
}

std::vector<std::string> ValuesOf(const ReadDone& done) {
  std::vector<std::string> values;
  for (const SiblingValue& sibling : done.siblings) {
    values.emplace_back(sibling.value.text());
  }
  return values;
}

TEST(SiblingsTest, BlindWritesStayBesideEachOther) {
  RoomBench bench(1);
  ASSERT_NE(bench.Do<WriteDone>(KeptPut(bench, "a")), nullptr);
  const auto* second = bench.Do<WriteDone>(KeptPut(bench, "b"));
  ASSERT_NE(second, nullptr);
  const uint64_t version = second->version;

  const auto* read = bench.Do<ReadDone>(bench.Request(ClientVerb::kGet));

  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->value.text(), "b");
  EXPECT_EQ(read->version, version);
  EXPECT_EQ(ValuesOf(*read), (std::vector<std::string>{"b", "a"}));
}

TEST(SiblingsTest, AWriteWithTheContextReplacesWhatItSaw) {
  RoomBench bench(1);
  ASSERT_NE(bench.Do<WriteDone>(KeptPut(bench, "a")), nullptr);
  ASSERT_NE(bench.Do<WriteDone>(KeptPut(bench, "b")), nullptr);
  const auto* read = bench.Do<ReadDone>(bench.Request(ClientVerb::kGet));
  ASSERT_NE(read, nullptr);
  ClientRequest merged = KeptPut(bench, "ab");
  merged.context = read->context;
  ASSERT_NE(bench.Do<WriteDone>(KeptPut(bench, "c")), nullptr);

  ASSERT_NE(bench.Do<WriteDone>(merged), nullptr);

  read = bench.Do<ReadDone>(bench.Request(ClientVerb::kGet));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(ValuesOf(*read), (std::vector<std::string>{"ab", "c"}));
}

// M7: who deletes sees all that there is, and removes no more.
TEST(SiblingsTest, ADeleteWithoutContextRemovesWhatItsReadFound) {
  RoomBench bench(1);
  ASSERT_NE(bench.Do<WriteDone>(KeptPut(bench, "a")), nullptr);
  ASSERT_NE(bench.Do<WriteDone>(KeptPut(bench, "b")), nullptr);

  ASSERT_NE(bench.Do<WriteDone>(bench.Request(ClientVerb::kDelete)), nullptr);

  const auto* read = bench.Do<ReadDone>(bench.Request(ClientVerb::kGet));
  ASSERT_NE(read, nullptr);
  EXPECT_FALSE(read->found);
  EXPECT_TRUE(read->deleted);
}

TEST(SiblingsTest, APlainWriteLeavesKeptOnesAlone) {
  RoomBench bench(1);
  ASSERT_NE(bench.Do<WriteDone>(KeptPut(bench, "a")), nullptr);
  ASSERT_NE(bench.Do<WriteDone>(bench.Request(ClientVerb::kPut, "p")), nullptr);
  ASSERT_NE(bench.Do<WriteDone>(bench.Request(ClientVerb::kPut, "q")), nullptr);

  const auto* read = bench.Do<ReadDone>(bench.Request(ClientVerb::kGet));

  ASSERT_NE(read, nullptr);
  EXPECT_EQ(ValuesOf(*read), (std::vector<std::string>{"q", "a"}));
}

TEST(SiblingsTest, AFullKeyTakesNothingFromWhoHasNotSeenIt) {
  RoomBench bench(1);
  for (size_t i = 0; i < kSiblingsFull; ++i) {
    ASSERT_NE(bench.Do<WriteDone>(KeptPut(bench, std::to_string(i))), nullptr);
  }
  EXPECT_TRUE(bench.cluster.Marked("replica.many_siblings"));

  const auto* refused = bench.Do<Refused>(KeptPut(bench, "one more"));

  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kTooManySiblings);
  ClientRequest merged = KeptPut(bench, "all");
  merged.context = refused->context;
  ASSERT_NE(bench.Do<WriteDone>(merged), nullptr);
  const auto* read = bench.Do<ReadDone>(bench.Request(ClientVerb::kGet));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->value.text(), "all");
  EXPECT_TRUE(read->siblings.empty());
}

// A context that covers next to nothing is no way round the limit.
TEST(SiblingsTest, AnOldContextMakesNoRoom) {
  RoomBench bench(1);
  ASSERT_NE(bench.Do<WriteDone>(KeptPut(bench, "first")), nullptr);
  const auto* read = bench.Do<ReadDone>(bench.Request(ClientVerb::kGet));
  ASSERT_NE(read, nullptr);
  const Bytes old = read->context;
  for (size_t i = 0; i < kSiblingsFull; ++i) {
    ASSERT_NE(bench.Do<WriteDone>(KeptPut(bench, std::to_string(i))), nullptr)
        << i;
    if (i + 2 == kSiblingsFull) break;
  }
  ClientRequest late = KeptPut(bench, "late");
  late.context = old;  // Covers one of a hundred.
  ASSERT_NE(bench.Do<WriteDone>(late), nullptr);
  late.value = Bytes::CopyOf("later");

  const auto* refused = bench.Do<Refused>(late);

  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kTooManySiblings);
}

TEST(SiblingsTest, SoManyBytesAreFullToo) {
  RoomBench bench(1);
  const std::string large(kSiblingBytesFull / 4, 'x');
  for (int i = 0; i < 4; ++i) {
    ASSERT_NE(bench.Do<WriteDone>(KeptPut(bench, large)), nullptr) << i;
  }

  const auto* refused = bench.Do<Refused>(KeptPut(bench, "tiny"));

  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kTooManySiblings);
}

// Light seed 450: a first try came after the one that repeated it, and after a
// write that had seen that one.
TEST(SiblingsTest, WhatWasReplacedDoesNotComeBackByBeingRepeated) {
  RoomBench bench(1);
  ClientRequest first = KeptPut(bench, "first");
  first.operation = {{.hi = 11, .lo = 12}};
  const auto* done = bench.Do<WriteDone>(first);
  ASSERT_NE(done, nullptr);
  const uint64_t version = done->version;
  ClientRequest replacing = KeptPut(bench, "second");
  replacing.context = done->context;
  ASSERT_NE(bench.Do<WriteDone>(replacing), nullptr);

  const auto* again = bench.Do<WriteDone>(first);

  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->version, version);
  const auto* read = bench.Do<ReadDone>(bench.Request(ClientVerb::kGet));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->value.text(), "second");
  EXPECT_TRUE(read->siblings.empty());
}

// And under the name that its node gave it.
TEST(SiblingsTest, ALateFirstTryIsKnownByItsRepetition) {
  RoomBench bench(3);
  ClientRequest repeated = KeptPut(bench, "v");
  repeated.operation_token =
      SealOperation(kTestCluster, kKey, kTestOperation, 900);
  bench.Start(repeated);
  bench.cluster.effects.sends.clear();

  bench.Receive(bench.cluster.B(), ForwardWrite{.request = {1, 1},
                                                .verb = ClientVerb::kPut,
                                                .key = std::string(kKey),
                                                .value = Bytes::CopyOf("v"),
                                                .operation = kTestOperation,
                                                .proposed_stamp = 950,
                                                .keep = true,
                                                .remaining = kSecond});

  EXPECT_TRUE(bench.cluster.Marked("room.operation_repeated"));
  const auto sent = bench.cluster.SentTo<ReplicaPut>(bench.cluster.C());
  ASSERT_EQ(sent.size(), 1U);
  ASSERT_EQ(sent[0].object.siblings.size(), 1U);
  EXPECT_EQ(TopStamp(sent[0].object), 900U);
}

// It goes with a forwarded write, both ways.
TEST(SiblingsTest, AForwardedWriteKeepsItsSiblings) {
  RoomBench bench(3);
  bench.Receive(bench.cluster.B(), ForwardWrite{.request = {1, 1},
                                                .verb = ClientVerb::kPut,
                                                .key = std::string(kKey),
                                                .value = Bytes::CopyOf("v"),
                                                .operation = kTestOperation,
                                                .keep = true,
                                                .remaining = kSecond});

  const auto sent = bench.cluster.SentTo<ReplicaPut>(bench.cluster.B());
  ASSERT_EQ(sent.size(), 1U);
  ASSERT_EQ(sent[0].object.siblings.size(), 1U);
  EXPECT_TRUE(sent[0].object.siblings[0].keep);
}

TEST(SiblingsTest, AForwarderSendsTheFlagOn) {
  RoomBench bench(4);
  bench.cluster.BecomeNode(bench.cluster.StandIn(0));
  bench.Start(KeptPut(bench, "v"));

  const auto sent = bench.cluster.SentTo<ForwardWrite>(bench.cluster.A());
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(sent[0].keep);
}

}  // namespace
}  // namespace orrery
