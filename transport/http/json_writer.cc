#include "transport/http/json_writer.h"

#include <array>
#include <charconv>
#include <cstring>

#include "transport/http/base64.h"

namespace orrery {
namespace {

bool IsContinuation(std::string_view text, size_t i) {
  return i < text.size() &&
         (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
}

// Bytes of the sequence that starts at `i`, or 0 if it is malformed.
size_t SequenceAt(std::string_view text, size_t i) {
  const auto lead = static_cast<unsigned char>(text[i]);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || !IsContinuation(text, i + 1)) return 0;
  if (lead < 0xe0) return 2;
  const auto second = static_cast<unsigned char>(text[i + 1]);
  if (!IsContinuation(text, i + 2)) return 0;
  if (lead < 0xf0) {
    if (lead == 0xe0 && second < 0xa0) return 0;   // Overlong.
    if (lead == 0xed && second >= 0xa0) return 0;  // Surrogate.
    return 3;
  }
  if (!IsContinuation(text, i + 3)) return 0;
  if (lead == 0xf0 && second < 0x90) return 0;   // Overlong.
  if (lead == 0xf4 && second >= 0x90) return 0;  // Beyond U+10FFFF.
  return lead <= 0xf4 ? 4 : 0;
}

constexpr bool NeedsEscape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

constexpr std::array<bool, 256> MakeEscapeTable() {
  std::array<bool, 256> table{};
  for (size_t i = 0; i < table.size(); ++i) {
    table[i] = NeedsEscape(static_cast<char>(i));
  }
  return table;
}
constexpr std::array<bool, 256> kEscapeTable = MakeEscapeTable();

void AppendEscape(char c, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out->append("\\\"");
      return;
    case '\\':
      out->append("\\\\");
      return;
    case '\n':
      out->append("\\n");
      return;
    case '\r':
      out->append("\\r");
      return;
    case '\t':
      out->append("\\t");
      return;
    default: {
      const auto byte = static_cast<unsigned char>(c);
      out->append("\\u00");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    }
  }
}

}  // namespace

bool IsUtf8(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080ULL;
  size_t i = 0;
  while (i < text.size()) {
    if (i + 8 <= text.size()) {
      uint64_t word;
      std::memcpy(&word, text.data() + i, sizeof(word));
      if ((word & kHighBits) == 0) {
        i += 8;
        continue;
      }
    }
    const size_t size = SequenceAt(text, i);
    if (size == 0) return false;
    i += size;
  }
  return true;
}

void JsonWriter::Separate() {
  if (needs_comma_) out_.push_back(',');
  needs_comma_ = true;
}

JsonWriter& JsonWriter::BeginObject() {
  Separate();
  out_.push_back('{');
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::EndObject() {
  out_.push_back('}');
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::BeginArray() {
  Separate();
  out_.push_back('[');
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::EndArray() {
  out_.push_back(']');
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Name(std::string_view name) {
  Separate();
  out_.push_back('"');
  out_.append(name);
  out_.append("\":");
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::TextName(std::string_view name) {
  Text(name);
  out_.push_back(':');
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Text(std::string_view text) {
  Separate();
  out_.push_back('"');
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!kEscapeTable[static_cast<unsigned char>(text[i])]) continue;
    out_.append(text.substr(plain, i - plain));
    AppendEscape(text[i], &out_);
    plain = i + 1;
  }
  out_.append(text.substr(plain));
  out_.push_back('"');
  return *this;
}

JsonWriter& JsonWriter::Number(uint64_t number) {
  Separate();
  std::array<char, 20> digits;
  const auto result =
      std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out_.append(digits.data(), result.ptr);
  return *this;
}

JsonWriter& JsonWriter::Number(double number) {
  Separate();
  std::array<char, 32> digits;
  const auto result =
      std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out_.append(digits.data(), result.ptr);
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) {
  Separate();
  out_.append(value ? "true" : "false");
  return *this;
}

JsonWriter& JsonWriter::Null() {
  Separate();
  out_.append("null");
  return *this;
}

JsonWriter& JsonWriter::Base64UrlText(std::string_view bytes) {
  Separate();
  out_.push_back('"');
  AppendBase64Url(ViewOf(bytes), &out_);
  out_.push_back('"');
  return *this;
}

JsonWriter& JsonWriter::TextOrBase64(std::string_view name,
                                     std::string_view bytes) {
  if (IsUtf8(bytes)) return Name(name).Text(bytes);
  Separate();
  out_.push_back('"');
  out_.append(name);
  out_.append("_base64\":\"");
  AppendBase64(ViewOf(bytes), &out_);
  out_.push_back('"');
  return *this;
}

}  // namespace orrery
