#include "transport/wire/frame.h"

#include <algorithm>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/invariant.h"
#include "transport/wire/codec.h"

namespace orrery {
namespace {

// A unit that passed this much is rare: its memory is given back.
constexpr size_t kHeldBytesKept = 1 << 20;

}  // namespace

bool AppendFrame(const PeerMessage& message, std::string* out) {
  const size_t start = out->size();
  out->append(kFrameHeaderBytes, '\0');
  if (!AppendPeerMessage(message, out)) {
    out->resize(start);
    return false;
  }
  const ByteView payload = ViewOf(*out).subspan(start + kFrameHeaderBytes);
  auto* header = reinterpret_cast<std::byte*>(out->data() + start);
  StoreU32(header, static_cast<uint32_t>(payload.size()));
  StoreU32(header + 4, Crc32c(payload));
  return true;
}

void FrameReader::Feed(ByteView piece) {
  ORRERY_INVARIANT(piece_.empty());
  if (given_ > 0) Drop(given_);
  if (error_ == FrameError::kNone) piece_ = piece;
}

std::optional<ByteView> FrameReader::Next() {
  if (given_ > 0) Drop(given_);
  while (error_ == FrameError::kNone) {
    const size_t unit = UnitBytes();
    if (error_ != FrameError::kNone) break;
    if (!Gather(unit)) return std::nullopt;
    if (preface_pending_) {
      preface_pending_ = false;
      if (TextOf(Head().first(unit)) != kLinkPreface) {
        error_ = FrameError::kBadPreface;
        break;
      }
      Drop(unit);
      continue;
    }
    if (unit == kFrameHeaderBytes) continue;  // Now the length is known.

    const ByteView payload = Head().first(unit).subspan(kFrameHeaderBytes);
    if (Crc32c(payload) != LoadU32(Head().data() + 4)) {
      error_ = FrameError::kBadChecksum;
      break;
    }
    given_ = unit;
    return payload;
  }
  held_.clear();
  piece_ = {};
  return std::nullopt;
}

size_t FrameReader::UnitBytes() {
  if (preface_pending_) return kLinkPreface.size();
  const ByteView head = Head();
  if (head.size() < kFrameHeaderBytes) return kFrameHeaderBytes;
  const uint32_t length = LoadU32(head.data());
  if (length == 0) error_ = FrameError::kEmpty;
  if (length > payload_bytes_max_) error_ = FrameError::kTooLong;
  return kFrameHeaderBytes + length;
}

bool FrameReader::Gather(size_t unit) {
  if (held_.empty() && piece_.size() >= unit) return true;
  const size_t missing = unit - std::min(unit, held_.size());
  const ByteView taken = piece_.first(std::min(missing, piece_.size()));
  held_.append(TextOf(taken));
  piece_ = piece_.subspan(taken.size());
  return held_.size() >= unit;
}

void FrameReader::Drop(size_t unit) {
  given_ = 0;
  if (held_.empty()) {
    piece_ = piece_.subspan(unit);
    return;
  }
  ORRERY_INVARIANT(held_.size() == unit);
  held_.clear();
  if (held_.capacity() > kHeldBytesKept) held_.shrink_to_fit();
}

}  // namespace orrery
