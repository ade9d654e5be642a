#include "tests/support/house_rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <regex>

namespace orrery::house {
namespace {

bool StartsWithAny(std::string_view path,
                   const std::vector<std::string_view>& prefixes) {
  return std::any_of(
      prefixes.begin(), prefixes.end(),
      [path](std::string_view p) { return path.starts_with(p); });
}

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

size_t LineAt(std::string_view text, size_t position) {
  const auto begin = text.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(position);
  return 1 + static_cast<size_t>(std::count(begin, end, '\n'));
}

// The core and the simulated world: what must replay.
bool MustBeDeterministic(std::string_view path) {
  if (path.starts_with("core/")) return true;
  return path.starts_with("sim/") && !path.starts_with("sim/host/");
}

struct Include {
  std::string target;
  bool quoted = false;
  size_t line = 0;
};

std::vector<Include> IncludesOf(const Source& source) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> includes;
  size_t line = 0;
  size_t begin = 0;
  while (begin < source.text.size()) {
    const size_t end =
        std::min(source.text.find('\n', begin), source.text.size());
    ++line;
    std::smatch match;
    const std::string text = source.text.substr(begin, end - begin);
    if (std::regex_search(text, match, kInclude)) {
      includes.push_back({match[2], match[1] == "\"", line});
    }
    begin = end + 1;
  }
  return includes;
}

// What the files below `from` may include of this repository.  First match.
struct Layer {
  std::string_view from;
  std::vector<std::string_view> allowed;
  std::vector<std::string_view> denied;
};

const std::vector<Layer>& Layers() {
  static const std::vector<Layer> kLayers = {
      {"core/base/", {"core/base/"}, {}},
      {"core/protocol/", {"core/base/", "core/protocol/"}, {}},
      {"core/ports/", {"core/base/", "core/protocol/", "core/ports/"}, {}},
      {"core/engine/", {"core/"}, {}},
      {"core/", {"core/"}, {"core/engine/", "core/ports/"}},
      {"transport/wire/", {"core/", "transport/wire/"}, {}},
      {"transport/", {"core/", "transport/"}, {}},
      {"sim/host/", {"core/", "transport/wire/", "sim/"}, {}},
      {"sim/", {"core/", "transport/wire/", "sim/"}, {"sim/host/"}},
      {"node/", {"core/", "transport/", "sim/", "node/"}, {}},
  };
  return kLayers;
}

bool IsOurs(std::string_view target) {
  return StartsWithAny(target, {"core/", "transport/", "sim/", "node/",
                                "tests/", "fuzz/", "bench/"});
}

// Headers at the root of a library, or made by a generator.
bool IsForeign(std::string_view target) {
  return target == "rapidcheck.h" || target.ends_with(".pb.h");
}

struct BannedInclude {
  std::string_view prefix;
  std::string_view instead;
};

constexpr std::array kBannedIncludes = std::to_array<BannedInclude>({
    {"iostream", "core logs nothing; return data"},
    {"fstream", "the disk port"},
    {"filesystem", "the disk port"},
    {"thread", "one engine per thread, messages between them"},
    {"mutex", "one engine per thread, messages between them"},
    {"shared_mutex", "one engine per thread, messages between them"},
    {"condition_variable", "one engine per thread, messages between them"},
    {"atomic", "one engine per thread, messages between them"},
    {"future", "one engine per thread, messages between them"},
    {"chrono", "core/base/time.h"},
    {"ctime", "core/base/time.h"},
    {"time.h", "core/base/time.h"},
    {"random", "core/base/prng.h"},
    {"unordered_map", "core/base/lookup_map.h, or a sorted container"},
    {"unordered_set", "core/base/lookup_map.h, or a sorted container"},
    {"locale", "bytes have no locale"},
    {"unistd.h", "the ports"},
    {"sys/", "the ports"},
    {"boost/", "core/ports; Asio lives in transport"},
    {"google/protobuf/", "core/protocol; protobuf lives in transport/wire"},
    {"spdlog/", "marks and replies; logs live in node"},
    {"absl/container/flat_hash", "core/base/lookup_map.h"},
    {"absl/container/node_hash", "core/base/lookup_map.h"},
    {"absl/hash/", "core/base/hash.h"},
    {"absl/random/", "core/base/prng.h"},
    {"absl/time/", "core/base/time.h"},
    {"absl/synchronization/", "one engine per thread, messages between them"},
});

struct BannedWord {
  std::string_view word;
  std::string_view instead;
};

constexpr std::array kBannedWords = std::to_array<BannedWord>({
    {"float", "integers, or a ratio of two"},
    {"double", "integers, or a ratio of two"},
    {"std::function", "a template parameter, or a closed enum"},
    {"std::hash", "core/base/hash.h"},
    {"absl::Hash", "core/base/hash.h"},
    {"std::shuffle", "Prng::Shuffle"},
    {"std::sample", "Prng::Shuffle, then a prefix"},
    {"std::random_device", "the entropy of kStart"},
    {"mt19937", "core/base/prng.h"},
    {"mt19937_64", "core/base/prng.h"},
    {"rand", "core/base/prng.h"},
    {"srand", "core/base/prng.h"},
    {"unordered_map", "core/base/lookup_map.h, or a sorted container"},
    {"unordered_set", "core/base/lookup_map.h, or a sorted container"},
    {"flat_hash_map", "core/base/lookup_map.h, or a sorted container"},
    {"flat_hash_set", "core/base/lookup_map.h, or a sorted container"},
    {"steady_clock", "the Stamp of the event"},
    {"system_clock", "the Stamp of the event"},
    {"clock_gettime", "the Stamp of the event"},
    {"gettimeofday", "the Stamp of the event"},
    {"getenv", "options"},
    {"thread_local", "a member of the engine"},
    {"std::thread", "one engine per thread, messages between them"},
    {"std::mutex", "one engine per thread, messages between them"},
    {"std::atomic", "one engine per thread, messages between them"},
    {"std::shared_ptr", "Bytes, or a pool and a Handle"},
    {"shared_ptr", "Bytes, or a pool and a Handle"},
    {"std::sort", "Sort of core/base/total_order.h"},
    {"std::ranges::sort", "Sort of core/base/total_order.h"},
    {"std::stable_sort", "Sort of core/base/total_order.h"},
    {"std::partial_sort", "Sort of core/base/total_order.h"},
    {"std::nth_element", "Sort of core/base/total_order.h"},
    {"std::push_heap", "a heap by (time, sequence), as core/engine has it"},
    {"std::priority_queue",
     "a heap by (time, sequence), as core/engine has it"},
    {"throw", "a closed enum, or ORRERY_INVARIANT"},
    {"try", "a closed enum, or ORRERY_INVARIANT"},
    {"catch", "a closed enum, or ORRERY_INVARIANT"},
    {"assert", "ORRERY_INVARIANT, which is on in every build"},
    {"printf", "marks and replies"},
    {"fprintf", "marks and replies"},
    {"std::cout", "marks and replies"},
    {"std::cerr", "marks and replies"},
    {"uintptr_t", "a Handle; addresses differ from run to run"},
    {"co_await", "an object with phases; a frame cannot be hashed"},
    {"errno", "the completion's own code"},
    {"__DATE__", "nothing: builds are reproducible"},
    {"__TIME__", "nothing: builds are reproducible"},
});

bool IsToken(std::string_view text, size_t at, size_t length) {
  const bool starts =
      at == 0 || (!IsWordCharacter(text[at - 1]) && text[at - 1] != ':');
  const bool ends =
      at + length == text.size() || !IsWordCharacter(text[at + length]);
  // `std::` before a bare word is the same word.
  const bool qualified = at >= 2 && text.substr(at - 2, 2) == "::";
  return (starts || (qualified && text[at] != ':')) && ends;
}

// Ends of the conditions of if, for, while and switch: a statement ends there.
std::vector<size_t> ConditionEnds(const std::string& text) {
  static const std::regex kCondition(R"(\b(if|for|while|switch)\s*\()");
  std::vector<size_t> ends;
  for (std::sregex_iterator it(text.begin(), text.end(), kCondition), end;
       it != end; ++it) {
    size_t at = static_cast<size_t>(it->position() + it->length());
    for (int depth = 1; depth > 0 && at < text.size(); ++at) {
      if (text[at] == '(') ++depth;
      if (text[at] == ')') --depth;
    }
    ends.push_back(at - 1);
  }
  return ends;
}

}  // namespace

