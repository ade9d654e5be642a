#include "transport/http/base64.h"

#include <array>
#include <cstdint>

namespace orrery {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr uint8_t kNoDigit = 0xff;

constexpr std::array<uint8_t, 256> Inverse(std::string_view alphabet) {
  std::array<uint8_t, 256> table{};
  for (uint8_t& entry : table) entry = kNoDigit;
  for (uint8_t i = 0; i < 64; ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = i;
  }
  return table;
}
constexpr std::array<uint8_t, 256> kStandardInverse = Inverse(kStandard);
constexpr std::array<uint8_t, 256> kUrlInverse = Inverse(kUrl);

uint32_t ByteAt(ByteView bytes, size_t i) {
  return i < bytes.size() ? std::to_integer<uint32_t>(bytes[i]) : 0;
}

void Append(ByteView bytes, std::string_view alphabet, bool padded,
            std::string* out) {
  out->reserve(out->size() + (bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const uint32_t group = ByteAt(bytes, i) << 16 | ByteAt(bytes, i + 1) << 8 |
                           ByteAt(bytes, i + 2);
    const size_t letters = bytes.size() - i >= 3 ? 4 : bytes.size() - i + 1;
    for (size_t letter = 0; letter < 4; ++letter) {
      if (letter < letters) {
        out->push_back(alphabet[(group >> (18 - 6 * letter)) & 63]);
      } else if (padded) {
        out->push_back('=');
      }
    }
  }
}

std::optional<Bytes> Decode(std::string_view text,
                            const std::array<uint8_t, 256>& inverse) {
  const size_t tail = text.size() % 4;
  if (tail == 1) return std::nullopt;
  const size_t size = text.size() / 4 * 3 + (tail == 0 ? 0 : tail - 1);
  std::byte* data = nullptr;
  Bytes bytes = Bytes::Allocate(size, &data);
  uint32_t bits = 0;
  uint32_t count = 0;
  for (const char c : text) {
    const uint8_t digit = inverse[static_cast<unsigned char>(c)];
    if (digit == kNoDigit) return std::nullopt;
    bits = bits << 6 | digit;
    count += 6;
    if (count >= 8) {
      count -= 8;
      *data++ = static_cast<std::byte>(bits >> count & 0xff);
      bits &= (1u << count) - 1;
    }
  }
  if (bits != 0) return std::nullopt;  // Stray bits: another text's value.
  return bytes;
}

}  // namespace

void AppendBase64(ByteView bytes, std::string* out) {
  Append(bytes, kStandard, true, out);
}

void AppendBase64Url(ByteView bytes, std::string* out) {
  Append(bytes, kUrl, false, out);
}

std::string Base64Url(ByteView bytes) {
  std::string text;
  AppendBase64Url(bytes, &text);
  return text;
}

std::optional<Bytes> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return Decode(text, kStandardInverse);
}

std::optional<Bytes> DecodeBase64Url(std::string_view text) {
  return Decode(text, kUrlInverse);
}

}  // namespace orrery
