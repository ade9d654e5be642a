#include "node/response_reader.h"

#include <charconv>
#include <string_view>
#include <system_error>

#include "transport/http/ascii.h"

namespace orrery {
namespace {

constexpr size_t kReadBytes = 16 << 10;
constexpr size_t kHeadBytesMax = 128 << 10;

template <typename Number>
bool ParseNumber(std::string_view text, Number* number) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *number);
  return !text.empty() && result.ec == std::errc() && result.ptr == end;
}

}  // namespace

std::span<char> ResponseReader::Space() {
  if (buffer_.size() - size_ < kReadBytes / 2) {
    buffer_.resize(size_ + kReadBytes);
  }
  return {buffer_.data() + size_, buffer_.size() - size_};
}

std::optional<int> ResponseReader::OnRead(size_t bytes) {
  size_ += bytes;
  if (whole_bytes_ == 0 && !ParseHead()) return std::nullopt;
  if (size_ < whole_bytes_) return std::nullopt;
  is_broken_ = size_ > whole_bytes_;
  size_ = 0;
  whole_bytes_ = 0;
  return status_;
}

bool ResponseReader::ParseHead() {
  const std::string_view text(buffer_.data(), size_);
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    is_broken_ = size_ > kHeadBytesMax;
    return false;
  }
  constexpr size_t kStatusAt = 9;  // "HTTP/1.1 "
  is_broken_ =
      end < kStatusAt + 3 || !ParseNumber(text.substr(kStatusAt, 3), &status_);
  size_t length = 0;
  bool has_length = false;
  std::string_view rest = text.substr(0, end);
  while (!rest.empty() && !is_broken_) {
    const size_t line_end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, line_end);
    rest.remove_prefix(line_end == std::string_view::npos ? rest.size()
                                                          : line_end + 2);
    constexpr std::string_view kName = "content-length:";
    if (line.size() < kName.size() ||
        !EqualsIgnoreCase(line.substr(0, kName.size()), kName)) {
      continue;
    }
    has_length = ParseNumber(TrimSpace(line.substr(kName.size())), &length);
  }
  is_broken_ = is_broken_ || !has_length;
  whole_bytes_ = end + 4 + length;
  return !is_broken_;
}

}  // namespace orrery
