#include "node/fatal_signals.h"

#include <atomic>
#include <csignal>

#include "core/base/invariant.h"

namespace orrery {
namespace {

constexpr int kFatalSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
// The handler needs less than 10 KiB, the registers of large processors as much
// again; a multiple, as an overflow here would be silent.
constexpr size_t kStackBytes = 128 << 10;

std::atomic<FatalSignals*>& TheOne() {
  static std::atomic<FatalSignals*> signals = nullptr;
  static_assert(std::atomic<FatalSignals*>::is_always_lock_free);
  return signals;
}

}  // namespace

FatalSignals::FatalSignals(Function function, void* argument)
    : function_(function),
      argument_(argument),
      stack_(std::make_unique_for_overwrite<std::byte[]>(kStackBytes)) {
  ORRERY_INVARIANT(TheOne() == nullptr);
  TheOne() = this;
  const stack_t stack{
      .ss_sp = stack_.get(), .ss_flags = 0, .ss_size = kStackBytes};
  static_cast<void>(sigaltstack(&stack, &stack_before_));
  struct sigaction action{};
  action.sa_handler = OnSignal;
  // Not held back within the handler: a fault there is the end at once.
  action.sa_flags = static_cast<int>(SA_NODEFER | SA_ONSTACK);
  sigemptyset(&action.sa_mask);
  for (const int number : kFatalSignals) sigaction(number, &action, nullptr);
}

FatalSignals::~FatalSignals() {
  for (const int number : kFatalSignals) std::signal(number, SIG_DFL);
  static_cast<void>(sigaltstack(&stack_before_, nullptr));
  TheOne() = nullptr;
}

void FatalSignals::OnSignal(int number) {
  const FatalSignals* signals = TheOne();
  if (signals != nullptr) signals->function_(signals->argument_);
  std::signal(number, SIG_DFL);
  raise(number);
}

}  // namespace orrery
