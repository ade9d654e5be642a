#include "transport/http/chunk_decoder.h"

#include <algorithm>

namespace orrery {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsTextByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

}  // namespace

ChunkDecoder::Verdict ChunkDecoder::Feed(std::string_view* input,
                                         std::string* decoded) {
  while (!input->empty()) {
    if (phase_ == Phase::kData) {
      const size_t take =
          static_cast<size_t>(std::min<uint64_t>(chunk_left_, input->size()));
      decoded->append(input->substr(0, take));
      input->remove_prefix(take);
      chunk_left_ -= take;
      if (chunk_left_ == 0) phase_ = Phase::kDataCr;
      continue;
    }
    const Verdict verdict = FeedByte(input->front());
    input->remove_prefix(1);
    if (verdict != Verdict::kNeedMore) return verdict;
  }
  return Verdict::kNeedMore;
}

ChunkDecoder::Verdict ChunkDecoder::FeedByte(char c) {
  switch (phase_) {
    case Phase::kSize:
      return FeedSize(c);
    case Phase::kExtension:
      return FeedExtension(c);
    case Phase::kSizeLf:
      if (c != '\n') return Verdict::kMalformed;
      if (chunk_left_ > bytes_max_ - decoded_) return Verdict::kTooLarge;
      decoded_ += chunk_left_;
      phase_ = chunk_left_ == 0 ? Phase::kTrailerStart : Phase::kData;
      return Verdict::kNeedMore;
    case Phase::kData:
      return Verdict::kMalformed;  // Feed takes data whole.
    case Phase::kDataCr:
      return Expect(c, '\r', Phase::kDataLf);
    case Phase::kDataLf:
      digits_ = 0;
      line_bytes_ = 0;
      return Expect(c, '\n', Phase::kSize);
    case Phase::kTrailerStart:
      if (c == '\r') {
        phase_ = Phase::kLastLf;
        return Verdict::kNeedMore;
      }
      if (c == ':') return Verdict::kMalformed;  // It has no name.
      phase_ = Phase::kTrailerName;
      return FeedTrailerName(c);
    case Phase::kTrailerName:
      return FeedTrailerName(c);
    case Phase::kTrailer:
      return FeedTrailer(c);
    case Phase::kTrailerLf:
      return Expect(c, '\n', Phase::kTrailerStart);
    case Phase::kLastLf:
      return c == '\n' ? Verdict::kComplete : Verdict::kMalformed;
  }
  return Verdict::kMalformed;
}

ChunkDecoder::Verdict ChunkDecoder::FeedSize(char c) {
  const int digit = HexDigit(c);
  if (digit >= 0) {
    if (digits_ == 8) return Verdict::kMalformed;
    ++digits_;
    chunk_left_ = chunk_left_ * 16 + static_cast<uint64_t>(digit);
    return Verdict::kNeedMore;
  }
  if (digits_ == 0) return Verdict::kMalformed;
  if (c == '\r') {
    phase_ = Phase::kSizeLf;
    return Verdict::kNeedMore;
  }
  if (c != ';') return Verdict::kMalformed;
  phase_ = Phase::kExtension;
  return Verdict::kNeedMore;
}

ChunkDecoder::Verdict ChunkDecoder::FeedExtension(char c) {
  if (c == '\r') {
    phase_ = Phase::kSizeLf;
    return Verdict::kNeedMore;
  }
  if (!IsTextByte(c)) return Verdict::kMalformed;
  return ++line_bytes_ > kChunkLineBytesMax ? Verdict::kMalformed
                                            : Verdict::kNeedMore;
}

ChunkDecoder::Verdict ChunkDecoder::FeedTrailerName(char c) {
  if (c == '\r' || c == ' ' || c == '\t') return Verdict::kMalformed;
  if (c == ':') phase_ = Phase::kTrailer;
  return FeedTrailer(c);
}

ChunkDecoder::Verdict ChunkDecoder::FeedTrailer(char c) {
  if (c == '\r') {
    phase_ = Phase::kTrailerLf;
    return Verdict::kNeedMore;
  }
  if (!IsTextByte(c)) return Verdict::kMalformed;
  return ++trailer_bytes_ > kTrailerBytesMax ? Verdict::kMalformed
                                             : Verdict::kNeedMore;
}

ChunkDecoder::Verdict ChunkDecoder::Expect(char c, char wanted, Phase next) {
  if (c != wanted) return Verdict::kMalformed;
  phase_ = next;
  return Verdict::kNeedMore;
}

}  // namespace orrery
