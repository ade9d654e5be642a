// tests/core/storage/segment_image.h
//
// The bytes of a data file, made record by record.

#ifndef ORRERY_TESTS_CORE_STORAGE_SEGMENT_IMAGE_H_
#define ORRERY_TESTS_CORE_STORAGE_SEGMENT_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "core/base/bytes.h"
#include "core/storage/record.h"

namespace orrery {

// A file image with a header block's worth of zeros in front.
class SegmentImage {
 public:
  static constexpr uint64_t kSalt = 77;

  uint64_t Add(const std::string& key, const std::string& value) {
    const uint64_t offset = bytes_.size();
    const RecordFields fields{.timestamp = 5,
                              .seq = ++seq_,
                              .digest = 9,
                              .meta = {},
                              .key = ViewOf(key),
                              .value = ViewOf(value)};
    bytes_.resize(bytes_.size() + fields.bytes());
    EncodeRecord(fields, {kSalt, offset}, bytes_.data() + offset);
    return offset;
  }
  void AddZeros(size_t count) { bytes_.resize(bytes_.size() + count); }
  void Cut(uint64_t size) { bytes_.resize(static_cast<size_t>(size)); }
  void Flip(uint64_t at) { bytes_[static_cast<size_t>(at)] ^= std::byte{4}; }
  void Clear(uint64_t from, uint64_t upto) {
    std::memset(bytes_.data() + from, 0, static_cast<size_t>(upto - from));
  }
  uint64_t size() const { return bytes_.size(); }
  ByteView view() const { return bytes_; }

 private:
  ByteBuffer bytes_ = ByteBuffer(4096);
  uint64_t seq_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_STORAGE_SEGMENT_IMAGE_H_
