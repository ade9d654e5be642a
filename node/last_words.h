// node/last_words.h
//
// What a process of this node still does when an invariant has failed, before
// it ends: a trace writes out what it holds.  One at a time.
//
// Threading: the engine's thread, as everything that can fail an invariant.

#ifndef ORRERY_NODE_LAST_WORDS_H_
#define ORRERY_NODE_LAST_WORDS_H_

#include <functional>

namespace orrery {

// Empty: nothing.
void SetLastWords(std::function<void()> words);
// Runs them, once.
void SayLastWords();

}  // namespace orrery

#endif  // ORRERY_NODE_LAST_WORDS_H_
