#include "transport/wire/frame.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/transport/wire/random_message.h"
#include "transport/wire/codec.h"

namespace orrery {
namespace {

std::string StreamOf(const std::vector<PeerMessage>& messages) {
  std::string stream(kLinkPreface);
  for (const PeerMessage& message : messages) {
    EXPECT_TRUE(AppendFrame(message, &stream));
  }
  return stream;
}

std::vector<PeerMessage> SomeMessages() {
  std::vector<PeerMessage> messages;
  for (size_t body = 0; body < kPeerBodies; ++body) {
    messages.push_back(RandomPeerMessage(body, body));
  }
  return messages;
}

// Feeds `stream` in pieces of `piece` bytes.
std::vector<PeerMessage> ReadAll(FrameReader* reader, std::string_view stream,
                                 size_t piece) {
  std::vector<PeerMessage> messages;
  for (size_t at = 0; at < stream.size(); at += piece) {
    // A copy of its own: a read past the piece is a sanitizer report.
    const std::string bytes(stream.substr(at, piece));
    reader->Feed(ViewOf(bytes));
    while (const auto payload = reader->Next()) {
      auto message = DecodePeerMessage(*payload);
      EXPECT_TRUE(message.has_value());
      if (message.has_value()) messages.push_back(*message);
    }
  }
  return messages;
}

TEST(FrameReaderTest, FramesAreTheSameHoweverTheStreamIsCut) {
  const std::vector<PeerMessage> messages = SomeMessages();
  const std::string stream = StreamOf(messages);

  for (const size_t piece :
       {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{8}, size_t{9},
        size_t{64}, size_t{1000}, size_t{4096}, stream.size()}) {
    FrameReader reader(FrameReader::Start::kAtPreface);

    EXPECT_EQ(ReadAll(&reader, stream, piece), messages) << piece;
    EXPECT_EQ(reader.error(), FrameError::kNone);
    EXPECT_TRUE(reader.AtBoundary());
  }
}

TEST(FrameReaderTest, TwoCutsAnywhereChangeNothing) {
  const std::vector<PeerMessage> messages{
      {{}, RingPull{{1, 2}}}, {{}, ReplicaGet{.request = {}, .key = "key"}}};
  const std::string stream = StreamOf(messages);

  for (size_t first = 0; first <= stream.size(); ++first) {
    for (size_t second = first; second <= stream.size(); ++second) {
      FrameReader reader(FrameReader::Start::kAtPreface);
      std::vector<PeerMessage> got;
      for (const auto& [from, to] :
           {std::pair{size_t{0}, first}, std::pair{first, second},
            std::pair{second, stream.size()}}) {
        const auto part =
            ReadAll(&reader, stream.substr(from, to - from), stream.size());
        got.insert(got.end(), part.begin(), part.end());
      }
      ASSERT_EQ(got, messages) << first << " " << second;
    }
  }
}

TEST(FrameReaderTest, AStreamThatEndsInsideAFrameIsNotAtABoundary) {
  std::string stream = StreamOf(SomeMessages());
  stream.pop_back();
  FrameReader reader(FrameReader::Start::kAtPreface);

  const auto got = ReadAll(&reader, stream, 100);

  EXPECT_EQ(got.size(), kPeerBodies - 1);
  EXPECT_FALSE(reader.AtBoundary());
  EXPECT_EQ(reader.error(), FrameError::kNone);
}

FrameError ErrorOf(std::string_view stream, FrameReader::Start start) {
  FrameReader reader(start, 1000);
  reader.Feed(ViewOf(stream));
  while (reader.Next().has_value()) {
  }
  // Whatever follows an error is not looked at.
  if (reader.error() != FrameError::kNone) {
    reader.Feed(ViewOf(kLinkPreface));
    EXPECT_FALSE(reader.Next().has_value());
  }
  return reader.error();
}

TEST(FrameReaderTest, AnotherProtocolIsRefusedAtItsFirstBytes) {
  EXPECT_EQ(ErrorOf("GET / HTTP/1.1\r\n", FrameReader::Start::kAtPreface),
            FrameError::kBadPreface);
}

TEST(FrameReaderTest, ALengthPastTheLimitIsRefusedBeforeItsBytesArrive) {
  EXPECT_EQ(ErrorOf({"\xe9\x03\0\0\0\0\0\0", 8}, FrameReader::Start::kAtFrame),
            FrameError::kTooLong);
  EXPECT_EQ(
      ErrorOf({"\xff\xff\xff\xff\0\0\0\0", 8}, FrameReader::Start::kAtFrame),
      FrameError::kTooLong);
}

TEST(FrameReaderTest, AnEmptyFrameIsRefused) {
  EXPECT_EQ(ErrorOf({"\0\0\0\0\0\0\0\0", 8}, FrameReader::Start::kAtFrame),
            FrameError::kEmpty);
}

TEST(FrameReaderTest, ADamagedPayloadIsRefused) {
  std::string frame;
  ASSERT_TRUE(AppendFrame({{}, RingPull{{1, 2}}}, &frame));
  for (size_t at = 4; at < frame.size(); ++at) {
    std::string damaged = frame;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_EQ(ErrorOf(damaged, FrameReader::Start::kAtFrame),
              FrameError::kBadChecksum);
  }
}

TEST(FrameReaderTest, AFramePastTheLimitIsNotMade) {
  ReplicaPut put;
  put.key = "k";
  const Dot dot{.actor = {.storage = 1}, .counter = 1};
  put.object.vv.entries.push_back(dot);
  std::byte* data = nullptr;
  put.object.siblings.emplace_back().value =
      Bytes::Allocate(kPeerFrameBytesMax, &data);
  std::string stream = "before";

  EXPECT_FALSE(AppendFrame({{}, put}, &stream));
  EXPECT_EQ(stream, "before");
}

}  // namespace
}  // namespace orrery
