#include "core/engine/pump.h"

#include <utility>

#include "core/base/invariant.h"

namespace orrery {

Pump::Pump(Engine& engine, const Ports& ports)
    : engine_(engine), ports_(ports) {}

void Pump::Deliver(EventBody&& body) {
  ORRERY_INVARIANT(!delivering_);  // PMP-1
  delivering_ = true;
  const Event event{ports_.clock.Now(), std::move(body)};
  effects_.Clear();
  ports_.observer.OnEvent(event);
  engine_.Step(event, effects_);
  ports_.observer.OnStep(event, effects_);
  Perform();
  delivering_ = false;
}

void Pump::Perform() {
  for (DiskEffect& effect : effects_.disk) {
    ports_.disk.Submit(std::move(effect));
  }
  for (const SendEffect& send : effects_.sends) {
    CheckPromise(send.promise);
    ports_.network.Send(send.to, send.message);
  }
  for (const DatagramEffect& send : effects_.datagrams) {
    ports_.network.SendDatagram(send.to, send.datagram);
  }
  for (ReplyEffect& reply : effects_.replies) {
    CheckPromise(reply.promise);
    ports_.clients.Reply(reply.client, std::move(reply.reply));
  }
  for (const std::string_view mark : effects_.marks) {
    ports_.observer.OnMark(mark);
  }
  for (const Note& note : effects_.notes) ports_.observer.OnNote(note);
  if (effects_.more) ports_.clock.TickSoon();
  ports_.clock.ArmTick(engine_.NextDeadline());
  if (effects_.stopped) ports_.observer.OnStopped();
}

void Pump::CheckPromise(const Promise& promise) const {
  if (promise.level == Durability::kNone) return;
  ORRERY_INVARIANT(engine_.IsDurable(promise));  // PMP-2
}

}  // namespace orrery
