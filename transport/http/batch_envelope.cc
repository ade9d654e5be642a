#include "transport/http/batch_envelope.h"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "transport/http/envelope.h"
#include "transport/http/json_writer.h"

namespace orrery {
namespace {

namespace json = boost::json;
using boost::json::error_code;
using boost::json::string_view;

struct OperationMember {
  std::string_view name;
  std::optional<std::string> OperationEnvelope::* text;
};
constexpr std::array<OperationMember, 8> kOperationMembers = {
    {{"op", &OperationEnvelope::op},
     {"key", &OperationEnvelope::key},
     {"key_base64", &OperationEnvelope::key_base64},
     {"value", &OperationEnvelope::value},
     {"value_base64", &OperationEnvelope::value_base64},
     {"consistency", &OperationEnvelope::consistency},
     {"context", &OperationEnvelope::context},
     {"operation", &OperationEnvelope::operation}}};

// A client's text inside a message of ours.
std::string Shown(std::string_view name) {
  constexpr size_t kShownBytesMax = 64;
  if (name.size() > kShownBytesMax || !IsUtf8(name)) return "a given name";
  return absl::StrCat("'", std::string(name), "'");
}

// Called by the parser.  `place_` is where it stands.
class BatchHandler {
 public:
  // What boost::json::basic_parser calls them.
  // NOLINTBEGIN(readability-identifier-naming)
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = 4096;
  static constexpr std::size_t max_string_size = std::size_t(-1);
  // NOLINTEND(readability-identifier-naming)

  BatchEnvelope envelope;
  bool has_operations = false;
  std::string wrong;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }

  bool on_object_begin(error_code& ec) {
    if (place_ == Place::kOutside) {
      place_ = Place::kBody;
      return true;
    }
    if (place_ != Place::kOperations) return FailType(ec);
    if (envelope.operations.size() == kBatchOperationsMax) {
      return Fail(
          absl::StrCat("operations: there are more than ", kBatchOperationsMax),
          ec);
    }
    envelope.operations.emplace_back();
    place_ = Place::kOperation;
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    place_ = place_ == Place::kOperation ? Place::kOperations : Place::kOutside;
    return true;
  }
  bool on_array_begin(error_code& ec) {
    if (place_ != Place::kBody || text_ != nullptr) return FailType(ec);
    place_ = Place::kOperations;
    return true;
  }
  bool on_array_end(std::size_t, error_code&) {
    place_ = Place::kBody;
    return true;
  }

  bool on_key_part(string_view part, std::size_t, error_code&) {
    name_.append(part.data(), part.size());
    return true;
  }
  bool on_key(string_view part, std::size_t, error_code& ec) {
    name_.append(part.data(), part.size());
    const bool known =
        place_ == Place::kOperation ? FindInOperation() : FindInBody();
    if (!known) {
      return Fail(absl::StrCat(Prefix(), "unknown member ", Shown(name_)), ec);
    }
    const bool repeated =
        text_ != nullptr ? text_->has_value() : has_operations;
    if (repeated) {
      return Fail(
          absl::StrCat(Prefix(), "member ", Shown(name_), " is given twice"),
          ec);
    }
    if (text_ == nullptr) has_operations = true;
    member_ = std::exchange(name_, {});
    return true;
  }

  bool on_string_part(string_view part, std::size_t, error_code& ec) {
    return TakeText(part, ec);
  }
  bool on_string(string_view part, std::size_t, error_code& ec) {
    if (!TakeText(part, ec)) return false;
    text_->emplace(std::move(value_));
    value_.clear();
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

 private:
  enum class Place : uint8_t {
    kOutside = 1,
    kBody = 2,        // In the one object.
    kOperations = 3,  // In its array.
    kOperation = 4,   // In an object of that.
  };

  bool FindInBody() {
    text_ = name_ == "consistency" ? &envelope.consistency : nullptr;
    return text_ != nullptr || name_ == "operations";
  }
  bool FindInOperation() {
    for (const OperationMember& member : kOperationMembers) {
      if (member.name != name_) continue;
      text_ = &(envelope.operations.back().*member.text);
      return true;
    }
    return false;
  }

  bool TakeText(string_view part, error_code& ec) {
    const bool is_member =
        place_ == Place::kOperation || place_ == Place::kBody;
    if (!is_member || text_ == nullptr) return FailType(ec);
    value_.append(part.data(), part.size());
    return true;
  }

  // Before the name of a member.
  std::string Prefix() const {
    if (place_ != Place::kOperation) return "";
    return absl::StrCat("operations[", envelope.operations.size() - 1, "]: ");
  }

  bool Fail(std::string what, error_code& ec) {
    wrong = std::move(what);
    ec = json::error::exception;  // Any error stops the parser.
    return false;
  }
  // What came here may not stand here.
  bool FailType(error_code& ec) {
    switch (place_) {
      case Place::kOutside:
        return Fail("the body is not a JSON object", ec);
      case Place::kBody:
        return Fail(text_ == nullptr
                        ? "operations: must be an array"
                        : absl::StrCat(member_, ": must be a string"),
                    ec);
      case Place::kOperations:
        return Fail(absl::StrCat("operations[", envelope.operations.size(),
                                 "]: must be an object"),
                    ec);
      case Place::kOperation:
        return Fail(absl::StrCat("operations[", envelope.operations.size() - 1,
                                 "].", member_, ": must be a string"),
                    ec);
    }
    return false;
  }

  Place place_ = Place::kOutside;
  std::optional<std::string>* text_ = nullptr;  // Of the member; none: array.
  std::string name_;                            // Of a member, as it comes.
  std::string member_;                          // The last whole name.
  std::string value_;                           // Of a string, as it comes.
};

}  // namespace

std::string ParseBatchEnvelope(std::string_view text, BatchEnvelope* envelope) {
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  json::basic_parser<BatchHandler> parser(options);
  error_code error;
  const std::size_t used =
      parser.write_some(false, text.data(), text.size(), error);
  BatchHandler& handler = parser.handler();
  if (!handler.wrong.empty()) return handler.wrong;
  if (!error && used < text.size()) error = json::error::extra_data;
  if (error) return "not valid JSON: " + error.message();
  if (handler.envelope.operations.empty()) {
    return absl::StrCat("operations: an array of 1 to ", kBatchOperationsMax,
                        " is needed");
  }
  *envelope = std::move(handler.envelope);
  return "";
}

}  // namespace orrery
