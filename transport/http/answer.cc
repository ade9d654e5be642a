#include "transport/http/answer.h"

#include "absl/strings/str_cat.h"
#include "transport/http/json_writer.h"

namespace orrery {

void Answer::Clear() {
  status = 200;
  content_type = kJsonType;
  headers.clear();
  body.clear();
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Payload Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Error";
  }
}

void AppendAnswer(const Answer& answer, const AnswerFrame& frame,
                  std::string* out) {
  out->append("HTTP/1.1 ");
  absl::StrAppend(out, answer.status);
  out->push_back(' ');
  out->append(ReasonPhrase(answer.status));
  out->append("\r\nDate: ");
  out->append(frame.date);
  out->append("\r\nContent-Type: ");
  out->append(answer.content_type);
  out->append("\r\nContent-Length: ");
  absl::StrAppend(out, answer.body.size());
  out->append("\r\n");
  out->append(answer.headers);
  if (frame.after == AfterAnswer::kClose) {
    out->append("Connection: close\r\n");
  } else if (frame.after == AfterAnswer::kKeepHttp10) {
    out->append("Connection: keep-alive\r\n");
  }
  out->append("\r\n");
  if (!frame.head_only) out->append(answer.body);
}

void FillError(int status, std::string_view message, Answer* answer) {
  answer->Clear();
  answer->status = status;
  JsonWriter(&answer->body)
      .BeginObject()
      .Member("error", ReasonPhrase(status))
      .Member("code", static_cast<uint64_t>(status))
      .Member("message", message)
      .EndObject();
  answer->body.push_back('\n');
  if (status == 503) answer->headers.append("Retry-After: 1\r\n");
}

}  // namespace orrery
