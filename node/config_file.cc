#include "node/config_file.h"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

namespace json = boost::json;
using boost::json::error_code;
using boost::json::string_view;
using Form = GivenValue::Form;

// Collects the members of the outer object; nested values are kOther.
struct Handler {
  // What boost::json::basic_parser calls them.
  // NOLINTBEGIN(readability-identifier-naming)
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  // NOLINTEND(readability-identifier-naming)

  ConfigMembers members;
  std::string text;  // Of the key, string or number being read.
  int depth = 0;     // 1: in the outer object; 2: in a value of it.
  bool is_object = false;

  bool Add(Form form, std::string_view spelling) {
    if (depth == 1 && is_object) {
      members.back().second.form = form;
      members.back().second.text = spelling;
    } else if (depth > 1) {
      GivenValue& outer = members.back().second;
      if (depth == 2 && outer.form == Form::kList && form == Form::kString) {
        outer.list.emplace_back(spelling);
      } else {
        outer.form = Form::kOther;
      }
    }
    return true;
  }
  bool Open(Form form) {
    if (depth > 0) Add(form, "");
    ++depth;
    return true;
  }
  bool Close() {
    --depth;
    return true;
  }
  bool AddNumber(string_view last) {
    text.append(last.data(), last.size());
    const bool added = Add(Form::kNumber, text);
    text.clear();
    return added;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    if (depth == 0) is_object = true;
    return Open(Form::kOther);
  }
  bool on_object_end(std::size_t, error_code&) { return Close(); }
  bool on_array_begin(error_code&) { return Open(Form::kList); }
  bool on_array_end(std::size_t, error_code&) { return Close(); }
  bool on_key_part(string_view part, std::size_t, error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_key(string_view part, std::size_t, error_code&) {
    text.append(part.data(), part.size());
    if (depth == 1) members.emplace_back(text, GivenValue{});
    text.clear();
    return true;
  }
  bool on_string_part(string_view part, std::size_t, error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_string(string_view part, std::size_t, error_code&) {
    text.append(part.data(), part.size());
    const bool added = Add(Form::kString, text);
    text.clear();
    return added;
  }
  bool on_number_part(string_view part, error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t, string_view last, error_code&) {
    return AddNumber(last);
  }
  bool on_uint64(std::uint64_t, string_view last, error_code&) {
    return AddNumber(last);
  }
  bool on_double(double, string_view last, error_code&) {
    return AddNumber(last);
  }
  bool on_bool(bool value, error_code&) {
    return Add(Form::kBool, value ? "true" : "false");
  }
  bool on_null(error_code&) { return Add(Form::kOther, ""); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

absl::StatusOr<ConfigMembers> ParseConfigText(std::string_view text) {
  json::basic_parser<Handler> parser{json::parse_options{}};
  error_code error;
  const std::size_t used =
      parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = json::error::extra_data;
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("is not valid JSON: ", error.message()));
  }
  if (!parser.handler().is_object) {
    return absl::InvalidArgumentError("is not a JSON object");
  }
  return std::move(parser.handler().members);
}

absl::StatusOr<ConfigMembers> ReadConfigFile(const std::string& path) {
  const std::unique_ptr<std::FILE, FileCloser> file(
      std::fopen(path.c_str(), "re"));
  if (file == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("cannot be read: ", std::strerror(errno)));
  }
  std::string text(kConfigFileBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot be read: ", std::strerror(errno)));
  }
  if (text.size() > kConfigFileBytesMax) {
    return absl::InvalidArgumentError("is larger than 1 MiB");
  }
  return ParseConfigText(text);
}

}  // namespace orrery
