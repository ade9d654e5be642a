// clang-format off
#include "gtest/gtest.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"
// clang-format on

#include <string>
#include <vector>

#include "tests/transport/wire/random_message.h"
#include "transport/wire/codec.h"
#include "transport/wire/frame.h"

namespace orrery {
namespace {

size_t AnyBody(size_t bodies) { return *rc::gen::inRange<size_t>(0, bodies); }

// WIRE-1, for messages.
RC_GTEST_PROP(CodecPropertyTest, DecodingWhatWasEncodedGivesTheMessage, ()) {
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  const PeerMessage message = RandomPeerMessage(seed, AnyBody(kPeerBodies));
  std::string bytes;
  EncodePeerMessage(message, &bytes);

  const auto decoded = DecodePeerMessage(ViewOf(bytes));

  RC_ASSERT(decoded.has_value());
  RC_ASSERT(*decoded == message);
}

// WIRE-1, for datagrams.
RC_GTEST_PROP(CodecPropertyTest, DecodingADatagramGivesTheDatagram, ()) {
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  const Datagram datagram = RandomDatagram(seed, AnyBody(kDatagramBodies));
  std::string bytes;
  RC_ASSERT(EncodeDatagram(datagram, &bytes));

  const auto decoded = DecodeDatagram(ViewOf(bytes));

  RC_ASSERT(decoded.has_value());
  RC_ASSERT(*decoded == datagram);
}

// Whatever arrives is refused or is a message that the codec would send.
RC_GTEST_PROP(CodecPropertyTest, AnyBytesAreRefusedOrLegal, ()) {
  const auto bytes = *rc::gen::arbitrary<std::string>();
  std::string payload;
  payload.push_back(static_cast<char>(bytes.size()));
  payload.append(3, '\0');
  payload += bytes;

  const auto decoded = DecodePeerMessage(ViewOf(payload));

  if (!decoded.has_value()) return;
  std::string again;
  EncodePeerMessage(*decoded, &again);
  RC_ASSERT(DecodePeerMessage(ViewOf(again)) == decoded);
}

// FRM-1.
RC_GTEST_PROP(CodecPropertyTest, FramesSurviveAnyCuts, ()) {
  const auto seeds = *rc::gen::arbitrary<std::vector<uint64_t>>();
  const auto cuts = *rc::gen::container<std::vector<size_t>>(
      rc::gen::inRange<size_t>(1, 3000));
  std::string stream(kLinkPreface);
  std::vector<PeerMessage> messages;
  for (const uint64_t seed : seeds) {
    messages.push_back(RandomPeerMessage(seed, seed % kPeerBodies));
    RC_ASSERT(AppendFrame(messages.back(), &stream));
  }

  FrameReader reader(FrameReader::Start::kAtPreface);
  std::vector<PeerMessage> got;
  std::string_view rest = stream;
  for (size_t i = 0; !rest.empty(); ++i) {
    const std::string piece(rest.substr(0, i < cuts.size() ? cuts[i] : 4096));
    rest.remove_prefix(piece.size());
    reader.Feed(ViewOf(piece));
    while (const auto payload = reader.Next()) {
      const auto message = DecodePeerMessage(*payload);
      RC_ASSERT(message.has_value());
      got.push_back(*message);
    }
  }

  RC_ASSERT(got == messages);
  RC_ASSERT(reader.AtBoundary());
}

}  // namespace
}  // namespace orrery
