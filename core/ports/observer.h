// core/ports/observer.h
//
// Hears marks and notes.  Feeds nothing back.

#ifndef ORRERY_CORE_PORTS_OBSERVER_H_
#define ORRERY_CORE_PORTS_OBSERVER_H_

#include <string_view>

#include "core/protocol/effects.h"
#include "core/protocol/event.h"

namespace orrery {

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void OnMark(std::string_view mark) = 0;
  virtual void OnNote(const Note& note) = 0;
  virtual void OnStopped() = 0;
  // Before the engine takes it.
  virtual void OnEvent(const Event&) {}
  // Before the effects of `event` are performed: the simulator digests both.
  virtual void OnStep(const Event& event, const Effects& effects) = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_PORTS_OBSERVER_H_
