// core/base/total_order.h
//
// Sort is std::sort for what must come out the same on every compiler: an order
// that leaves two different elements equal is broken by the library's own
// choice, which is another one elsewhere.
//
// Invariants:
//   ORD-1  Of two elements that differ, exactly one comes before the other.
//
// Elements that have no == are all different.  ORD-1 is checked where the
// library's assertions are on (builds B and C), for neighbours after sorting:
// elements that the order does not tell apart are neighbours then.
//
// Cost: std::sort; one comparison an element more where it is checked.

#ifndef ORRERY_CORE_BASE_TOTAL_ORDER_H_
#define ORRERY_CORE_BASE_TOTAL_ORDER_H_

#include <algorithm>
#include <functional>
#include <iterator>

#include "core/base/invariant.h"

namespace orrery {

// REQUIRES: `less` is a strict weak order.
template <typename Iterator, typename Less>
void CheckTotallyOrdered(Iterator first, Iterator last, const Less& less) {
  if (first == last) return;
  for (Iterator next = std::next(first); next != last; ++first, ++next) {
    ORRERY_INVARIANT(!less(*next, *first));
    const bool told_apart = less(*first, *next);
    if constexpr (requires { *first == *next; }) {
      ORRERY_INVARIANT(told_apart || *first == *next);  // ORD-1
    } else {
      ORRERY_INVARIANT(told_apart);  // ORD-1
    }
  }
}

template <typename Iterator, typename Less = std::less<>>
void Sort(Iterator first, Iterator last, Less less = {}) {
  std::sort(first, last, less);
#ifdef _GLIBCXX_ASSERTIONS
  CheckTotallyOrdered(first, last, less);
#endif
}

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_TOTAL_ORDER_H_
