#include "transport/wire/codec.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <variant>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/prng.h"
#include "core/membership/gossiper.h"
#include "gmock/gmock.h"
#include "tests/transport/wire/random_message.h"
#include "transport/wire/wire_limits.h"

namespace orrery {
namespace {

using ::testing::Eq;
using ::testing::Optional;

std::string Encoded(const PeerMessage& message) {
  std::string bytes;
  EncodePeerMessage(message, &bytes);
  return bytes;
}

std::string Encoded(const Datagram& datagram) {
  std::string bytes;
  EXPECT_TRUE(EncodeDatagram(datagram, &bytes));
  return bytes;
}

bool IsRefused(const PeerBody& body) {
  return !DecodePeerMessage(ViewOf(Encoded(PeerMessage{{}, body}))).has_value();
}

ReplicaPut PutOfOneSibling() {
  const Dot dot{.actor = {.storage = 7, .generation = 1}, .counter = 3};
  ReplicaPut put;
  put.request = {1, 1};
  put.key = "k";
  put.object.vv.entries.push_back(dot);
  Sibling& sibling = put.object.siblings.emplace_back();
  sibling.dot = dot;
  sibling.stamp = 1;
  sibling.value = Bytes::CopyOf("value");
  return put;
}

TEST(CodecTest, EveryBodyComesBackAsItWas) {
  for (size_t body = 0; body < kPeerBodies; ++body) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
      const PeerMessage message = RandomPeerMessage(seed, body);

      EXPECT_THAT(DecodePeerMessage(ViewOf(Encoded(message))),
                  Optional(Eq(message)))
          << "body " << body << " seed " << seed;
    }
  }
}

TEST(CodecTest, EveryDatagramComesBackAsItWas) {
  for (size_t body = 0; body < kDatagramBodies; ++body) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
      const Datagram datagram = RandomDatagram(seed, body);
      const std::string bytes = Encoded(datagram);

      EXPECT_LE(bytes.size(), kDatagramBytesMax);
      EXPECT_THAT(DecodeDatagram(ViewOf(bytes)), Optional(Eq(datagram)))
          << "body " << body << " seed " << seed;
    }
  }
}

TEST(CodecTest, AMessageOfDefaultsComesBack) {
  const PeerMessage pull{{}, RingPull{}};

  EXPECT_THAT(DecodePeerMessage(ViewOf(Encoded(pull))), Optional(Eq(pull)));
}

TEST(CodecTest, AnyTruncationIsRefused) {
  for (size_t body = 0; body < kPeerBodies; ++body) {
    const std::string bytes = Encoded(RandomPeerMessage(5, body));
    for (size_t size = 0; size < bytes.size(); ++size) {
      std::string_view cut(bytes.data(), size);
      // The cut copy stands alone, so that an over-read is a sanitizer report.
      const std::string alone(cut);
      EXPECT_FALSE(DecodePeerMessage(ViewOf(alone)).has_value())
          << "body " << body << " size " << size;
    }
  }
}

TEST(CodecTest, TrailingBytesAreRefused) {
  const std::string bytes = Encoded(PeerMessage{{}, RingPull{}}) + "x";

  EXPECT_FALSE(DecodePeerMessage(ViewOf(bytes)).has_value());
}

TEST(CodecTest, AnUnknownBodyIsSkipped) {
  // Field 1000, length-delimited and empty.
  const std::string body("\xc2\x3e\x00", 3);
  std::string payload(4, '\0');
  payload[0] = static_cast<char>(body.size());
  payload += body;

  EXPECT_FALSE(DecodePeerMessage(ViewOf(payload)).has_value());
}

TEST(CodecTest, ABodyPastItsLimitIsRefused) {
  std::string payload(4 + kPeerBodyBytesMax + 1, '\0');
  StoreU32(reinterpret_cast<std::byte*>(payload.data()),
           static_cast<uint32_t>(kPeerBodyBytesMax + 1));

  EXPECT_FALSE(DecodePeerMessage(ViewOf(payload)).has_value());
}

