#include "core/base/coding.h"

namespace orrery {
namespace {

template <typename T>
void PutFixed(ByteBuffer& out, T value) {
  const size_t at = out.size();
  out.resize(at + sizeof(value));
  std::memcpy(out.data() + at, &value, sizeof(value));
}

}  // namespace

void PutU8(ByteBuffer& out, uint8_t value) { PutFixed(out, value); }
void PutU16(ByteBuffer& out, uint16_t value) { PutFixed(out, value); }
void PutU32(ByteBuffer& out, uint32_t value) { PutFixed(out, value); }
void PutU64(ByteBuffer& out, uint64_t value) { PutFixed(out, value); }

void PutVarint(ByteBuffer& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::byte>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::byte>(value));
}

void PutBytes(ByteBuffer& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void PutSizedBytes(ByteBuffer& out, ByteView bytes) {
  PutVarint(out, bytes.size());
  PutBytes(out, bytes);
}

template <typename T>
bool Reader::ReadFixed(T* value) {
  if (rest_.size() < sizeof(T)) return false;
  *value = coding_internal::Load<T>(rest_.data());
  rest_ = rest_.subspan(sizeof(T));
  return true;
}

bool Reader::ReadU8(uint8_t* value) { return ReadFixed(value); }
bool Reader::ReadU16(uint16_t* value) { return ReadFixed(value); }
bool Reader::ReadU32(uint32_t* value) { return ReadFixed(value); }
bool Reader::ReadU64(uint64_t* value) { return ReadFixed(value); }

bool Reader::ReadVarint(uint64_t* value) {
  uint64_t result = 0;
  for (size_t i = 0; i < kVarintBytesMax && i < rest_.size(); ++i) {
    const auto group = std::to_integer<uint64_t>(rest_[i]);
    // The tenth byte holds the one bit that is left of 64.
    if (i == kVarintBytesMax - 1 && group > 1) return false;
    result |= (group & 0x7f) << (7 * i);
    if ((group & 0x80) != 0) continue;
    if (group == 0 && i > 0) return false;
    *value = result;
    rest_ = rest_.subspan(i + 1);
    return true;
  }
  return false;
}

bool Reader::ReadBytes(size_t size, ByteView* bytes) {
  if (rest_.size() < size) return false;
  *bytes = rest_.first(size);
  rest_ = rest_.subspan(size);
  return true;
}

bool Reader::ReadSizedBytes(ByteView* bytes) {
  const ByteView before = rest_;
  uint64_t size = 0;
  if (ReadVarint(&size) && ReadBytes(size, bytes)) return true;
  rest_ = before;
  return false;
}

bool Reader::Skip(size_t size) {
  if (rest_.size() < size) return false;
  rest_ = rest_.subspan(size);
  return true;
}

}  // namespace orrery
