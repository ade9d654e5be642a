// transport/http/answer.h
//
// Answer is one HTTP response as data, and the one place that turns it into
// bytes.  Errors have one form: {"error": ..., "code": ..., "message": ...}.

#ifndef ORRERY_TRANSPORT_HTTP_ANSWER_H_
#define ORRERY_TRANSPORT_HTTP_ANSWER_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace orrery {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kBytesType = "application/octet-stream";
inline constexpr std::string_view kTextType =
    "text/plain; version=0.0.4; charset=utf-8";

struct Answer {
  int status = 200;
  std::string_view content_type = kJsonType;  // A literal.
  std::string headers;                        // More of them, each with CRLF.
  std::string body;

  // Keeps capacity: an Answer is filled again for every response.
  void Clear();
};

// How the connection goes on after the response.
enum class AfterAnswer : uint8_t {
  kKeep = 1,        // HTTP/1.1: nothing need be said.
  kKeepHttp10 = 2,  // HTTP/1.0 that asked for it: said.
  kClose = 3,
};

struct AnswerFrame {
  std::string_view date;   // "Sun, 06 Nov 1994 08:49:37 GMT"
  bool head_only = false;  // HEAD: all but the body.
  AfterAnswer after = AfterAnswer::kKeep;
};

std::string_view ReasonPhrase(int status);

void AppendAnswer(const Answer& answer, const AnswerFrame& frame,
                  std::string* out);

void FillError(int status, std::string_view message, Answer* answer);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_ANSWER_H_
