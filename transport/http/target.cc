#include "transport/http/target.h"

#include <algorithm>

#include "transport/http/ascii.h"

namespace orrery {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = LowerAscii(c);
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return -1;
}

bool ParseQuery(std::string_view text, Target* target) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    if (target->query.size() == kQueryParametersMax) return false;
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      target->query.push_back({pair, {}, false});
    } else {
      target->query.push_back(
          {pair.substr(0, equals), pair.substr(equals + 1), true});
    }
  }
  return true;
}

}  // namespace

bool ParseTarget(std::string_view text, Target* target) {
  target->query.clear();
  constexpr size_t kSchemeBytes = 7;
  if (text.size() > kSchemeBytes &&
      EqualsIgnoreCase(text.substr(0, kSchemeBytes), "http://")) {
    text.remove_prefix(std::min(text.find('/', kSchemeBytes), text.size()));
  }
  if (!text.starts_with('/')) return false;
  // A fragment is never sent (RFC 9112 section 3.2); dropping what looks like
  // one would silently name another key.
  if (text.find('#') != std::string_view::npos) return false;
  const size_t question = text.find('?');
  target->path = text.substr(0, question);
  if (question == std::string_view::npos) return true;
  return ParseQuery(text.substr(question + 1), target);
}

bool PercentDecode(std::string_view text, std::string* decoded) {
  decoded->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded->push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return false;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return false;
    decoded->push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return true;
}

bool DecodeQueryValue(std::string_view text, std::string* decoded) {
  if (text.find('+') == std::string_view::npos) {
    return PercentDecode(text, decoded);
  }
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return PercentDecode(spaced, decoded);
}

}  // namespace orrery
