#include "node/last_words.h"

#include <atomic>
#include <thread>
#include <utility>

namespace orrery {
namespace {

struct Words {
  std::function<void()> say;
  std::atomic<std::thread::id> thread;
};

Words& TheWords() {
  static Words words;
  return words;
}

}  // namespace

void SetLastWords(std::function<void()> words) {
  TheWords().thread = std::this_thread::get_id();
  TheWords().say = std::move(words);
}

void SayLastWords() {
  if (TheWords().thread.load() != std::this_thread::get_id()) return;
  const std::function<void()> say = std::exchange(TheWords().say, nullptr);
  if (say) say();
}

}  // namespace orrery
