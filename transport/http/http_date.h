// transport/http/http_date.h
//
// The Date header's text, made once per second.

#ifndef ORRERY_TRANSPORT_HTTP_HTTP_DATE_H_
#define ORRERY_TRANSPORT_HTTP_HTTP_DATE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace orrery {

// "Sun, 06 Nov 1994 08:49:37 GMT".  REQUIRES: the year has four digits.
std::string FormatHttpDate(int64_t unix_seconds);

// "2026-11-27T08-49-37Z": sorts by time, and may name a file.  Likewise.
std::string FormatTimeName(int64_t unix_seconds);

class HttpDate {
 public:
  // Reads the clock.
  std::string_view Now();

 private:
  int64_t unix_seconds_ = -1;
  std::string text_;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_HTTP_DATE_H_
