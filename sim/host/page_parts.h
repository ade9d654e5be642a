// sim/host/page_parts.h
//
// The files of sim/host/page/ as text.  page_parts.cc is made of them by the
// build.

#ifndef ORRERY_SIM_HOST_PAGE_PARTS_H_
#define ORRERY_SIM_HOST_PAGE_PARTS_H_

#include <string_view>

namespace orrery::sim {

extern const std::string_view kPageText;
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_PAGE_PARTS_H_
