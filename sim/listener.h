// sim/listener.h
//
// Listener is told of every happening while a world runs: a log, a picture.
// It changes nothing; a run with one has the digest of a run without.

#ifndef ORRERY_SIM_LISTENER_H_
#define ORRERY_SIM_LISTENER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/engine/engine.h"
#include "core/protocol/effects.h"
#include "core/protocol/event.h"
#include "sim/scenario.h"

namespace orrery::sim {

// A message on its way.  It was sent by the last step of `from`; if it arrives,
// the next step of `to` is its receipt, unless that process is frozen.
struct FlightView {
  uint64_t id = 0;  // Of the run, from 1.
  uint32_t from = 0;
  uint32_t to = 0;
  uint32_t lane = 0;  // Index in PeerBody, or beyond: a datagram.
};

class Listener {
 public:
  virtual ~Listener() = default;
  // Around the engine's part of a step, and nothing else.
  virtual void BeforeStep(const Event&) {}
  virtual void AfterStep(const Event&) {}
  virtual void OnStep(Instant now, uint32_t node, const Event& event,
                      const Effects& effects, uint64_t digest) = 0;
  virtual void OnScenarioStep(Instant now, const Step& step) = 0;
  virtual void OnNote(Instant now, uint32_t node, const Note& note) = 0;
  virtual void OnSent(Instant, const FlightView&) {}
  virtual void OnArrived(Instant, uint64_t) {}
  // `why` is a literal.
  virtual void OnLost(Instant, uint64_t, std::string_view) {}
  // What a node has after a step of it, for those who ask: it is dear.
  virtual bool WantsEntries() const { return false; }
  virtual void OnEntries(Instant, uint32_t, const std::vector<KeyEntry>&) {}
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_LISTENER_H_
