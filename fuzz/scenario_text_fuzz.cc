// Texts against the parser of scenarios: what is refused is refused with a line
// and a reason; what is accepted prints to a text that parses to the same
// scenario (SCN-1) and prints to the same bytes (SCN-2), and means something:
// its settings can be resolved.
//
// The mutator works on lines and words, because a text whose bytes are changed
// at random is refused at once, nearly always for the same few reasons.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/invariant.h"
#include "core/base/prng.h"
#include "sim/scenario_text.h"
#include "sim/settings.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max);

namespace orrery::sim {
namespace {

void Run(std::string_view text) {
  const std::variant<Scenario, ParseError> parsed = ParseScenario(text);
  if (const auto* error = std::get_if<ParseError>(&parsed)) {
    const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
    ORRERY_INVARIANT(error->line >= 1);
    ORRERY_INVARIANT(error->line <= lines);
    ORRERY_INVARIANT(!error->what.empty());
    return;
  }
  const auto& scenario = std::get<Scenario>(parsed);
  const std::string printed = PrintScenario(scenario);
  const std::variant<Scenario, ParseError> again = ParseScenario(printed);
  ORRERY_INVARIANT(std::holds_alternative<Scenario>(again));
  ORRERY_INVARIANT(std::get<Scenario>(again) == scenario);  // SCN-1
  ORRERY_INVARIANT(PrintScenario(std::get<Scenario>(again)) == printed);
  const Settings settings = SettingsOf(scenario);
  ORRERY_INVARIANT(settings.config.nodes > 0);
}

using Pieces = std::vector<std::string>;

Pieces SplitAt(std::string_view text, char mark) {
  Pieces pieces;
  while (true) {
    const size_t end = text.find(mark);
    pieces.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

std::string Joined(const Pieces& pieces, char mark) {
  std::string text;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) text += mark;
    text += pieces[i];
  }
  return text;
}

size_t AnyIndex(Prng& prng, size_t size) {
  return static_cast<size_t>(prng.Below(size));
}

// One piece gone, twice there, elsewhere, or one of `others`.
void Shuffle(Prng& prng, const Pieces& others, Pieces* pieces) {
  const size_t at = AnyIndex(prng, pieces->size());
  const auto place = pieces->begin() + static_cast<ptrdiff_t>(at);
  switch (prng.Below(4)) {
    case 0:
      if (pieces->size() > 1) pieces->erase(place);
      return;
    case 1:
      pieces->insert(place, std::string((*pieces)[at]));
      return;
    case 2: {
      const size_t other = AnyIndex(prng, pieces->size());
      std::swap((*pieces)[at], (*pieces)[other]);
      return;
    }
    default: {
      const size_t other = AnyIndex(prng, others.size());
      (*pieces)[at] = others[other];
      return;
    }
  }
}

std::string Bent(std::string word) {
  const size_t size = word.size();
  word.resize(size + 8);
  auto* bytes = reinterpret_cast<uint8_t*>(word.data());
  word.resize(LLVMFuzzerMutate(bytes, size, size + 8));
  return word;
}

std::string Mutated(std::string_view text, Prng& prng) {
  Pieces lines = SplitAt(text, '\n');
  if (prng.Chance(1, 3)) {
    Shuffle(prng, lines, &lines);
    return Joined(lines, '\n');
  }
  const size_t at = AnyIndex(prng, lines.size());
  const size_t other = AnyIndex(prng, lines.size());
  Pieces words = SplitAt(lines[at], ' ');
  if (prng.Chance(1, 2)) {
    Shuffle(prng, SplitAt(lines[other], ' '), &words);
  } else {
    const size_t word = AnyIndex(prng, words.size());
    words[word] = Bent(words[word]);
  }
  lines[at] = Joined(words, ' ');
  return Joined(lines, '\n');
}

}  // namespace
}  // namespace orrery::sim

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  orrery::sim::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max, unsigned int seed) {
  orrery::Prng prng(seed);
  if (prng.Chance(1, 8)) return LLVMFuzzerMutate(data, size, max);
  const std::string text =
      orrery::sim::Mutated({reinterpret_cast<const char*>(data), size}, prng);
  const size_t kept = std::min(text.size(), max);
  if (kept > 0) std::memcpy(data, text.data(), kept);
  return kept;
}
