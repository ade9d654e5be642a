// transport/http/framing_guard.h
//
// FramingGuard decides where one request head ends and how its body is framed,
// and refuses every form that two parsers could read differently (request
// smuggling): chunked on HTTP/1.0, any Transfer-Encoding but exactly
// "chunked", Transfer-Encoding beside Content-Length, a repeated or unusual
// Content-Length, bare LF, folded lines, white space before the colon, control
// bytes, none or several Host.  It stands in front of the HTTP parser, which
// sees only heads that passed.
//
// It does not know methods, paths or header meanings beyond framing.
//
// Invariants:
//   FRG-1  A head is accepted only as a whole, and its length never changes
//          with how its bytes were cut into reads.
//   FRG-2  An accepted head has exactly one reading of its body's length.
//
// Threading: one session, one thread.  Cost: each byte is looked at once.

#ifndef ORRERY_TRANSPORT_HTTP_FRAMING_GUARD_H_
#define ORRERY_TRANSPORT_HTTP_FRAMING_GUARD_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orrery {

inline constexpr size_t kRequestLineBytesMax = 16 << 10;  // CONTRACT section 3.
inline constexpr size_t kHeadBytesMax = 64 << 10;         // CONTRACT section 3.
inline constexpr size_t kHeadersMax = 200;                // CONTRACT section 3.

enum class Framing : uint8_t {
  kNeedMore = 1,
  kComplete = 2,
  kMalformed = 3,           // 400
  kRequestLineTooLong = 4,  // 414
  kHeadTooLarge = 5,        // 431
  kVersionUnsupported = 6,  // 505
};

class FramingGuard {
 public:
  // Looks at the bytes received since the head began; they may have grown
  // since the last call, and never change.  After kNeedMore call again.
  Framing Scan(std::string_view bytes);

  // REQUIRES: the last Scan was kComplete.
  size_t head_bytes() const { return scanned_; }
  bool is_http11() const { return http11_; }
  bool is_chunked() const { return transfer_encodings_ == 1; }
  uint64_t content_length() const { return content_length_; }

  // What was wrong, for the client; never its own bytes.
  std::string_view reason() const { return reason_; }

  // No whole line has been seen.
  bool IsFresh() const { return lines_ == 0; }
  void Reset() { *this = FramingGuard(); }

 private:
  Framing ScanLine(std::string_view line);
  Framing ScanRequestLine(std::string_view line);
  Framing ScanHeader(std::string_view line);
  Framing ScanContentLength(std::string_view value);
  Framing ScanTransferEncoding(std::string_view value);
  Framing Finish();
  Framing CheckSize(size_t bytes);
  Framing Refuse(std::string_view reason, Framing verdict);

  size_t scanned_ = 0;  // Up to the end of the last whole line.
  size_t looked_ = 0;   // No line ends in [scanned_, looked_).
  uint32_t lines_ = 0;
  uint32_t hosts_ = 0;
  uint32_t content_lengths_ = 0;
  uint32_t transfer_encodings_ = 0;
  uint64_t content_length_ = 0;
  bool http11_ = false;
  std::string_view reason_;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_FRAMING_GUARD_H_
