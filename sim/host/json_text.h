// sim/host/json_text.h
//
// What the page and the other formats of `sim show` say alike in JSON.

#ifndef ORRERY_SIM_HOST_JSON_TEXT_H_
#define ORRERY_SIM_HOST_JSON_TEXT_H_

#include <cstdint>
#include <string_view>

#include "boost/json/object.hpp"
#include "boost/json/string.hpp"
#include "core/base/time.h"
#include "sim/evidence.h"

namespace orrery::sim {

// Debian's Boost takes no std::string_view.
inline boost::json::string JsonText(std::string_view text) {
  return boost::json::string(text.data(), text.size());
}

inline int64_t MicrosOf(Instant at) { return at.ns / kMicrosecond.ns; }

// All but its time.
inline void AddViolation(const Violation& violation,
                         boost::json::object* object) {
  (*object)["oracle"] = JsonText(violation.oracle);
  (*object)["property"] = JsonText(violation.property);
  (*object)["sentence"] = JsonText(violation.sentence);
  (*object)["op"] = violation.op;
  (*object)["other"] = violation.other;
  (*object)["key"] = violation.key;
}

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_JSON_TEXT_H_
