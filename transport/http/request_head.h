// transport/http/request_head.h
//
// What one request head says, as views into its bytes.  Parsed by Boost.Beast
// behind FramingGuard; only head_parser.cc knows Beast.

#ifndef ORRERY_TRANSPORT_HTTP_REQUEST_HEAD_H_
#define ORRERY_TRANSPORT_HTTP_REQUEST_HEAD_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace orrery {

enum class HttpMethod : uint8_t {
  kGet = 1,
  kHead = 2,
  kPut = 3,
  kPost = 4,
  kDelete = 5,
  kOther = 6,
};

struct RequestHead {
  HttpMethod method = HttpMethod::kOther;
  std::string_view target;
  bool http11 = true;
  bool keep_alive = true;
  bool chunked = false;
  uint64_t content_length = 0;
  std::optional<std::string_view> content_type;
  // A list that may come in several lines; the first that is not empty, for
  // only its first element is asked for.
  std::optional<std::string_view> accept;
  std::optional<std::string_view> expect;
  std::optional<std::string_view> operation_id;
  std::optional<std::string_view> causal_context;
  bool conditional = false;    // An If-... header of any kind.
  bool encoded = false;        // A Content-Encoding other than identity.
  bool content_range = false;  // The body is said to be a part.
  bool repeated = false;       // A header that must be unique was not.

  bool HasBody() const { return chunked || content_length > 0; }
};

// `bytes` is exactly one head that FramingGuard passed.  False: Beast reads it
// otherwise than the guard did, and the request is refused.
[[nodiscard]] bool ParseHead(std::string_view bytes, RequestHead* head);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_REQUEST_HEAD_H_
