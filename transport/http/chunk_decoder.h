// transport/http/chunk_decoder.h
//
// ChunkDecoder takes the chunked coding off one body, strictly: sizes of 1 to
// 8 hex digits, CRLF and nothing else at every line end, no control bytes in
// extensions, trailers that have a name and a colon, and a bounded tail.
// Extensions and trailer fields are read past and dropped.
//
// Invariants:
//   CHK-1  The decoded bytes do not depend on how the input was cut.
//   CHK-2  decoded size <= bytes_max.
//
// Cost: O(bytes); the only memory is the caller's buffer.

#ifndef ORRERY_TRANSPORT_HTTP_CHUNK_DECODER_H_
#define ORRERY_TRANSPORT_HTTP_CHUNK_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace orrery {

// One size line with its extensions, and all trailers together: as much as
// anybody sends, and little enough to drop.
inline constexpr size_t kChunkLineBytesMax = 256;
inline constexpr size_t kTrailerBytesMax = 4096;

class ChunkDecoder {
 public:
  enum class Verdict : uint8_t {
    kNeedMore = 1,
    kComplete = 2,
    kMalformed = 3,
    kTooLarge = 4,
  };

  explicit ChunkDecoder(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // Consumes from the front of `*input`; appends what it decodes.  Stops after
  // the last byte of the body.
  Verdict Feed(std::string_view* input, std::string* decoded);

 private:
  enum class Phase : uint8_t {
    kSize = 1,
    kExtension = 2,
    kSizeLf = 3,
    kData = 4,
    kDataCr = 5,
    kDataLf = 6,
    kTrailerStart = 7,
    kTrailerName = 8,
    kTrailer = 9,
    kTrailerLf = 10,
    kLastLf = 11,
  };

  Verdict FeedByte(char c);
  Verdict FeedSize(char c);
  Verdict FeedExtension(char c);
  Verdict FeedTrailerName(char c);
  Verdict FeedTrailer(char c);
  Verdict Expect(char c, char wanted, Phase next);

  uint64_t bytes_max_;
  uint64_t decoded_ = 0;
  uint64_t chunk_left_ = 0;
  uint32_t digits_ = 0;
  size_t line_bytes_ = 0;
  size_t trailer_bytes_ = 0;
  Phase phase_ = Phase::kSize;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_CHUNK_DECODER_H_
