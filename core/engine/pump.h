// core/engine/pump.h
//
// Pump carries events into one engine and its effects out to the ports, in the
// order disk, sends, datagrams, replies, notes.  The same object code does so
// in production and in the simulator.
//
// Invariants:
//   PMP-1  No port is called inside Step; no step runs inside a port call.
//   PMP-2  An effect that promises durability leaves only if the store is
//          durable that far (asserted in every build).
//
// Threading: the engine's thread.  Cost: O(effects).

#ifndef ORRERY_CORE_ENGINE_PUMP_H_
#define ORRERY_CORE_ENGINE_PUMP_H_

#include "core/engine/engine.h"
#include "core/ports/client_gateway.h"
#include "core/ports/clock.h"
#include "core/ports/disk.h"
#include "core/ports/network.h"
#include "core/ports/observer.h"
#include "core/protocol/effects.h"
#include "core/protocol/event.h"

namespace orrery {

class Pump {
 public:
  struct Ports {
    ClockPort& clock;
    DiskPort& disk;
    NetworkPort& network;
    ClientGateway& clients;
    Observer& observer;
  };

  Pump(Engine& engine, const Ports& ports);

  // Runs one step, stamped with the clock's present, and performs its effects.
  // REQUIRES: not called from within a port.
  void Deliver(EventBody&& body);

 private:
  void Perform();
  void CheckPromise(const Promise& promise) const;

  Engine& engine_;
  Ports ports_;
  Effects effects_;
  bool delivering_ = false;
};

}  // namespace orrery

#endif  // ORRERY_CORE_ENGINE_PUMP_H_
