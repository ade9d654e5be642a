#include "tests/core/storage/other_format.h"

#include "core/base/bytes.h"
#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/storage/header_block.h"

namespace orrery {

std::string WithFormat(std::string file, OtherFormat format, size_t offset) {
  std::string block = file.substr(offset, kHeaderBlockBytes);
  auto* bytes = reinterpret_cast<std::byte*>(block.data());
  switch (format) {
    case OtherFormat::kMajor2:
      StoreU16(bytes + 8, 2);
      break;
    case OtherFormat::kUnknownFeature:
      StoreU32(bytes + 12, 0x10);
      break;
    case OtherFormat::kGrown:
      StoreU16(bytes + 10, 9);
      StoreU32(bytes + 16, LoadU32(bytes + 16) | 0x8000);
      StoreU64(bytes + kHeaderCrcAt - 8, 0x600d);
      break;
  }
  StoreU32(bytes + kHeaderCrcAt, Crc32c({bytes, kHeaderCrcAt}));
  return file.replace(offset, block.size(), block);
}

std::string_view NameOf(OtherFormat format) {
  switch (format) {
    case OtherFormat::kMajor2:
      return "format 2.0 with incompatible features 0x00000000";
    case OtherFormat::kUnknownFeature:
      return "format 1.0 with incompatible features 0x00000010";
    case OtherFormat::kGrown:
      break;
  }
  return "";
}

}  // namespace orrery
