// sim/host/event_text.h
//
// Events and effects as lines for people: `sim replay --log`.

#ifndef ORRERY_SIM_HOST_EVENT_TEXT_H_
#define ORRERY_SIM_HOST_EVENT_TEXT_H_

#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/protocol/effects.h"
#include "core/protocol/event.h"

namespace orrery::sim {

// Seconds, as wide as in every line of a log.
std::string TimeColumn(Duration since);
std::string EventText(const Event& event);
std::vector<std::string> EffectTexts(const Effects& effects);
std::string NoteText(const Note& note);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_EVENT_TEXT_H_
