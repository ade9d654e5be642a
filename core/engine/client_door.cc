#include "core/engine/client_door.h"

#include "core/engine/rooms.h"

namespace orrery {

namespace {

bool IsWrite(ClientVerb verb) {
  return verb == ClientVerb::kPut || verb == ClientVerb::kDelete;
}

}  // namespace

void ClientDoor::OnRequest(const ClientRequest& request, Rooms& rooms,
                           Turn& turn) {
  Consider({request, turn.now() + rooms.options.request_timeout}, rooms, turn);
}

void ClientDoor::Consider(const Waiting& asked, Rooms& rooms, Turn& turn) {
  const ClientRequest& request = asked.request;
  if (const auto why = WhyNot(rooms)) return Refuse(request.client, *why, turn);
  const bool pristine = rooms.membership.ring_state()->pristine;
  if (!pristine) return Admit(asked, rooms, turn);
  if (!IsWrite(request.verb)) {
    if (rooms.membership.is_founder()) return Admit(asked, rooms, turn);
    turn.effects.Mark("door.read_before_the_ring");  // DOOR-3
    return Refuse(request.client, Refused::Why::kNotReady, turn);
  }
  if (waiting_.size() >= rooms.options.limits.client_requests_max) {  // DOOR-1
    return Refuse(request.client, Refused::Why::kOverloaded, turn);
  }
  turn.effects.Mark("door.waits_for_ring");
  waiting_.push_back(asked);
  ArmDeadline(turn);
  rooms.membership.CloseRing(turn);
}

void ClientDoor::OnRingInstalled(Rooms& rooms, Turn& turn) {
  if (waiting_.empty()) return;
  if (!rooms.membership.ring_state().has_value()) return;
  if (rooms.membership.ring_state()->pristine) return;
  std::deque<Waiting> admitted;
  admitted.swap(waiting_);
  ArmDeadline(turn);
  for (const Waiting& waiting : admitted) {
    Consider(waiting, rooms, turn);
  }
}

void ClientDoor::OnDeadline(Turn& turn) {
  while (!waiting_.empty() && waiting_.front().deadline <= turn.now()) {
    Refuse(waiting_.front().request.client, Refused::Why::kNotReady, turn);
    waiting_.pop_front();
  }
  ArmDeadline(turn);
}

void ClientDoor::OnStop(Turn& turn) {
  for (const Waiting& waiting : waiting_) {
    Refuse(waiting.request.client, Refused::Why::kShuttingDown, turn);
  }
  waiting_.clear();
  ArmDeadline(turn);
}

std::optional<Refused::Why> ClientDoor::WhyNot(const Rooms& rooms) const {
  if (rooms.boot.phase() > Boot::Phase::kRecovered) {
    return Refused::Why::kShuttingDown;
  }
  if (!rooms.boot.IsRecovered()) return Refused::Why::kNotReady;
  if (rooms.membership.ring_refused()) return Refused::Why::kRingClosed;
  if (!rooms.membership.ring_state().has_value()) {
    return Refused::Why::kNotReady;
  }
  if (!rooms.membership.ring_ready()) return Refused::Why::kNotReady;
  return std::nullopt;
}

void ClientDoor::Refuse(Handle client, Refused::Why why, Turn& turn) {
  ++refused_;
  turn.effects.Reply(client, Refused{.why = why});
}

void ClientDoor::Admit(const Waiting& asked, Rooms& rooms, Turn& turn) {
  const ClientRequest& request = asked.request;
  if (request.verb == ClientVerb::kListKeys) {
    rooms.lister.OnRequest(request, rooms.user_store, turn);
    return;
  }
  rooms.coordinators.OnClientRequest(request, asked.deadline, turn);
}

void ClientDoor::ArmDeadline(Turn& turn) {
  if (waiting_.empty()) {
    turn.timers.Cancel(TimerKind::kRingWait, {});
    return;
  }
  turn.timers.Arm(TimerKind::kRingWait, {}, waiting_.front().deadline);
}

}  // namespace orrery
