// The one file that includes Boost.Beast's request parser.

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include "transport/http/ascii.h"
#include "transport/http/request_head.h"

namespace orrery {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

std::string_view ToStd(string_view text) { return {text.data(), text.size()}; }

HttpMethod ToMethod(http::verb verb) {
  if (verb == http::verb::get) return HttpMethod::kGet;
  if (verb == http::verb::head) return HttpMethod::kHead;
  if (verb == http::verb::put) return HttpMethod::kPut;
  if (verb == http::verb::post) return HttpMethod::kPost;
  if (verb == http::verb::delete_) return HttpMethod::kDelete;
  return HttpMethod::kOther;
}

bool IsCondition(http::field field) {
  return field == http::field::if_match ||
         field == http::field::if_none_match ||
         field == http::field::if_modified_since ||
         field == http::field::if_unmodified_since ||
         field == http::field::if_range;
}

class HeadParser final : public http::basic_parser<true> {
 public:
  explicit HeadParser(RequestHead* head) : head_(head) {}

 private:
  void on_request_impl(http::verb verb, string_view, string_view target,
                       int version, error_code&) override {
    head_->method = ToMethod(verb);
    head_->target = ToStd(target);
    head_->http11 = version == 11;
  }

  void on_field_impl(http::field field, string_view name, string_view value,
                     error_code&) override {
    if (field == http::field::content_type) {
      Set(&head_->content_type, value);
    } else if (field == http::field::accept) {
      if (!head_->accept.has_value() || TrimSpace(*head_->accept).empty()) {
        head_->accept = ToStd(value);
      }
    } else if (field == http::field::expect) {
      Set(&head_->expect, value);
    } else if (IsCondition(field)) {
      head_->conditional = true;
    } else if (field == http::field::content_encoding) {
      if (!EqualsIgnoreCase(TrimSpace(ToStd(value)), "identity")) {
        head_->encoded = true;
      }
    } else if (field == http::field::content_range) {
      head_->content_range = true;
    } else if (field == http::field::authorization) {
      if (authorized_) head_->repeated = true;
      authorized_ = true;
    } else if (field == http::field::unknown) {
      if (boost::beast::iequals(name, "X-Operation-Id")) {
        Set(&head_->operation_id, value);
      } else if (boost::beast::iequals(name, "X-Causal-Context")) {
        Set(&head_->causal_context, value);
      }
    }
  }

  void Set(std::optional<std::string_view>* member, string_view value) {
    if (member->has_value()) head_->repeated = true;
    *member = ToStd(value);
  }

  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&,
                         error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override {
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body,
                                 error_code&) override {
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  RequestHead* head_;
  bool authorized_ = false;
};

}  // namespace

bool ParseHead(std::string_view bytes, RequestHead* head) {
  *head = RequestHead();
  HeadParser parser(head);
  // The guard has applied our limits; the parser's own must not be in the way.
  parser.header_limit(static_cast<std::uint32_t>(bytes.size()) + 1);
  parser.body_limit(boost::none);
  error_code error;
  const std::size_t used =
      parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (error && error != http::error::need_more) return false;
  if (!parser.is_header_done() || used != bytes.size()) return false;
  head->keep_alive = parser.keep_alive();
  head->chunked = parser.chunked();
  const boost::optional<std::uint64_t> length = parser.content_length();
  head->content_length = length ? *length : 0;
  return true;
}

}  // namespace orrery
