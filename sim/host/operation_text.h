// sim/host/operation_text.h
//
// What a client did and was told, in words.

#ifndef ORRERY_SIM_HOST_OPERATION_TEXT_H_
#define ORRERY_SIM_HOST_OPERATION_TEXT_H_

#include <string_view>

#include "sim/history.h"

namespace orrery::sim {

inline std::string_view VerbText(OpStep::Verb verb) {
  switch (verb) {
    case OpStep::Verb::kPut:
      return "put";
    case OpStep::Verb::kGet:
      return "get";
    case OpStep::Verb::kDelete:
      return "del";
  }
  return "?";
}

inline std::string_view OutcomeText(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPending:
      return "open";
    case Outcome::kOk:
      return "ok";
    case Outcome::kFailed:
      return "refused";
    case Outcome::kUnknown:
      return "unknown";
  }
  return "?";
}

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_OPERATION_TEXT_H_
