#include "core/ring/ring_state.h"

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/coding.h"
#include "gtest/gtest.h"
#include "tests/core/ring/ring_fixture.h"

namespace orrery {
namespace {

TEST(RingStateTest, EncodingRoundTrips) {
  RingState state = MakeRingState(5, 150, 3);
  state.pristine = true;
  state.members[2].zone = "eu-west-1a";
  state.members[3].status = MemberStatus::kLeaving;
  state.members[3].weight_permille = 1500;

  const std::optional<RingState> decoded =
      DecodeRingState(EncodeRingState(state).view());

  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, state);
}

// The encoding is persisted and hashed: its bytes may not change.
TEST(RingStateTest, EncodingIsPinned) {
  RingState state = MakeRingState(1, 150, 3);

  const Bytes encoding = EncodeRingState(state);

  EXPECT_EQ(encoding.size(), 4 + 16 + 8 + 1 + 24 + 4 + 8 + 4 + 33 + 6 + 1);
  EXPECT_EQ(LoadU32(encoding.data()), 1u);       // Format.
  EXPECT_EQ(LoadU64(encoding.data() + 4), 7u);   // Cluster, high half.
  EXPECT_EQ(LoadU32(encoding.data() + 20), 1u);  // Era.
  EXPECT_EQ(LoadU32(encoding.data() + 24), 5u);  // Seq.
  EXPECT_EQ(encoding.data()[28], std::byte{0});  // Pristine.
  EXPECT_EQ(LoadU32(encoding.data() + 29), 3u);  // N.
  EXPECT_EQ(encoding.text().substr(102, 6), "\x05node1");
}

TEST(RingStateTest, EveryTruncationIsRefused) {
  const Bytes encoding = EncodeRingState(MakeRingState(3, 150, 3));

  for (size_t size = 0; size < encoding.size(); ++size) {
    EXPECT_FALSE(DecodeRingState(encoding.view().first(size)).has_value());
  }
  std::string longer(encoding.text());
  longer.push_back('\0');
  EXPECT_FALSE(DecodeRingState(ViewOf(longer)).has_value());
}

// Whatever a flipped byte decodes to must encode to the same bytes: there is
// no second encoding of any state, so hashes mean something.
TEST(RingStateTest, FlippedBytesAreRefusedOrCanonical) {
  const std::string encoding(EncodeRingState(MakeRingState(3, 150, 3)).text());

  for (size_t i = 0; i < encoding.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string hostile = encoding;
      hostile[i] = static_cast<char>(hostile[i] ^ flip);
      const std::optional<RingState> decoded = DecodeRingState(ViewOf(hostile));
      if (decoded.has_value()) {
        EXPECT_TRUE(IsValid(*decoded));
        EXPECT_EQ(EncodeRingState(*decoded).text(), hostile);
      }
    }
  }
}

TEST(RingStateTest, AClaimOfManyMembersCostsNothing) {
  ByteBuffer hostile;
  const Bytes encoding = EncodeRingState(MakeRingState(1, 1, 3));
  PutBytes(hostile, encoding.view().first(65));
  PutU32(hostile, 0xffffffff);

  EXPECT_FALSE(DecodeRingState(hostile).has_value());
}

TEST(RingStateTest, LimitsAndRulesAreChecked) {
  const RingState good = MakeRingState(3, 150, 3);
  ASSERT_TRUE(IsValid(good));

  RingState state = good;
  state.cluster = {};
  EXPECT_FALSE(IsValid(state)) << "no cluster";
  state = good;
  state.params.replication = 100;
  EXPECT_FALSE(IsValid(state)) << "N above 99";
  state = good;
  state.params.write_quorum = 4;
  EXPECT_FALSE(IsValid(state)) << "W above N";
  state = good;
  state.params.placement = 2;
  EXPECT_FALSE(IsValid(state)) << "unknown placement";
  state = good;
  state.council.clear();
  EXPECT_FALSE(IsValid(state)) << "no council";
  state = good;
  state.council = {NodeId{1}};
  EXPECT_FALSE(IsValid(state)) << "council outside the ring";
  state = good;
  std::swap(state.members[0], state.members[1]);
  EXPECT_FALSE(IsValid(state)) << "members out of order";
  state = good;
  state.members[1].storage = state.members[0].storage;
  EXPECT_FALSE(IsValid(state)) << "shared storage";
  state = good;
  state.members[1].name = "somebody else";
  EXPECT_FALSE(IsValid(state)) << "id is not the name's";
  state = good;
  state.members[1].vnodes = 0;
  EXPECT_FALSE(IsValid(state)) << "no virtual nodes";
  state = good;
  state.members[1].zone = std::string(kZoneBytesMax + 1, 'z');
  EXPECT_FALSE(IsValid(state)) << "zone too long";
}

TEST(RingStateTest, TokensInAllAreBounded) {
  RingState state = MakeRingState(64, 65536, 3);
  EXPECT_TRUE(IsValid(state));  // Exactly 4 million.

  AddMember(state, MakeMember(65, 1));

  EXPECT_FALSE(IsValid(state));
}

}  // namespace
}  // namespace orrery
