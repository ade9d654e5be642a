#include "core/storage/store_context.h"

#include "core/base/bytes.h"
#include "core/base/coding.h"

namespace orrery {

uint64_t StoreContext::SaltOf(uint64_t file_id) const {
  ByteBuffer input;
  PutU64(input, file_id);
  PutU32(input, open.generation);
  PutU8(input, static_cast<uint8_t>(options.id));
  return SipHash24(index_key(), input);
}

}  // namespace orrery
