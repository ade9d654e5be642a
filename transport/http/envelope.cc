#include "transport/http/envelope.h"

#include <array>
#include <boost/json/basic_parser_impl.hpp>

#include "transport/http/base64.h"

namespace orrery {
namespace {

namespace json = boost::json;
using boost::json::error_code;
using boost::json::string_view;

enum Member : size_t {
  kValue = 0,
  kValueBase64 = 1,
  kConsistency = 2,
  kContext = 3,
  kMembers = 4,
};
constexpr std::array<std::string_view, kMembers> kNames = {
    "value", "value_base64", "consistency", "context"};

// Called by the parser; keeps the texts of the members of the one object.
struct Handler {
  // What boost::json::basic_parser calls them.
  // NOLINTBEGIN(readability-identifier-naming)
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = 4096;
  static constexpr std::size_t max_string_size = std::size_t(-1);
  // NOLINTEND(readability-identifier-naming)

  std::array<std::optional<std::string>, kMembers> texts;
  EnvelopeVerdict verdict;
  std::string text;
  std::string name;
  size_t member = kMembers;
  bool in_object = false;

  bool Fail(EnvelopeError error, std::string_view detail, error_code& ec) {
    verdict = {error, std::string(detail)};
    ec = json::error::exception;  // Any error stops the parser.
    return false;
  }
  bool FailType(error_code& ec) {
    if (!in_object) {
      return Fail(EnvelopeError::kMalformed, "the body is not a JSON object",
                  ec);
    }
    return Fail(EnvelopeError::kNotAString, kNames[member], ec);
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec) {
    if (in_object) return FailType(ec);
    in_object = true;
    return true;
  }
  bool on_object_end(std::size_t, error_code&) { return true; }
  bool on_array_begin(error_code& ec) { return FailType(ec); }
  bool on_array_end(std::size_t, error_code&) { return true; }

  bool on_key_part(string_view part, std::size_t, error_code&) {
    name.append(part.data(), part.size());
    return true;
  }
  bool on_key(string_view part, std::size_t, error_code& ec) {
    name.append(part.data(), part.size());
    member = 0;
    while (member < kMembers && kNames[member] != name) ++member;
    if (member == kMembers) {
      return Fail(EnvelopeError::kUnknownMember, name, ec);
    }
    if (texts[member].has_value()) {
      return Fail(EnvelopeError::kRepeatedMember, name, ec);
    }
    name.clear();
    return true;
  }

  bool on_string_part(string_view part, std::size_t, error_code& ec) {
    if (!in_object) return FailType(ec);
    text.append(part.data(), part.size());
    return true;
  }
  bool on_string(string_view part, std::size_t, error_code& ec) {
    if (!in_object) return FailType(ec);
    text.append(part.data(), part.size());
    texts[member] = std::move(text);
    text.clear();
    return true;
  }

  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, string_view, error_code& ec) {
    return FailType(ec);
  }
  bool on_uint64(std::uint64_t, string_view, error_code& ec) {
    return FailType(ec);
  }
  bool on_double(double, string_view, error_code& ec) { return FailType(ec); }
  bool on_bool(bool, error_code& ec) { return FailType(ec); }
  bool on_null(error_code& ec) { return FailType(ec); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

EnvelopeVerdict Extract(Handler& handler, WriteEnvelope* envelope) {
  auto& texts = handler.texts;
  if (texts[kValue].has_value() && texts[kValueBase64].has_value()) {
    return {EnvelopeError::kTwoValues, ""};
  }
  if (texts[kValue].has_value()) {
    envelope->value = Bytes::CopyOf(*texts[kValue]);
  }
  if (texts[kValueBase64].has_value()) {
    envelope->value = DecodeBase64(*texts[kValueBase64]);
    if (!envelope->value.has_value()) return {EnvelopeError::kBadBase64, ""};
  }
  envelope->consistency = std::move(texts[kConsistency]);
  envelope->context = std::move(texts[kContext]);
  return {};
}

}  // namespace

EnvelopeVerdict ParseEnvelope(std::string_view text, WriteEnvelope* envelope) {
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  json::basic_parser<Handler> parser(options);
  error_code error;
  const std::size_t used =
      parser.write_some(false, text.data(), text.size(), error);
  Handler& handler = parser.handler();
  if (handler.verdict.error != EnvelopeError::kNone) return handler.verdict;
  if (!error && used < text.size()) error = json::error::extra_data;
  if (error) {
    return {EnvelopeError::kMalformed, "not valid JSON: " + error.message()};
  }
  return Extract(handler, envelope);
}

}  // namespace orrery
