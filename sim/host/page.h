// sim/host/page.h
//
// The page of `orrery sim show`: one file with everything in it, that asks the
// network for nothing.  Its parts are sim/host/page/ (text, style, script);
// what it shows is a Recording as JSON.

#ifndef ORRERY_SIM_HOST_PAGE_H_
#define ORRERY_SIM_HOST_PAGE_H_

#include <cstdint>
#include <string>

#include "sim/host/recording.h"

namespace orrery::sim {

// Which part of a run a page holds, in microseconds of the world.
struct Window {
  int64_t from = 0;
  int64_t until = 0;
};

// The whole run if it is short enough for a browser, else what leads to the
// first violation, else its end.
Window WindowOf(const Recording& recording);

std::string PageJson(const Recording& recording, const Window& window);
std::string PageOf(const Recording& recording, const Window& window);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_PAGE_H_
