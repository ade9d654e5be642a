#include "core/base/bytes.h"

#include <cstring>
#include <new>

#include "core/base/invariant.h"

namespace orrery {

Bytes Bytes::Allocate(size_t size, std::byte** data) {
  Bytes bytes;
  if (size == 0) {
    *data = nullptr;
    return bytes;
  }
  void* memory = ::operator new(sizeof(Block) + size);
  bytes.block_ = ::new (memory) Block{1};
  *data = static_cast<std::byte*>(memory) + sizeof(Block);
  bytes.data_ = *data;
  bytes.size_ = size;
  return bytes;
}

Bytes Bytes::CopyOf(ByteView view) {
  std::byte* data = nullptr;
  Bytes bytes = Allocate(view.size(), &data);
  if (data != nullptr) std::memcpy(data, view.data(), view.size());
  return bytes;
}

Bytes Bytes::Slice(size_t offset, size_t size) const {
  ORRERY_INVARIANT(offset <= size_);
  ORRERY_INVARIANT(size <= size_ - offset);
  Bytes slice(*this);
  slice.data_ = data_ + offset;
  slice.size_ = size;
  return slice;
}

void Bytes::Free() { ::operator delete(block_); }

}  // namespace orrery
