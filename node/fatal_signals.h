// node/fatal_signals.h
//
// FatalSignals calls a function when the process is about to die of a signal,
// on the thread that it happened on, and lets it die then.
//
// The function must be safe in a signal handler.  It may be called by several
// threads at the same time, and again within itself if it faults.
//
// A stack that has overflowed has no room for a handler: the thread that made
// this object has another one.  Other threads of a node do nothing deep.
//
// Threading: made and destroyed on one thread.  One at a time in a process.

#ifndef ORRERY_NODE_FATAL_SIGNALS_H_
#define ORRERY_NODE_FATAL_SIGNALS_H_

#include <csignal>
#include <cstddef>
#include <memory>

namespace orrery {

class FatalSignals {
 public:
  using Function = void (*)(void* argument);
  // `argument` outlives this.
  FatalSignals(Function function, void* argument);
  // Signals do what they do by default again.
  ~FatalSignals();
  FatalSignals(const FatalSignals&) = delete;
  FatalSignals& operator=(const FatalSignals&) = delete;

 private:
  static void OnSignal(int number);

  Function function_;
  void* argument_;
  std::unique_ptr<std::byte[]> stack_;
  stack_t stack_before_{};
};

}  // namespace orrery

#endif  // ORRERY_NODE_FATAL_SIGNALS_H_
