// transport/clock/system_clock.h
//
// The machine's clocks and the one timer of an engine, on an event loop.
//
// A deadline that moves later costs nothing: the timer that is set fires once
// for nothing and is set again.
//
// Threading: the loop's thread.  The io_context outlives the clock.

#ifndef ORRERY_TRANSPORT_CLOCK_SYSTEM_CLOCK_H_
#define ORRERY_TRANSPORT_CLOCK_SYSTEM_CLOCK_H_

#include <functional>
#include <memory>
#include <optional>

#include "boost/asio/io_context.hpp"
#include "boost/asio/steady_timer.hpp"
#include "core/ports/clock.h"

namespace orrery {

class SystemClock final : public ClockPort {
 public:
  // `tick` is called from the loop, never inside a call of the port.
  SystemClock(boost::asio::io_context& loop, std::function<void()> tick);
  ~SystemClock() override;

  Stamp Now() override;
  void ArmTick(std::optional<Instant> deadline) override;
  void TickSoon() override;

 private:
  void SetTimer(Instant deadline);
  void OnTimer();

  boost::asio::io_context& loop_;
  boost::asio::steady_timer timer_;
  std::function<void()> tick_;
  std::optional<Instant> wanted_;
  std::optional<Instant> set_;  // What the timer is set to.
  bool soon_ = false;
  std::shared_ptr<SystemClock*> self_;  // Expires before posted handlers run.
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_CLOCK_SYSTEM_CLOCK_H_
