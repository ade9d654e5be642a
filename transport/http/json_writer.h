// transport/http/json_writer.h
//
// JsonWriter appends JSON to a string, in the order it is told.  It knows
// commas and escapes; the caller keeps braces balanced.  Bytes that are not
// UTF-8 become base64 under a name that says so (CONTRACT section 3).
//
// Cost: one pass over each text; allocates only when the string grows.

#ifndef ORRERY_TRANSPORT_HTTP_JSON_WRITER_H_
#define ORRERY_TRANSPORT_HTTP_JSON_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace orrery {

// Well-formed UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
[[nodiscard]] bool IsUtf8(std::string_view text);

class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(*out) {}

  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  // REQUIRES: `name` needs no escapes.
  JsonWriter& Name(std::string_view name);

  // Any UTF-8, escaped.
  JsonWriter& TextName(std::string_view name);

  // REQUIRES: IsUtf8(text).
  JsonWriter& Text(std::string_view text);
  JsonWriter& Number(uint64_t number);
  JsonWriter& Number(double number);  // Finite.
  JsonWriter& Bool(bool value);
  JsonWriter& Null();

  // URL-safe base64 as a text.
  JsonWriter& Base64UrlText(std::string_view bytes);

  // A member `name`, or `name`_base64 if the bytes are not UTF-8.
  JsonWriter& TextOrBase64(std::string_view name, std::string_view bytes);

  JsonWriter& Member(std::string_view name, std::string_view text) {
    return Name(name).Text(text);
  }
  JsonWriter& Member(std::string_view name, uint64_t number) {
    return Name(name).Number(number);
  }

 private:
  void Separate();

  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_JSON_WRITER_H_
