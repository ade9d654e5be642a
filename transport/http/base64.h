// transport/http/base64.h
//
// RFC 4648, both alphabets.  Decoding is strict: no white space, no other
// alphabet's letters, no stray bits, so that one text is one value.

#ifndef ORRERY_TRANSPORT_HTTP_BASE64_H_
#define ORRERY_TRANSPORT_HTTP_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace orrery {

// Standard alphabet, padded: JSON members `value_base64` and `key_base64`.
void AppendBase64(ByteView bytes, std::string* out);
std::optional<Bytes> DecodeBase64(std::string_view text);

// URL-safe alphabet, unpadded: contexts, operations, cursors.
void AppendBase64Url(ByteView bytes, std::string* out);
std::string Base64Url(ByteView bytes);
std::optional<Bytes> DecodeBase64Url(std::string_view text);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_BASE64_H_