std::string WithoutCommentsAndStrings(std::string_view text) {
  static const std::regex kOpaque(
      R"re(R"([A-Za-z_]*)\([\s\S]*?\)\1"|//[^\n]*|/\*[\s\S]*?\*/)re"
      R"re(|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\.|[^'\\\n])+')re");
  std::string code(text);
  std::cmatch match;
  const char* from = text.data();
  const char* const end = from + text.size();
  while (std::regex_search(from, end, match, kOpaque)) {
    const auto at = static_cast<size_t>(match[0].first - text.data());
    const auto length = static_cast<size_t>(match.length());
    // 1'000 is a number, not a character.
    const bool separator =
        text[at] == '\'' && at > 0 && IsWordCharacter(text[at - 1]);
    if (separator) {
      from = match[0].first + 1;
      continue;
    }
    for (size_t i = at; i < at + length; ++i) {
      if (code[i] != '\n') code[i] = ' ';
    }
    from = match[0].second;
  }
  return code;
}

Findings CheckIncludeDirections(const Source& source) {
  Findings findings;
  const auto report = [&](const Include& include, std::string why) {
    findings.push_back({source.path, include.line,
                        "may not include " + include.target + ": " + why});
  };
  const auto layer = std::find_if(
      Layers().begin(), Layers().end(),
      [&](const Layer& l) { return source.path.starts_with(l.from); });
  for (const Include& include : IncludesOf(source)) {
    if (include.quoted && include.target.find('/') == std::string::npos &&
        !IsForeign(include.target)) {
      report(include, "includes are rooted at the repository");
    }
    if (layer != Layers().end() && IsOurs(include.target)) {
      if (!StartsWithAny(include.target, layer->allowed) ||
          StartsWithAny(include.target, layer->denied)) {
        report(include, "dependencies point inward");
      }
    }
    const bool is_lookup_map = source.path == "core/base/lookup_map.h";
    if (!MustBeDeterministic(source.path) || is_lookup_map) continue;
    for (const BannedInclude& banned : kBannedIncludes) {
      const bool folder = banned.prefix.ends_with('/') ||
                          banned.prefix.find('/') != std::string_view::npos;
      const bool hit = folder ? include.target.starts_with(banned.prefix)
                              : include.target == banned.prefix;
      if (hit) report(include, "use " + std::string(banned.instead));
    }
  }
  return findings;
}

