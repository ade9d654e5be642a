// transport/http/target.h
//
// The request target taken apart: path and query, percent-decoded exactly
// once.  It does not know routes.

#ifndef ORRERY_TRANSPORT_HTTP_TARGET_H_
#define ORRERY_TRANSPORT_HTTP_TARGET_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"

namespace orrery {

// More parameters than any route has.
inline constexpr size_t kQueryParametersMax = 16;

struct QueryParameter {
  std::string_view name;  // As sent: no name of ours needs escapes.
  std::string_view value;
  bool has_value = false;  // "?raw" has none; "?raw=" has an empty one.
};

struct Target {
  std::string_view path;  // Still encoded; begins with '/'.
  absl::InlinedVector<QueryParameter, 4> query;
};

// Accepts the origin form and the absolute form.  False: malformed, which a
// raw '#' is too.
[[nodiscard]] bool ParseTarget(std::string_view text, Target* target);

// False: a '%' without two hex digits after it.
[[nodiscard]] bool PercentDecode(std::string_view text, std::string* decoded);

// As PercentDecode, and '+' is a space, as forms and query builders write it.
[[nodiscard]] bool DecodeQueryValue(std::string_view text,
                                    std::string* decoded);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_TARGET_H_
