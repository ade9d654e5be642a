#include "transport/http/framing_guard.h"

#include <array>
#include <cstring>

#include "transport/http/ascii.h"

namespace orrery {
namespace {

// RFC 9110 section 5.6.2.
constexpr std::array<bool, 256> MakeTokenTable() {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> kTokenTable = MakeTokenTable();

bool IsTokenByte(char c) { return kTokenTable[static_cast<unsigned char>(c)]; }

bool IsToken(std::string_view text) {
  for (const char c : text) {
    if (!IsTokenByte(c)) return false;
  }
  return !text.empty();
}

// Bytes of 0x80 and above are let through: clients send UTF-8 unescaped.
bool IsTargetByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f;
}

bool IsValueByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

}  // namespace

Framing FramingGuard::Scan(std::string_view bytes) {
  while (true) {
    const void* found =
        bytes.size() > looked_
            ? std::memchr(bytes.data() + looked_, '\n', bytes.size() - looked_)
            : nullptr;
    if (found == nullptr) {
      looked_ = bytes.size();
      return CheckSize(bytes.size());
    }
    const size_t end =
        static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
    const Framing size = CheckSize(end + 1);
    if (size != Framing::kNeedMore) return size;
    if (end == scanned_ || bytes[end - 1] != '\r') {
      return Refuse("a line ends in a bare LF", Framing::kMalformed);
    }
    const std::string_view line = bytes.substr(scanned_, end - 1 - scanned_);
    scanned_ = end + 1;
    looked_ = scanned_;
    const Framing verdict = ScanLine(line);
    if (verdict != Framing::kNeedMore) return verdict;
  }
}

Framing FramingGuard::CheckSize(size_t bytes) {
  if (lines_ == 0 && bytes > kRequestLineBytesMax) {
    return Refuse("the request line is longer than 16 KiB",
                  Framing::kRequestLineTooLong);
  }
  if (bytes > kHeadBytesMax) {
    return Refuse("the headers are larger than 64 KiB", Framing::kHeadTooLarge);
  }
  return Framing::kNeedMore;
}

Framing FramingGuard::ScanLine(std::string_view line) {
  ++lines_;
  if (lines_ == 1) return ScanRequestLine(line);
  if (line.empty()) return Finish();
  if (lines_ - 1 > kHeadersMax) {
    return Refuse("there are more than 200 headers", Framing::kHeadTooLarge);
  }
  return ScanHeader(line);
}

Framing FramingGuard::ScanRequestLine(std::string_view line) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return Refuse("the request line is not 'METHOD target HTTP/1.1'",
                  Framing::kMalformed);
  }
  if (!IsToken(line.substr(0, first))) {
    return Refuse("the method is not a token", Framing::kMalformed);
  }
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.empty()) {
    return Refuse("the request target is empty", Framing::kMalformed);
  }
  for (const char c : target) {
    if (!IsTargetByte(c)) {
      return Refuse("the request target holds a space or a control byte",
                    Framing::kMalformed);
    }
  }
  const std::string_view version = line.substr(last + 1);
  http11_ = version == "HTTP/1.1";
  if (http11_ || version == "HTTP/1.0") return Framing::kNeedMore;
  if (version.starts_with("HTTP/") && version.size() == 8) {
    return Refuse("only HTTP/1.1 and HTTP/1.0 are spoken here",
                  Framing::kVersionUnsupported);
  }
  return Refuse("the request line is not 'METHOD target HTTP/1.1'",
                Framing::kMalformed);
}

Framing FramingGuard::ScanHeader(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') {
    return Refuse("a header is folded over two lines", Framing::kMalformed);
  }
  size_t colon = 0;
  while (colon < line.size() && IsTokenByte(line[colon])) ++colon;
  if (colon == line.size() || line[colon] != ':' || colon == 0) {
    return Refuse("a header name is not a token followed by a colon",
                  Framing::kMalformed);
  }
  for (const char c : line.substr(colon + 1)) {
    if (!IsValueByte(c)) {
      return Refuse("a header value holds a control byte", Framing::kMalformed);
    }
  }
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = TrimSpace(line.substr(colon + 1));
  if (EqualsIgnoreCase(name, "content-length")) return ScanContentLength(value);
  if (EqualsIgnoreCase(name, "transfer-encoding")) {
    return ScanTransferEncoding(value);
  }
  if (EqualsIgnoreCase(name, "host")) ++hosts_;
  return Framing::kNeedMore;
}

Framing FramingGuard::ScanContentLength(std::string_view value) {
  if (++content_lengths_ > 1) {
    return Refuse("Content-Length is given twice", Framing::kMalformed);
  }
  // 18 digits cannot overflow; no body comes near.
  if (value.empty() || value.size() > 18) {
    return Refuse("Content-Length is not a number", Framing::kMalformed);
  }
  for (const char c : value) {
    if (c < '0' || c > '9') {
      return Refuse("Content-Length is not a number", Framing::kMalformed);
    }
    content_length_ = content_length_ * 10 + static_cast<uint64_t>(c - '0');
  }
  return Framing::kNeedMore;
}

Framing FramingGuard::ScanTransferEncoding(std::string_view value) {
  if (++transfer_encodings_ > 1) {
    return Refuse("Transfer-Encoding is given twice", Framing::kMalformed);
  }
  if (!EqualsIgnoreCase(value, "chunked")) {
    return Refuse("Transfer-Encoding is not exactly 'chunked'",
                  Framing::kMalformed);
  }
  return Framing::kNeedMore;
}

Framing FramingGuard::Finish() {
  if (is_chunked() && content_lengths_ > 0) {
    return Refuse("Transfer-Encoding and Content-Length together",
                  Framing::kMalformed);
  }
  if (is_chunked() && !http11_) {
    return Refuse("Transfer-Encoding on HTTP/1.0", Framing::kMalformed);
  }
  if (hosts_ > 1 || (hosts_ == 0 && http11_)) {
    return Refuse("there must be exactly one Host header", Framing::kMalformed);
  }
  return Framing::kComplete;
}

Framing FramingGuard::Refuse(std::string_view reason, Framing verdict) {
  reason_ = reason;
  return verdict;
}

}  // namespace orrery