Findings CheckBannedWords(const Source& source) {
  Findings findings;
  if (!MustBeDeterministic(source.path)) return findings;
  if (source.path == "core/base/lookup_map.h") return findings;
  if (source.path == "core/base/total_order.h") return findings;
  static const std::regex kIncludeLine(R"(#\s*include[^\n]*)");
  const std::string code = std::regex_replace(
      WithoutCommentsAndStrings(source.text), kIncludeLine, "");
  for (const BannedWord& banned : kBannedWords) {
    for (size_t at = code.find(banned.word); at != std::string::npos;
         at = code.find(banned.word, at + 1)) {
      if (!IsToken(code, at, banned.word.size())) continue;
      findings.push_back({source.path, LineAt(code, at),
                          "`" + std::string(banned.word) + "`: use " +
                              std::string(banned.instead)});
    }
  }
  return findings;
}

Findings CheckPointerKeys(const Source& source) {
  Findings findings;
  if (!MustBeDeterministic(source.path)) return findings;
  static const std::regex kPointerKey(
      R"(\b\w*(map|set)<\s*(const\s+)?[\w:]+\s*(const\s*)?\*)");
  const std::string code = WithoutCommentsAndStrings(source.text);
  for (std::sregex_iterator at(code.begin(), code.end(), kPointerKey), end;
       at != end; ++at) {
    findings.push_back({source.path,
                        LineAt(code, static_cast<size_t>(at->position())),
                        "a pointer is a key: addresses differ from run to run; "
                        "use an id or a Handle"});
  }
  return findings;
}

Findings CheckHeaderGuard(const Source& source) {
  if (!source.path.ends_with(".h")) return {};
  std::string guard = "ORRERY_";
  for (const char c : source.path) {
    guard +=
        IsWordCharacter(c)
            ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
            : '_';
  }
  guard += '_';
  const std::string expected = "#ifndef " + guard + "\n#define " + guard + "\n";
  if (source.text.find(expected) != std::string::npos &&
      source.text.ends_with("#endif  // " + guard + "\n")) {
    return {};
  }
  return {{source.path, 1, "the header guard should be " + guard}};
}

Findings CheckFileName(const Source& source) {
  static const std::regex kSnakeCase(R"(([a-z0-9_]+/)*[a-z0-9_]+\.(h|cc))");
  static const std::regex kVague(
      R"((^|[/_])(utils?|helpers?|managers?|common|misc)([/_.]|$))");
  Findings findings;
  if (!std::regex_match(source.path, kSnakeCase)) {
    findings.push_back({source.path, 1, "file names are snake_case"});
  }
  if (std::regex_search(source.path, kVague)) {
    findings.push_back(
        {source.path, 1, "a file is named for the noun it holds"});
  }
  return findings;
}

Findings CheckOneDrawPerStatement(const Source& source) {
  static const std::regex kDraw(
      R"((\.|->)(Below|Between|Chance)\s*\(|(prng|rng|random)_?(\.|->)Next\s*\()");
  Findings findings;
  if (source.path.starts_with("tests/")) return findings;
  std::string code = WithoutCommentsAndStrings(source.text);
  for (const size_t end : ConditionEnds(code)) code[end] = ';';
  size_t begin = 0;
  while (begin < code.size()) {
    const size_t end = std::min(code.find_first_of(";{}", begin), code.size());
    const std::string statement = code.substr(begin, end - begin);
    const std::sregex_iterator draws(statement.begin(), statement.end(), kDraw);
    if (std::distance(draws, std::sregex_iterator()) > 1) {
      findings.push_back(
          {source.path, LineAt(code, end),
           "two draws in one statement: compilers differ in their order; use "
           "named locals"});
    }
    begin = end + 1;
  }
  return findings;
}

Findings CheckNoLooseEnds(const Source& source) {
  static const std::regex kLoose(R"(\b(TODO|FIXME|XXX)\b)");
  Findings findings;
  std::smatch match;
  if (std::regex_search(source.text, match, kLoose)) {
    findings.push_back(
        {source.path,
         LineAt(source.text, static_cast<size_t>(match.position())),
         "finish it, or file it: no " + match.str() + " in the tree"});
  }
  return findings;
}

}  // namespace orrery::house
