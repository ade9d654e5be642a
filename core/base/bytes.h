// core/base/bytes.h
//
// Bytes is an immutable, reference-counted slice of a buffer.  Copying one
// copies a pointer, so a value travels from socket to log and to every replica
// without being copied.  ByteView borrows.
//
// Threading: the reference count is not atomic.  A Bytes lives on the engine's
// thread; a disk thread may read the bytes of a pending operation, but never
// copies or drops the Bytes that owns them.
//
// Cost: one allocation per buffer, none per slice.

#ifndef ORRERY_CORE_BASE_BYTES_H_
#define ORRERY_CORE_BASE_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orrery {

using ByteView = std::span<const std::byte>;
using ByteBuffer = std::vector<std::byte>;

// Some bytes of many.
struct ByteSpan {
  size_t from = 0;
  size_t size = 0;
  friend bool operator==(const ByteSpan&, const ByteSpan&) = default;
};

inline ByteView ViewOf(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

inline std::string_view TextOf(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Bytes {
 public:
  Bytes() = default;
  Bytes(const Bytes& other) noexcept
      : block_(other.block_), data_(other.data_), size_(other.size_) {
    if (block_ != nullptr) ++block_->references;
  }
  Bytes(Bytes&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Bytes& operator=(Bytes other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Bytes() { Release(); }

  static Bytes CopyOf(ByteView view);
  static Bytes CopyOf(std::string_view text) { return CopyOf(ViewOf(text)); }

  // A buffer of `size` bytes for the caller to fill before anyone shares it.
  // `*data` points at its first byte.
  static Bytes Allocate(size_t size, std::byte** data);

  // A part of this one, sharing its buffer.  REQUIRES: offset + size <= size().
  Bytes Slice(size_t offset, size_t size) const;

  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  ByteView view() const { return {data_, size_}; }
  std::string_view text() const { return TextOf(view()); }

  // Equality is of content.
  friend bool operator==(const Bytes& a, const Bytes& b) {
    return a.text() == b.text();
  }

 private:
  struct Block {
    size_t references;
  };

  void Release() {
    if (block_ != nullptr && --block_->references == 0) Free();
  }
  void Free();

  Block* block_ = nullptr;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_BYTES_H_
