#include "node/last_words.h"

#include <utility>

namespace orrery {
namespace {

std::function<void()>& Words() {
  static std::function<void()> words;
  return words;
}

}  // namespace

void SetLastWords(std::function<void()> words) { Words() = std::move(words); }

void SayLastWords() {
  const std::function<void()> words = std::exchange(Words(), nullptr);
  if (words) words();
}

}  // namespace orrery
