// transport/wire/frame.h
//
// The stream between two nodes: a preface once, then frames.
//
//   preface  8 bytes: "ORRERY", version u8, 0
//   frame    length u32 | CRC-32C of the payload u32 | payload (length bytes)
//
// FrameReader takes the stream in whatever pieces it arrives and gives the
// frames' payloads.  It knows no message.  After an error it gives nothing
// more: the stream has lost its place, and the connection must be closed.
//
// Invariants:
//   FRM-1  The frames are the same however the stream was cut.
//   FRM-2  Memory is at most what was fed, plus one frame of at most
//          kPeerFrameBytesMax, and grows only as bytes arrive.
//
// Threading: none.  Cost: a frame that arrives in one piece is not copied;
// the rest is copied once.

#ifndef ORRERY_TRANSPORT_WIRE_FRAME_H_
#define ORRERY_TRANSPORT_WIRE_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/protocol/limits.h"
#include "core/protocol/message.h"

namespace orrery {

inline constexpr std::string_view kLinkPreface("ORRERY\x01\0", 8);
inline constexpr size_t kFrameHeaderBytes = 8;

// Appends one frame to `*out` and returns true, or leaves it alone and returns
// false if the message is too large (codec.h).
bool AppendFrame(const PeerMessage& message, std::string* out);

enum class FrameError : uint8_t {
  kNone = 0,
  kTooLong = 1,      // The length passes the limit.
  kBadChecksum = 2,  // The payload is damaged.
  kEmpty = 3,        // No message is empty.
  kBadPreface = 4,   // Not a peer of this protocol.
};

class FrameReader {
 public:
  enum class Start : uint8_t { kAtPreface = 1, kAtFrame = 2 };

  explicit FrameReader(Start start,
                       size_t payload_bytes_max = kPeerFrameBytesMax)
      : payload_bytes_max_(payload_bytes_max),
        preface_pending_(start == Start::kAtPreface) {}

  // Adds a piece of the stream, which is borrowed until Next() returns nullopt.
  // REQUIRES: Next() has returned nullopt since the last Feed.
  void Feed(ByteView piece);

  // The next payload, valid until the next call of anything here.
  [[nodiscard]] std::optional<ByteView> Next();

  FrameError error() const { return error_; }
  // True if the stream may end here without having lost part of a frame.
  bool AtBoundary() const { return held_.empty() && piece_.empty(); }
  // Whether the preface has come: the stream is of a peer of this protocol.
  bool IsPastPreface() const { return !preface_pending_; }
  // What is kept of an unfinished unit.
  size_t held_bytes() const { return held_.size(); }

 private:
  // Bytes of the unit that the stream is in: the preface, a frame's header
  // while its length is not known, or a whole frame.  Sets error_.
  size_t UnitBytes();
  // Brings `unit` bytes together at Head(); false: more must be fed.
  bool Gather(size_t unit);
  ByteView Head() const { return held_.empty() ? piece_ : ViewOf(held_); }
  void Drop(size_t unit);

  size_t payload_bytes_max_;
  bool preface_pending_;
  FrameError error_ = FrameError::kNone;
  std::string held_;  // The unfinished unit, from earlier pieces.
  ByteView piece_;    // What of the current piece has not been looked at.
  size_t given_ = 0;  // Bytes at Head() that the last Next() gave out.
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_WIRE_FRAME_H_