TEST(CodecTest, KeysHaveLengthsFromOneToTheLimit) {
  EXPECT_FALSE(
      IsRefused(ReplicaGet{.request = {}, .key = std::string(1, '\0')}));
  EXPECT_FALSE(IsRefused(
      ReplicaGet{.request = {}, .key = std::string(kKeyBytesMax, 'k')}));

  EXPECT_TRUE(IsRefused(ReplicaGet{.request = {}, .key = ""}));
  EXPECT_TRUE(IsRefused(
      ReplicaGet{.request = {}, .key = std::string(kKeyBytesMax + 1, 'k')}));
}

TEST(CodecTest, EnumerationsOutOfRangeAreRefused) {
  EXPECT_TRUE(
      IsRefused(ReplicaPutAck{.request = {}, .status = ReplicaStatus{0}}));
  EXPECT_TRUE(
      IsRefused(ReplicaPutAck{.request = {}, .status = ReplicaStatus{200}}));
  EXPECT_TRUE(
      IsRefused(ReplicaGet{.request = {}, .key = "k", .depth = ReadDepth{4}}));
  ForwardWrite read;
  read.verb = ClientVerb::kGet;
  read.key = "k";
  EXPECT_TRUE(IsRefused(read));
  JoinReject reject;
  reject.why = JoinRejection{11};
  EXPECT_TRUE(IsRefused(reject));
  MemberRecord record;
  record.state = MemberState{5};
  EXPECT_TRUE(IsRefused(MemberSync{.records = {record}}));
}

TEST(CodecTest, AVersionVectorIsSortedWithoutDuplicatesAndZeros) {
  ReplicaPut put = PutOfOneSibling();
  EXPECT_FALSE(IsRefused(put));

  put.object.vv.entries.push_back(put.object.vv.entries[0]);
  EXPECT_TRUE(IsRefused(put));

  put.object.vv.entries.back().actor.storage = 6;
  EXPECT_TRUE(IsRefused(put));

  put.object.vv.entries.back().actor.storage = 8;
  EXPECT_FALSE(IsRefused(put));

  put.object.vv.entries.back().counter = 0;
  EXPECT_TRUE(IsRefused(put));
}

// Either would stop the node that acts on it: a quorum of nobody, and a stamp
// that nothing can outrank.
TEST(CodecTest, ALevelOfNobodyAndStampsFromTheEndOfTimeAreRefused) {
  ForwardWrite forward;
  forward.request = {1, 1};
  forward.key = "k";
  forward.verb = ClientVerb::kPut;
  forward.write_level = {Level::Kind::kNumber, 1};
  EXPECT_TRUE(DecodePeerMessage(ViewOf(Encoded({.body = forward}))));
  forward.write_level.number = 0;
  EXPECT_FALSE(DecodePeerMessage(ViewOf(Encoded({.body = forward}))));

  for (const uint64_t stamp : {uint64_t{0}, kStampMax + 1, UINT64_MAX}) {
    ReplicaPut put = PutOfOneSibling();
    put.object.siblings[0].stamp = stamp;
    EXPECT_FALSE(DecodePeerMessage(ViewOf(Encoded({.body = put})))) << stamp;
  }
}

TEST(CodecTest, SiblingsHaveDistinctDotsThatTheVectorCovers) {
  ReplicaPut twice = PutOfOneSibling();
  twice.object.siblings.push_back(twice.object.siblings[0]);
  EXPECT_TRUE(IsRefused(twice));

  ReplicaPut beyond = PutOfOneSibling();
  beyond.object.siblings[0].dot.counter = 4;
  EXPECT_TRUE(IsRefused(beyond));

  ReplicaPut stranger = PutOfOneSibling();
  stranger.object.siblings[0].dot.actor.generation = 2;
  EXPECT_TRUE(IsRefused(stranger));

  ReplicaPut untidy = PutOfOneSibling();
  untidy.object.vv.entries.push_back({{.storage = 8}, 1});
  untidy.object.siblings.push_back(untidy.object.siblings[0]);
  untidy.object.siblings[1].dot = untidy.object.vv.entries[1];
  untidy.object.siblings[1].keep = true;
  EXPECT_TRUE(IsRefused(untidy));  // The second ranks first.
  std::swap(untidy.object.siblings[0], untidy.object.siblings[1]);
  EXPECT_TRUE(IsRefused(untidy));  // The second is outranked and not kept.
  untidy.object.siblings[1].keep = true;
  EXPECT_FALSE(IsRefused(untidy));

  ReplicaPut loud_tombstone = PutOfOneSibling();
  loud_tombstone.object.siblings[0].tombstone = true;
  EXPECT_TRUE(IsRefused(loud_tombstone));
}

