// A stream of frames, cut anywhere, must give the frames and the error of the
// uncut stream (FRM-1), and hold no more memory than it was fed.
//
// Of the first byte, half says how the stream is cut, half whether the rest is
// the stream itself or payloads to be framed, one of them perhaps damaged.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/invariant.h"
#include "transport/wire/frame.h"

namespace orrery {
namespace {

constexpr size_t kPayloadBytesMax = 200;  // Small: the limit is met often.

struct Outcome {
  std::vector<std::string> payloads;
  FrameError error = FrameError::kNone;
  bool at_boundary = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Pieces of `cut` bytes; the last byte of each chooses the length of the next
// if `uneven`.
Outcome ReadInPieces(std::string_view stream, size_t cut, bool uneven) {
  FrameReader reader(FrameReader::Start::kAtPreface, kPayloadBytesMax);
  Outcome outcome;
  while (!stream.empty()) {
    // Of its own, so that a read past its end is a report.
    const std::string piece(stream.substr(0, cut));
    stream.remove_prefix(piece.size());
    if (uneven) cut = 1 + static_cast<uint8_t>(piece.back()) % 40;
    reader.Feed(ViewOf(piece));
    while (const std::optional<ByteView> payload = reader.Next()) {
      ORRERY_INVARIANT(!payload->empty());
      ORRERY_INVARIANT(payload->size() <= kPayloadBytesMax);
      outcome.payloads.emplace_back(TextOf(*payload));
    }
  }
  outcome.error = reader.error();
  outcome.at_boundary = reader.AtBoundary();
  return outcome;
}

// Each payload is one length byte and as many bytes of the input.
std::string Framed(std::string_view input) {
  std::string stream(kLinkPreface);
  while (!input.empty()) {
    const size_t size =
        std::min<size_t>(static_cast<uint8_t>(input[0]), input.size() - 1);
    const std::string_view payload = input.substr(1, size);
    input.remove_prefix(1 + size);
    std::string header(kFrameHeaderBytes, '\0');
    auto* bytes = reinterpret_cast<std::byte*>(header.data());
    StoreU32(bytes, static_cast<uint32_t>(size));
    StoreU32(bytes + 4, Crc32c(ViewOf(payload)));
    stream += header;
    stream += payload;
  }
  return stream;
}

void Run(std::string_view input) {
  if (input.size() < 3) return;
  const auto how = static_cast<uint8_t>(input[0]);
  const auto damaged_at = static_cast<uint8_t>(input[1]);
  input.remove_prefix(2);
  std::string stream = (how & 0x80) != 0 ? Framed(input) : std::string(input);
  if ((how & 0x40) != 0) {
    char& byte = stream[damaged_at % stream.size()];
    byte = static_cast<char>(byte ^ 0x01);
  }

  const Outcome whole = ReadInPieces(stream, stream.size(), false);
  const size_t cut = 1 + (how & 0x1f);
  const bool uneven = (how & 0x20) != 0;
  ORRERY_INVARIANT(ReadInPieces(stream, cut, uneven) == whole);
  ORRERY_INVARIANT(ReadInPieces(stream, 1, false) == whole);
}

}  // namespace
}  // namespace orrery

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  orrery::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
