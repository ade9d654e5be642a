// transport/http/envelope.h
//
// The JSON body of a write: {"value": ..., "consistency": ..., "context": ...}.
// Only strings, only known members, each at most once; lone surrogates,
// malformed UTF-8 and nesting beyond 32 are refused by the parser.

#ifndef ORRERY_TRANSPORT_HTTP_ENVELOPE_H_
#define ORRERY_TRANSPORT_HTTP_ENVELOPE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace orrery {

// A text that is not JSON at all fails long before; arrays are refused anyway.
inline constexpr size_t kJsonDepthMax = 32;

struct WriteEnvelope {
  std::optional<Bytes> value;  // Of `value` or decoded from `value_base64`.
  std::optional<std::string> consistency;
  std::optional<std::string> context;  // Still base64url.
};

enum class EnvelopeError : uint8_t {
  kNone = 0,
  kMalformed = 1,  // Not a JSON object, or broken inside.
  kUnknownMember = 2,
  kRepeatedMember = 3,
  kNotAString = 4,
  kTwoValues = 5,  // `value` beside `value_base64`.
  kBadBase64 = 6,
};

struct EnvelopeVerdict {
  EnvelopeError error = EnvelopeError::kNone;
  std::string detail;  // For the client: what the parser met, or which member.
};

[[nodiscard]] EnvelopeVerdict ParseEnvelope(std::string_view json,
                                            WriteEnvelope* envelope);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_ENVELOPE_H_