TEST(CodecTest, NothingIsNotStored) {
  ReplicaPut put = PutOfOneSibling();
  put.object = {};
  EXPECT_TRUE(IsRefused(put));
  HintPut hint;
  hint.key = "k";
  EXPECT_TRUE(IsRefused(hint));
  SyncObjects objects;
  objects.objects.push_back({"k", {}});
  EXPECT_TRUE(IsRefused(objects));

  EXPECT_FALSE(IsRefused(ReplicaGetAck{}));  // "Absent" is an answer.
}

TEST(CodecTest, AccusersAreFewSortedAndDistinct) {
  MemberRecord record;
  record.accusers = {{1}, {2}, {3}, {4}};
  EXPECT_FALSE(IsRefused(MemberSync{.records = {record}}));

  record.accusers = {{1}, {2}, {3}, {4}, {5}};
  EXPECT_TRUE(IsRefused(MemberSync{.records = {record}}));

  record.accusers = {{2}, {1}};
  EXPECT_TRUE(IsRefused(MemberSync{.records = {record}}));
}

TEST(CodecTest, ListsPastTheirLimitsAreRefused) {
  EXPECT_FALSE(IsRefused(SyncFetch{
      .session = {}, .tokens = std::vector<uint64_t>(kWireSyncItemsMax, 1)}));
  EXPECT_TRUE(IsRefused(
      SyncFetch{.session = {},
                .tokens = std::vector<uint64_t>(kWireSyncItemsMax + 1, 1)}));
  JoinReject reject;
  reject.seeds.resize(kWireSeedsMax + 1);
  EXPECT_TRUE(IsRefused(reject));
  EXPECT_TRUE(IsRefused(
      MemberSync{.records = std::vector<MemberRecord>(kMembersMax + 1)}));
  const std::string long_name(kNodeNameBytesMax + 1, 'n');
  MemberRecord record;
  record.name = long_name;
  EXPECT_TRUE(IsRefused(MemberSync{.records = {record}}));
}

TEST(CodecTest, ALargeValueIsCarriedWhole) {
  ReplicaPut put = PutOfOneSibling();
  put.object.siblings[0].value =
      Bytes::CopyOf(std::string(kValueBytesMaxDefault, 'v'));
  const PeerMessage message{{}, put};

  EXPECT_THAT(DecodePeerMessage(ViewOf(Encoded(message))),
              Optional(Eq(message)));
}

TEST(CodecTest, ADatagramPastItsLimitIsNotMade) {
  Datagram datagram = RandomDatagram(1, 0);
  MemberRecord record;
  record.name = std::string(kNodeNameBytesMax, 'n');
  datagram.records.assign(20, record);

  std::string bytes = "left over";
  EXPECT_FALSE(EncodeDatagram(datagram, &bytes));
  EXPECT_TRUE(bytes.empty());
}

TEST(CodecTest, ADatagramTakesSixtyFourRecordsAndNoMore) {
  // A stub of 12 bytes, which 64 of fit where the limit is the count.
  MemberRecord stub;
  stub.id.value = 1;
  stub.protocol_min = 0;
  stub.protocol_max = 0;
  Datagram datagram{{}, GossipOnly{}, {}};

  datagram.records.assign(kRecordsPerDatagramMax, stub);
  EXPECT_TRUE(DecodeDatagram(ViewOf(Encoded(datagram))).has_value());

  datagram.records.assign(kRecordsPerDatagramMax + 1, stub);
  EXPECT_FALSE(DecodeDatagram(ViewOf(Encoded(datagram))).has_value());
}

