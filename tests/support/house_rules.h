// tests/support/house_rules.h
//
// The rules of the house that a compiler does not know: which way includes
// may point, which words the core may not use, how files and header guards
// are named, and that a statement draws at most one random number.  Each rule
// looks at one file's path and text and returns what it found.
//
// A word is found as a token, outside comments and strings.

#ifndef ORRERY_TESTS_SUPPORT_HOUSE_RULES_H_
#define ORRERY_TESTS_SUPPORT_HOUSE_RULES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::house {

struct Finding {
  std::string path;
  size_t line = 0;
  std::string message;
};

using Findings = std::vector<Finding>;

// A source file; `path` is relative to the repository.
struct Source {
  std::string path;
  std::string text;
};

// The text with the inside of comments, strings and characters blanked, line
// by line as long as before.
std::string WithoutCommentsAndStrings(std::string_view text);

Findings CheckIncludeDirections(const Source& source);
Findings CheckBannedWords(const Source& source);
// Ordered containers; base/lookup_map.h asserts it of its own.
Findings CheckPointerKeys(const Source& source);
Findings CheckHeaderGuard(const Source& source);
Findings CheckFileName(const Source& source);
Findings CheckOneDrawPerStatement(const Source& source);
Findings CheckNoLooseEnds(const Source& source);

}  // namespace orrery::house

#endif  // ORRERY_TESTS_SUPPORT_HOUSE_RULES_H_
