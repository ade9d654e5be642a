#include "sim/signature.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace orrery::sim {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsHexLetter(char c) { return c >= 'a' && c <= 'f'; }

bool IsName(std::string_view word) {
  for (const char c : word) {
    if (IsDigit(c)) return true;
  }
  return false;
}

// Of a dying process: addresses and process numbers differ, words do not.
std::string WithoutNumbers(std::string_view text) {
  std::string shape;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool hex = text.substr(i, 2) == "0x";
    if (!hex && !IsDigit(text[i])) {
      shape += text[i];
      continue;
    }
    if (hex) i += 2;
    while (i < text.size() &&
           (IsDigit(text[i]) || (hex && IsHexLetter(text[i])))) {
      ++i;
    }
    --i;
    shape += '#';
  }
  return shape;
}

bool EndsLikeName(std::string_view shape) {
  return !shape.empty() && shape.back() == '#';
}

}  // namespace

std::string ShapeOf(std::string_view sentence) {
  std::string shape;
  std::string_view joint;  // "and" after a name: not yet known to join a list.
  while (!sentence.empty()) {
    const size_t end = sentence.find(' ');
    std::string_view word = sentence.substr(0, end);
    sentence.remove_prefix(end == std::string_view::npos ? sentence.size()
                                                         : end + 1);
    if (word.empty()) continue;
    if (IsName(word)) {
      // What stands behind a name is its mark of punctuation.
      const char last = word.back();
      const bool ends = last == '.' || last == ';' || last == ':';
      if (!EndsLikeName(shape)) {
        if (!shape.empty()) shape += ' ';
        shape += '#';
      }
      joint = {};
      if (ends) shape += last;
      continue;
    }
    if (word == "and" && EndsLikeName(shape) && joint.empty()) {
      joint = word;
      continue;
    }
    if (!joint.empty()) {
      shape += ' ';
      shape += joint;
      joint = {};
    }
    if (!shape.empty()) shape += ' ';
    shape += word;
  }
  return shape;
}

std::string SignatureOf(const Violation& violation) {
  if (violation.oracle == "O0")
    return "O0 " + WithoutNumbers(violation.sentence);
  return violation.oracle + " " + violation.property + ": " +
         ShapeOf(violation.sentence);
}

}  // namespace orrery::sim
