// node/last_words.h
//
// What a process of this node still does when an invariant has failed, before
// it ends: a trace writes out what it holds.  One at a time.
//
// Threading: they are said on the thread that they were set on, the engine's.
// An invariant that fails on another one ends the process without them: the
// engine may be in the middle of a step.

#ifndef ORRERY_NODE_LAST_WORDS_H_
#define ORRERY_NODE_LAST_WORDS_H_

#include <functional>

namespace orrery {

// Empty: nothing.
void SetLastWords(std::function<void()> words);
// Runs them, once, on the thread that has set them; does nothing on others.
void SayLastWords();

}  // namespace orrery

#endif  // ORRERY_NODE_LAST_WORDS_H_
