// core/base/time.h
//
// The two clocks of Orrery, as types that cannot be mixed up.
//
// Instant is monotonic within one process start and is the only time used for
// timeouts.  WallTime may jump both ways; corrected to the median of the
// members' clocks (membership/cluster_clock.h) it feeds stamps, and as it is
// what people read.  Both arrive on events; nothing in core reads a clock.
//
// Units: nanoseconds, always.

#ifndef ORRERY_CORE_BASE_TIME_H_
#define ORRERY_CORE_BASE_TIME_H_

#include <compare>
#include <cstdint>

#include "core/base/fields.h"

namespace orrery {

struct Duration {
  int64_t ns = 0;
  ORRERY_FIELDS(ns)
  friend constexpr auto operator<=>(const Duration&, const Duration&) = default;
};

struct Instant {
  int64_t ns = 0;
  ORRERY_FIELDS(ns)
  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
};

struct WallTime {
  int64_t ns = 0;
  ORRERY_FIELDS(ns)
  friend constexpr auto operator<=>(const WallTime&, const WallTime&) = default;
};

// What every event carries: both clocks, read once by the shell.
struct Stamp {
  Instant mono;
  WallTime wall;
  ORRERY_FIELDS(mono, wall)
  friend constexpr auto operator<=>(const Stamp&, const Stamp&) = default;
};

inline constexpr Duration kMicrosecond{1'000};
inline constexpr Duration kMillisecond{1'000'000};
inline constexpr Duration kSecond{1'000'000'000};
inline constexpr Duration kMinute{60 * kSecond.ns};
inline constexpr Duration kHour{60 * kMinute.ns};

constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
constexpr Duration operator*(Duration a, int64_t k) { return {a.ns * k}; }
constexpr Duration operator*(int64_t k, Duration a) { return {a.ns * k}; }
constexpr Duration operator/(Duration a, int64_t k) { return {a.ns / k}; }
constexpr Instant operator+(Instant t, Duration d) { return {t.ns + d.ns}; }
constexpr Instant operator-(Instant t, Duration d) { return {t.ns - d.ns}; }
constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
constexpr WallTime operator+(WallTime t, Duration d) { return {t.ns + d.ns}; }
constexpr Duration operator-(WallTime a, WallTime b) { return {a.ns - b.ns}; }

// 2116: clocks beyond, and those before 1970, are wrong, and may be forged.
inline constexpr WallTime kWallMax{int64_t{1} << 62};

// Of two such the difference, and of one the sum with a difference of two that
// it was one of, overflow nowhere.
constexpr WallTime Plausible(WallTime t) {
  if (t < WallTime{0}) return {0};
  return t > kWallMax ? kWallMax : t;
}

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_TIME_H_