TEST(CodecTest, ADatagramOfThreeNodesAtDefaultsIsSmall) {
  MemberRecord record;
  record.id.value = UINT64_MAX;
  record.incarnation = {7, 1};
  record.name = "node-1";
  record.storage.hi = UINT64_MAX;
  record.storage.lo = UINT64_MAX;
  record.gossip.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1};
  record.gossip.port = 7946;
  record.http_port = 8080;
  record.vnodes = 150;
  record.ring_status = RingStatus::kReady;
  record.boot_salt = UINT64_MAX;
  Datagram datagram{
      {}, Ping{.seq = 1, .target = {}, .view_hash = 1, .wall_ns = 1}, {}};

  const size_t empty = Encoded(datagram).size();
  datagram.records.push_back(record);
  const size_t alive = Encoded(datagram).size() - empty;

  // Membership section 5: about eleven ALIVE records in 1,336 bytes.
  EXPECT_LE(alive, 1336u / 11);
}

// Core cannot ask the codec: its estimate must be an upper bound.
TEST(CodecTest, ARecordTakesNoMoreThanMembershipEstimates) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    Datagram datagram = RandomDatagram(seed, 0);
    size_t estimate = 0;
    for (const MemberRecord& record : datagram.records) {
      if (record.name.empty()) continue;  // A stub has less than was drawn.
      estimate += EstimatedBytes(record);
    }
    std::erase_if(datagram.records,
                  [](const MemberRecord& one) { return one.name.empty(); });
    const size_t with_records = Encoded(datagram).size();
    datagram.records.clear();

    EXPECT_LE(with_records - Encoded(datagram).size(), estimate);
  }
}

TEST(CodecTest, AnyFlippedBitOfADatagramIsRefused) {
  const std::string bytes = Encoded(RandomDatagram(3, 0));
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeDatagram(ViewOf(damaged)).has_value()) << "bit " << bit;
  }
}

// Damages `datagram` before its checksum is made.
std::string Resealed(std::string bytes, size_t at, char value) {
  bytes[at] = value;
  auto* data = reinterpret_cast<std::byte*>(bytes.data());
  StoreU32(data + bytes.size() - 16, Crc32c({data, bytes.size() - 16}));
  return bytes;
}

TEST(CodecTest, AnotherMagicVersionOrFlagIsRefused) {
  const std::string bytes = Encoded(RandomDatagram(3, 0));
  ASSERT_TRUE(DecodeDatagram(ViewOf(bytes)).has_value());

  EXPECT_FALSE(DecodeDatagram(ViewOf(Resealed(bytes, 0, 'x'))).has_value());
  EXPECT_FALSE(DecodeDatagram(ViewOf(Resealed(bytes, 2, 2))).has_value());
  EXPECT_FALSE(DecodeDatagram(ViewOf(Resealed(bytes, 3, 1))).has_value());
}

TEST(CodecTest, RecordsBesideAnUnknownPrimaryAreRead) {
  Datagram datagram = RandomDatagram(4, 0);
  datagram.body = Nack{.seq = 1, .target = {}};
  std::string bytes = Encoded(datagram);
  // Nack is field 5, 0x2a; 0x72 is field 14, which nothing uses.
  ASSERT_EQ(bytes[48], '\x2a');

  const auto decoded = DecodeDatagram(ViewOf(Resealed(bytes, 48, '\x72')));

  ASSERT_TRUE(decoded.has_value());
  EXPECT_TRUE(std::holds_alternative<GossipOnly>(decoded->body));
  EXPECT_EQ(decoded->records, datagram.records);
}

TEST(CodecTest, DamagedPayloadsAreRefusedOrLegal) {
  Prng prng(11);
  for (int i = 0; i < 20'000; ++i) {
    const auto body = static_cast<size_t>(prng.Below(kPeerBodies));
    std::string bytes = Encoded(RandomPeerMessage(prng.Below(100), body));
    const uint64_t flips = 1 + prng.Below(4);
    for (uint64_t flip = 0; flip < flips; ++flip) {
      // Towards the front, where the structure is.
      const uint64_t span = prng.Chance(1, 2) ? 150 : bytes.size();
      const uint64_t at = prng.Below(std::min<uint64_t>(span, bytes.size()));
      bytes[at] = static_cast<char>(prng.Below(256));
    }

    const auto decoded = DecodePeerMessage(ViewOf(bytes));

    if (!decoded.has_value()) continue;
    EXPECT_THAT(DecodePeerMessage(ViewOf(Encoded(*decoded))),
                Optional(Eq(*decoded)));
  }
}

}  // namespace
}  // namespace orrery
