// core/base/byte_sink.h
//
// ByteSink is where encodings go that are written many thousand times a second:
// it grows by doubling, keeps its memory when cleared, unless it is told to
// keep less, and never fills it with zeros first.
//
// Cost: a comparison and a copy per field.

#ifndef ORRERY_CORE_BASE_BYTE_SINK_H_
#define ORRERY_CORE_BASE_BYTE_SINK_H_

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "core/base/bytes.h"

namespace orrery {

class ByteSink {
 public:
  // Room for `bytes` more, for the caller to fill.
  std::byte* Extend(size_t bytes) {
    if (capacity_ - size_ < bytes) Grow(bytes);
    std::byte* at = data_.get() + size_;
    size_ += bytes;
    return at;
  }
  void Append(ByteView bytes) {
    if (bytes.empty()) return;
    std::memcpy(Extend(bytes.size()), bytes.data(), bytes.size());
  }
  void clear() { size_ = 0; }
  // Clears it, and has room for `bytes` then: neither less nor more.
  void ClearTo(size_t bytes) {
    size_ = 0;
    if (capacity_ == bytes) return;
    data_ = nullptr;  // Not both at a time.
    data_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
    capacity_ = bytes;
  }

  ByteView view() const { return {data_.get(), size_}; }
  // To fill in what was not known when it was its turn.
  std::byte* at(size_t offset) { return data_.get() + offset; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }

 private:
  void Grow(size_t bytes) {
    capacity_ = std::max({2 * capacity_, size_ + bytes, size_t{1024}});
    auto grown = std::make_unique_for_overwrite<std::byte[]>(capacity_);
    if (size_ != 0) std::memcpy(grown.get(), data_.get(), size_);
    data_ = std::move(grown);
  }

  std::unique_ptr<std::byte[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_BYTE_SINK_H_
