// core/base/coding.h
//
// The only place that turns integers into bytes and back: little-endian,
// fixed width, or varint (LEB128, at most 10 bytes, shortest form only).
//
// Load and Store work on memory the caller has already bounded.  Put appends
// to a ByteBuffer.  A Reader walks untrusted bytes: each Read either succeeds
// and advances, or returns false and leaves the reader and its output alone.
//
// Cost: a Put may grow the buffer and a BytesWriter allocates one; nothing else
// allocates.  ReadBytes borrows.

#ifndef ORRERY_CORE_BASE_CODING_H_
#define ORRERY_CORE_BASE_CODING_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/base/bytes.h"
#include "core/base/invariant.h"

namespace orrery {

static_assert(std::endian::native == std::endian::little,
              "Load and Store copy; a big-endian machine must swap");

namespace coding_internal {
template <typename T>
T Load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}
}  // namespace coding_internal

inline uint16_t LoadU16(const std::byte* from) {
  return coding_internal::Load<uint16_t>(from);
}
inline uint32_t LoadU32(const std::byte* from) {
  return coding_internal::Load<uint32_t>(from);
}
inline uint64_t LoadU64(const std::byte* from) {
  return coding_internal::Load<uint64_t>(from);
}

// Up to eight bytes: the lower ones of the number, zeros above.
inline uint64_t LoadPartial(ByteView from) {
  uint64_t value = 0;
  if (!from.empty()) std::memcpy(&value, from.data(), from.size());
  return value;
}

inline void StoreU16(std::byte* to, uint16_t value) {
  std::memcpy(to, &value, sizeof(value));
}
inline void StoreU32(std::byte* to, uint32_t value) {
  std::memcpy(to, &value, sizeof(value));
}
inline void StoreU64(std::byte* to, uint64_t value) {
  std::memcpy(to, &value, sizeof(value));
}

// A 64-bit value in groups of seven bits: ceil(64 / 7).
inline constexpr size_t kVarintBytesMax = 10;

void PutU8(ByteBuffer& out, uint8_t value);
void PutU16(ByteBuffer& out, uint16_t value);
void PutU32(ByteBuffer& out, uint32_t value);
void PutU64(ByteBuffer& out, uint64_t value);
void PutVarint(ByteBuffer& out, uint64_t value);
void PutBytes(ByteBuffer& out, ByteView bytes);
// The length as a varint, then the bytes.
void PutSizedBytes(ByteBuffer& out, ByteView bytes);

// Fills one buffer of a known size at most; what is built is shared, not
// copied.  REQUIRES: what is put fits.
class BytesWriter {
 public:
  explicit BytesWriter(size_t bytes_max)
      : bytes_(Bytes::Allocate(bytes_max, &memory_)) {}

  void PutU8(uint8_t value) { Put(value); }
  void PutU32(uint32_t value) { Put(value); }
  void PutU64(uint64_t value) { Put(value); }
  void PutVarint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      PutU8(static_cast<uint8_t>((value & 0x7f) | 0x80));
    }
    PutU8(static_cast<uint8_t>(value));
  }

  // What was put so far.
  ByteView view() const { return {memory_, used_}; }
  Bytes Finish() const { return bytes_.Slice(0, used_); }

 private:
  template <typename T>
  void Put(T value) {
    ORRERY_INVARIANT(sizeof(value) <= bytes_.size() - used_);
    std::memcpy(memory_ + used_, &value, sizeof(value));
    used_ += sizeof(value);
  }

  std::byte* memory_ = nullptr;
  Bytes bytes_;
  size_t used_ = 0;
};

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] bool ReadU8(uint8_t* value);
  [[nodiscard]] bool ReadU16(uint16_t* value);
  [[nodiscard]] bool ReadU32(uint32_t* value);
  [[nodiscard]] bool ReadU64(uint64_t* value);
  // Refuses a form longer than need be and one that overflows 64 bits.
  [[nodiscard]] bool ReadVarint(uint64_t* value);
  [[nodiscard]] bool ReadBytes(size_t size, ByteView* bytes);
  [[nodiscard]] bool ReadSizedBytes(ByteView* bytes);
  [[nodiscard]] bool Skip(size_t size);

  size_t remaining() const { return rest_.size(); }
  bool AtEnd() const { return rest_.empty(); }
  ByteView rest() const { return rest_; }

 private:
  template <typename T>
  bool ReadFixed(T* value);

  ByteView rest_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_CODING_H_
