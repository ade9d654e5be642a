#include "transport/clock/system_clock.h"

#include <chrono>
#include <utility>

#include "boost/asio/post.hpp"

namespace orrery {
namespace {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;

Instant SteadyNow() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {duration_cast<nanoseconds>(now).count()};
}

WallTime WallNow() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {duration_cast<nanoseconds>(now).count()};
}

}  // namespace

SystemClock::SystemClock(boost::asio::io_context& loop,
                         std::function<void()> tick)
    : loop_(loop),
      timer_(loop),
      tick_(std::move(tick)),
      self_(std::make_shared<SystemClock*>(this)) {}

SystemClock::~SystemClock() = default;

Stamp SystemClock::Now() { return {SteadyNow(), WallNow()}; }

void SystemClock::ArmTick(std::optional<Instant> deadline) {
  wanted_ = deadline;
  if (!wanted_.has_value()) return;
  if (set_.has_value() && *set_ <= *wanted_) return;
  SetTimer(*wanted_);
}

void SystemClock::TickSoon() {
  if (soon_) return;
  soon_ = true;
  boost::asio::post(loop_, [self = std::weak_ptr<SystemClock*>(self_)] {
    const auto clock = self.lock();
    if (clock == nullptr) return;
    (*clock)->soon_ = false;
    (*clock)->tick_();
  });
}

void SystemClock::SetTimer(Instant deadline) {
  set_ = deadline;
  timer_.expires_at(
      std::chrono::steady_clock::time_point(nanoseconds(deadline.ns)));
  timer_.async_wait([self = std::weak_ptr<SystemClock*>(self_)](
                        const boost::system::error_code& error) {
    if (error) return;  // Set anew.
    if (const auto clock = self.lock()) (*clock)->OnTimer();
  });
}

void SystemClock::OnTimer() {
  // One that expired while it was being replaced is not the one that is set.
  if (!set_.has_value() || SteadyNow() < *set_) return;
  set_.reset();
  if (!wanted_.has_value()) return;
  if (SteadyNow() < *wanted_) {
    SetTimer(*wanted_);
    return;
  }
  wanted_.reset();
  tick_();
}

}  // namespace orrery
