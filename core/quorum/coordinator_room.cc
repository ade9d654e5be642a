#include "core/quorum/coordinator_room.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "core/base/hash.h"
#include "core/base/invariant.h"
#include "core/ring/token.h"
#include "core/version/causal_context.h"

namespace orrery {

namespace {

// W2: what was on its way for longer than its client waits is not begun, for
// the client may have repeated it, and seen that replaced.  Two nodes know
// cluster time apart by half of the skew bound.
Duration TimeLeft(const ForwardWrite& forward, const EngineOptions& options,
                  const Turn& turn) {
  const Duration left = std::min(forward.remaining, options.request_timeout);
  if (forward.sent.ns == 0 || !turn.cluster.known) return left;
  const WallTime arrived = turn.cluster_wall();
  if (arrived <= forward.sent) return left;
  // Whoever sent it so long ago, or made it up, waits no longer.
  if (arrived >= forward.sent + options.request_timeout * 2) return {};
  const Duration on_its_way = arrived - forward.sent;
  return left - std::max(on_its_way - options.skew_bound / 2, Duration{});
}

}  // namespace

CoordinatorRoom::CoordinatorRoom(const Wiring& wiring)
    : wiring_(wiring),
      operation_ids_(0),
      puts_(2 * wiring.options.limits.client_requests_max),
      gets_(wiring.options.limits.client_requests_max),
      forwards_(wiring.options.limits.client_requests_max),
      stamps_(wiring.options.limits.client_requests_max),
      inspections_(kInspectionsMax) {}

void CoordinatorRoom::OnClientRequest(const ClientRequest& request,
                                      Instant deadline, Turn& turn) {
  switch (request.verb) {
    case ClientVerb::kGet:
      ++counters_.gets;
      return OnRead(request, deadline, turn);
    case ClientVerb::kPut:
      ++counters_.puts;
      return OnWrite(request, deadline, turn);
    case ClientVerb::kDelete:
      ++counters_.deletes;
      return OnWrite(request, deadline, turn);
    case ClientVerb::kInspectKey:
      return OnInspect(request, deadline, turn);
    case ClientVerb::kListKeys:
    case ClientVerb::kCompact:
    case ClientVerb::kScrub:
    case ClientVerb::kSnapshot:
      break;
  }
  ORRERY_UNREACHABLE("a request that is no coordinator's");
}

void CoordinatorRoom::OnRead(const ClientRequest& request, Instant deadline,
                             Turn& turn) {
  const ReplyPath path{.client = request.client};
  if (gets_.IsFull()) return Refuse(path, Refused::Why::kOverloaded, turn);
  const Handle handle =
      gets_.Create(GetCoordinator::Command{.reply = path,
                                           .key = request.key,
                                           .level = request.read_level,
                                           .sloppy = request.sloppy,
                                           .deadline = deadline});
  GetCoordinator& get = *gets_.Find(handle);
  Conversation here = Here(turn);
  get.Start(handle, here);
  Settle(handle, get, turn);
}

void CoordinatorRoom::OnInspect(const ClientRequest& request, Instant deadline,
                                Turn& turn) {
  if (inspections_.IsFull()) {
    return Refuse({.client = request.client}, Refused::Why::kOverloaded, turn);
  }
  const Handle handle = inspections_.Create(
      KeyInspector::Command{request.client, request.key, deadline});
  KeyInspector& inspector = *inspections_.Find(handle);
  Conversation here = Here(turn);
  inspector.Start(handle, here);
  Settle(handle, inspector, turn);
}

void CoordinatorRoom::OnWrite(const ClientRequest& request, Instant deadline,
                              Turn& turn) {
  PutCoordinator::Command command{
      .reply = {.client = request.client},
      .verb = request.verb,
      .key = request.key,
      .value = request.value,
      .read_level = request.read_level,
      .write_level = request.write_level,
      .sloppy = request.sloppy,
      .operation = request.operation,
      .client_operation = !request.operation.IsZero(),
      .keep = request.keep,
      .deadline = deadline};
  if (!request.context.empty()) {
    command.seen = OpenContext(cluster_, request.key, request.context.view());
    if (!command.seen.has_value()) {
      turn.effects.Mark("room.bad_context");
      return Refuse(command.reply, Refused::Why::kBadContext, turn);
    }
  }
  if (!request.operation_token.empty()) {
    const auto operation =
        OpenOperation(cluster_, request.key, request.operation_token.view());
    if (!operation.has_value()) {
      turn.effects.Mark("room.bad_operation");
      return Refuse(command.reply, Refused::Why::kBadOperation, turn);
    }
    command.operation = operation->first;
    command.client_operation = true;
    command.proposed_stamp = operation->second;
    command.retry = command.proposed_stamp != 0;
  }
  if (command.operation.IsZero()) command.operation = DrawOperation();
  // The stamp of a retry stands, and was above what it had to exceed.
  if (request.quorum_stamp && !command.retry) {
    return StartStampQuery(std::move(command), turn);
  }
  StartWrite(std::move(command), turn);
}

void CoordinatorRoom::StartStampQuery(StampQuery::Command command, Turn& turn) {
  if (!turn.cluster.may_mint) {
    turn.effects.Mark("room.lacks_cluster_time");
    return Refuse(command.reply, Refused::Why::kClockUnknown, turn);
  }
  if (stamps_.IsFull()) {
    return Refuse(command.reply, Refused::Why::kOverloaded, turn);
  }
  const Handle handle = stamps_.Create(std::move(command));
  StampQuery& query = *stamps_.Find(handle);
  Conversation here = Here(turn);
  query.Start(handle, here);
  Settle(handle, query, turn);
}

void CoordinatorRoom::StartWrite(PutCoordinator::Command command, Turn& turn) {
  if (CoordinatesHere(command.key, wiring_.routing)) {
    if (turn.cluster.may_mint) return StartPut(std::move(command), turn);
    turn.effects.Mark("room.lacks_cluster_time");
  }
  StartForward(std::move(command), turn);
}

void CoordinatorRoom::OnForwardWrite(const Envelope& from,
                                     const ForwardWrite& forward, Turn& turn) {
  const Duration left = TimeLeft(forward, wiring_.options, turn);
  if (left <= Duration{0}) {
    turn.effects.Mark("room.forwarded_expired");
    return;
  }
  PutCoordinator::Command command{
      .reply = {.forwarder = from.reply_to, .request = forward.request},
      .verb = forward.verb,
      .key = forward.key,
      .value = forward.value,
      .read_level = forward.read_level,
      .write_level = forward.write_level,
      .sloppy = forward.sloppy,
      .operation = forward.operation,
      .client_operation = forward.client_operation,
      .proposed_stamp = forward.proposed_stamp,
      .retry = forward.retry,
      .keep = forward.keep,
      .basis = forward.basis,
      .deadline = turn.now() + left};
  if (forward.has_context) command.seen = forward.context;
  if (!CoordinatesHere(command.key, wiring_.routing)) {
    return Refuse(command.reply, Refused::Why::kNotReady, turn);
  }
  if (!turn.cluster.may_mint) {
    return Refuse(command.reply, Refused::Why::kClockUnknown, turn);
  }
  StartPut(std::move(command), turn);
}

void CoordinatorRoom::StartPut(PutCoordinator::Command command, Turn& turn) {
  if (UnansweredPuts() >= wiring_.options.limits.client_requests_max) {
    return Refuse(command.reply, Refused::Why::kOverloaded, turn);
  }
  if (!Recognise(&command, turn)) return;
  if (puts_.IsFull()) CutOldestLingering(turn);
  const Handle handle = puts_.Create(std::move(command));
  Put& put = *puts_.Find(handle);
  Conversation here = Here(turn);
  put.coordinator.Start(handle, here);
  Settle(handle, put, turn);
}

// Whether the write may go on: its operation id is new, or was used for the
// same write, whose stamp it then keeps.
bool CoordinatorRoom::Recognise(PutCoordinator::Command* command, Turn& turn) {
  if (command->operation.IsZero()) return true;
  // A first try that comes after the one that repeats it has no name that the
  // client chose.
  if (!command->client_operation && !operations_.Knows(command->operation)) {
    return true;
  }
  const uint64_t hash =
      OperationTable::HashOf(command->verb, command->key, command->value);
  const OperationTable::Answer answer =
      operations_.Meet(command->operation, hash, turn.now());
  switch (answer.finding) {
    case OperationTable::Finding::kNew:
      return true;
    case OperationTable::Finding::kRepeated:
      turn.effects.Mark("room.operation_repeated");
      if (answer.stamp != 0) {
        command->proposed_stamp = answer.stamp;
        command->minted = answer.dot;
        command->retry = true;
      }
      return true;
    case OperationTable::Finding::kReused:
      turn.effects.Mark("room.operation_reused");
      Refuse(command->reply, Refused::Why::kOperationReused, turn);
      return false;
  }
  ORRERY_UNREACHABLE("a finding");
}

void CoordinatorRoom::StartForward(Forwarder::Command command, Turn& turn) {
  if (forwards_.IsFull()) {
    return Refuse(command.reply, Refused::Why::kOverloaded, turn);
  }
  if (command.proposed_stamp == 0 && turn.cluster.may_mint) {  // W3
    const uint64_t seen = command.seen.has_value() ? command.seen->stamp : 0;
    command.proposed_stamp = std::max(wiring_.clock.Next(turn.cluster_wall()),
                                      std::max(seen, command.basis) + 1);
  }
  const Handle handle = forwards_.Create(std::move(command));
  Forwarder& forwarder = *forwards_.Find(handle);
  Conversation here = Here(turn);
  forwarder.Start(handle, here);
  Settle(handle, forwarder, turn);
}

void CoordinatorRoom::Refuse(const ReplyPath& path, Refused::Why why,
                             Turn& turn) {
  if (why == Refused::Why::kOverloaded) turn.effects.Mark("room.overloaded");
  Conversation here = Here(turn);
  Answer(path, Refused{.why = why}, {}, here);
}

OperationId CoordinatorRoom::DrawOperation() {
  OperationId operation;
  operation.hi = operation_ids_.Next();
  operation.lo = operation_ids_.Next();
  return operation;
}

void CoordinatorRoom::OnPeerMessage(const PeerMessage& message, Turn& turn) {
  const Envelope& from = message.envelope;
  if (const auto* ack = std::get_if<ReplicaPutAck>(&message.body)) {
    return OnPutAck(from, *ack, turn);
  }
  if (const auto* ack = std::get_if<ReplicaGetAck>(&message.body)) {
    return OnGetAck(from, *ack, turn);
  }
  if (const auto* ack = std::get_if<HintPutAck>(&message.body)) {
    return OnHintAck(from, *ack, turn);
  }
  if (const auto* ack = std::get_if<ForwardWriteAck>(&message.body)) {
    return OnForwardAck(from, *ack, turn);
  }
}

void CoordinatorRoom::OnPutAck(const Envelope& from, const ReplicaPutAck& ack,
                               Turn& turn) {
  const Owner owner{from.from, from.storage};
  Conversation here = Here(turn);
  const Handle handle = Untagged(ack.request);
  if (IsOf(ack.request, RequestPool::kGet)) {
    GetCoordinator* get = gets_.Find(handle);
    if (get == nullptr) return;
    get->OnPutAck(owner, ack, here);
    return Settle(handle, *get, turn);
  }
  Put* put =
      IsOf(ack.request, RequestPool::kPut) ? puts_.Find(handle) : nullptr;
  if (put == nullptr) return;
  put->coordinator.OnPutAck(owner, ack, here);
  Settle(handle, *put, turn);
}

void CoordinatorRoom::OnGetAck(const Envelope& from, const ReplicaGetAck& ack,
                               Turn& turn) {
  const Owner owner{from.from, from.storage};
  Conversation here = Here(turn);
  const Handle handle = Untagged(ack.request);
  if (IsOf(ack.request, RequestPool::kGet)) {
    GetCoordinator* get = gets_.Find(handle);
    if (get == nullptr) return;
    get->OnGetAck(owner, ack, here);
    return Settle(handle, *get, turn);
  }
  if (IsOf(ack.request, RequestPool::kStampQuery)) {
    StampQuery* query = stamps_.Find(handle);
    if (query == nullptr) return;
    query->OnGetAck(owner, ack, here);
    return Settle(handle, *query, turn);
  }
  const bool of_hints = IsOf(ack.request, RequestPool::kInspectHints);
  if (of_hints || IsOf(ack.request, RequestPool::kInspectCopy)) {
    KeyInspector* inspector = inspections_.Find(handle);
    if (inspector == nullptr) return;
    inspector->OnGetAck(from.from, of_hints, ack, here);
    return Settle(handle, *inspector, turn);
  }
  Put* put = IsOf(ack.request, RequestPool::kDeleteRead) ? puts_.Find(handle)
                                                         : nullptr;
  if (put == nullptr) return;
  put->coordinator.OnGetAck(owner, ack, here);
  Settle(handle, *put, turn);
}

void CoordinatorRoom::OnHintAck(const Envelope& from, const HintPutAck& ack,
                                Turn& turn) {
  Put* put = puts_.Find(ack.request);
  if (put == nullptr) return;
  Conversation here = Here(turn);
  put->coordinator.OnHintAck(from.from, ack, here);
  Settle(ack.request, *put, turn);
}

void CoordinatorRoom::OnForwardAck(const Envelope& from,
                                   const ForwardWriteAck& ack, Turn& turn) {
  if (!IsOf(ack.request, RequestPool::kForward)) return;
  const Handle handle = Untagged(ack.request);
  Forwarder* forwarder = forwards_.Find(handle);
  if (forwarder == nullptr) return;
  Conversation here = Here(turn);
  forwarder->OnForwardAck({from.from, from.storage}, ack, here);
  Settle(handle, *forwarder, turn);
}

void CoordinatorRoom::OnWriteOutcome(const WriteOutcome& outcome, Turn& turn) {
  const Handle handle = outcome.ticket.handle;
  Conversation here = Here(turn);
  if (outcome.ticket.owner == TicketOwner::kGetCoordinator) {
    GetCoordinator* get = gets_.Find(handle);
    if (get == nullptr) return;
    get->OnWriteOutcome(outcome, here);
    return Settle(handle, *get, turn);
  }
  Put* put = puts_.Find(handle);
  if (put == nullptr) return;
  put->coordinator.OnWriteOutcome(outcome, here);
  const PutCoordinator::Command& command = put->coordinator.command();
  if (command.client_operation && put->coordinator.stamp() != 0) {
    operations_.SetVersion(command.operation, put->coordinator.stamp(),
                           put->coordinator.dot());
  }
  Settle(handle, *put, turn);
}

void CoordinatorRoom::OnReadOutcome(const ReadOutcome& outcome, Turn& turn) {
  const Handle handle = outcome.ticket.handle;
  Conversation here = Here(turn);
  if (outcome.ticket.owner == TicketOwner::kGetCoordinator) {
    GetCoordinator* get = gets_.Find(handle);
    if (get == nullptr) return;
    get->OnReadOutcome(outcome, here);
    return Settle(handle, *get, turn);
  }
  if (outcome.ticket.owner == TicketOwner::kStampQuery) {
    StampQuery* query = stamps_.Find(handle);
    if (query == nullptr) return;
    query->OnReadOutcome(outcome, here);
    return Settle(handle, *query, turn);
  }
  if (outcome.ticket.owner == TicketOwner::kKeyInspector) {
    KeyInspector* inspector = inspections_.Find(handle);
    if (inspector == nullptr) return;
    inspector->OnReadOutcome(outcome, here);
    return Settle(handle, *inspector, turn);
  }
  Put* put = puts_.Find(handle);
  if (put == nullptr) return;
  put->coordinator.OnReadOutcome(outcome, here);
  Settle(handle, *put, turn);
}

// A hint kept here counts for nothing (H3), so nobody waits for it.
void CoordinatorRoom::OnHintStored(const HintStored& stored, Turn& turn) {
  if (stored.status != ReplicaStatus::kOk) turn.effects.Mark("room.hint_lost");
}

void CoordinatorRoom::OnPeerLost(NodeId node, Turn& turn) {
  Conversation here = Here(turn);
  puts_.ForEach([&](Handle handle, Put& put) {
    put.coordinator.OnPeerLost(node, here);
    Settle(handle, put, turn);
  });
  gets_.ForEach([&](Handle handle, GetCoordinator& get) {
    get.OnPeerLost(node, here);
    Settle(handle, get, turn);
  });
  forwards_.ForEach([&](Handle handle, Forwarder& forwarder) {
    forwarder.OnPeerLost(node, here);
    Settle(handle, forwarder, turn);
  });
  stamps_.ForEach([&](Handle handle, StampQuery& query) {
    query.OnPeerLost(node, here);
    Settle(handle, query, turn);
  });
  inspections_.ForEach([&](Handle handle, KeyInspector& inspector) {
    inspector.OnPeerLost(node, here);
    Settle(handle, inspector, turn);
  });
}

void CoordinatorRoom::OnRingInstalled(Turn& turn) {
  Conversation here = Here(turn);
  puts_.ForEach([&](Handle handle, Put& put) {
    put.coordinator.OnRingInstalled(here);
    Settle(handle, put, turn);
  });
  gets_.ForEach([&](Handle handle, GetCoordinator& get) {
    get.OnRingInstalled(here);
    Settle(handle, get, turn);
  });
  stamps_.ForEach([&](Handle handle, StampQuery& query) {
    query.OnRingInstalled(here);
    Settle(handle, query, turn);
  });
}

void CoordinatorRoom::OnTimer(const TimerHeap::Due& due, Turn& turn) {
  Conversation here = Here(turn);
  if (Put* put = FindPut(due); put != nullptr) {
    if (due.kind == TimerKind::kPutDeadline) {
      put->coordinator.OnDeadline(here);
    } else {
      put->coordinator.OnRetry(here);
    }
    return Settle(due.handle, *put, turn);
  }
  if (due.kind == TimerKind::kForwardDeadline) {
    Forwarder* forwarder = forwards_.Find(due.handle);
    ORRERY_INVARIANT(forwarder != nullptr);
    forwarder->OnDeadline(here);
    return Settle(due.handle, *forwarder, turn);
  }
  if (due.kind == TimerKind::kStampDeadline ||
      due.kind == TimerKind::kStampRetry) {
    StampQuery* query = stamps_.Find(due.handle);
    ORRERY_INVARIANT(query != nullptr);
    if (due.kind == TimerKind::kStampDeadline) {
      query->OnDeadline(here);
    } else {
      query->OnRetry(here);
    }
    return Settle(due.handle, *query, turn);
  }
  if (due.kind == TimerKind::kInspectDeadline) {
    KeyInspector* inspector = inspections_.Find(due.handle);
    ORRERY_INVARIANT(inspector != nullptr);
    inspector->OnDeadline(here);
    return Settle(due.handle, *inspector, turn);
  }
  GetCoordinator* get = gets_.Find(due.handle);
  ORRERY_INVARIANT(get != nullptr);
  if (due.kind == TimerKind::kGetDeadline) {
    get->OnDeadline(here);
  } else {
    ORRERY_INVARIANT(due.kind == TimerKind::kGetSpare);
    get->OnSpare(here);
  }
  Settle(due.handle, *get, turn);
}

CoordinatorRoom::Put* CoordinatorRoom::FindPut(const TimerHeap::Due& due) {
  const bool is_put =
      due.kind == TimerKind::kPutDeadline || due.kind == TimerKind::kPutRetry;
  if (!is_put) return nullptr;
  Put* put = puts_.Find(due.handle);
  ORRERY_INVARIANT(put != nullptr);
  return put;
}

void CoordinatorRoom::Settle(Handle handle, Put& put, Turn& turn) {
  PutCoordinator& coordinator = put.coordinator;
  coordinator.CheckInvariants();
  switch (coordinator.phase()) {
    case PutCoordinator::Phase::kReading:
    case PutCoordinator::Phase::kMinting:
    case PutCoordinator::Phase::kReplicating:
      break;
    case PutCoordinator::Phase::kLingering:
      if (put.lingers) break;
      put.lingers = true;
      ++lingering_count_;
      lingering_.push_back(handle);
      break;
    case PutCoordinator::Phase::kHandingOver: {
      turn.effects.Mark("room.handed_over");
      Forwarder::Command command = coordinator.TakeCommand();
      EndPut(handle, put, turn);
      StartForward(std::move(command), turn);
      break;
    }
    case PutCoordinator::Phase::kDone:
      EndPut(handle, put, turn);
      break;
  }
  CarryLocalWork(turn);
}

void CoordinatorRoom::EndPut(Handle handle, const Put& put, Turn& turn) {
  turn.timers.Cancel(TimerKind::kPutDeadline, handle);
  turn.timers.Cancel(TimerKind::kPutRetry, handle);
  if (put.lingers) --lingering_count_;
  puts_.Destroy(handle);
  while (!lingering_.empty() && puts_.Find(lingering_.front()) == nullptr) {
    lingering_.pop_front();
  }
}

// REQUIRES: a put lingers.
void CoordinatorRoom::CutOldestLingering(Turn& turn) {
  turn.effects.Mark("room.lingering_cut");
  const Handle oldest = lingering_.front();
  Put& put = *puts_.Find(oldest);
  Conversation here = Here(turn);
  put.coordinator.Cut(here);
  Settle(oldest, put, turn);
}

void CoordinatorRoom::CutLingering(Turn& turn) {
  while (lingering_count_ != 0) CutOldestLingering(turn);
}

void CoordinatorRoom::Settle(Handle handle, GetCoordinator& get, Turn& turn) {
  get.CheckInvariants();
  if (get.IsDone()) {
    turn.timers.Cancel(TimerKind::kGetDeadline, handle);
    turn.timers.Cancel(TimerKind::kGetSpare, handle);
    gets_.Destroy(handle);
  }
  CarryLocalWork(turn);
}

void CoordinatorRoom::Settle(Handle handle, Forwarder& forwarder, Turn& turn) {
  if (!forwarder.IsDone()) return;
  turn.timers.Cancel(TimerKind::kForwardDeadline, handle);
  forwards_.Destroy(handle);
}

void CoordinatorRoom::Settle(Handle handle, StampQuery& query, Turn& turn) {
  CarryLocalWork(turn);
  if (query.phase() == StampQuery::Phase::kAsking) return;
  std::optional<StampQuery::Command> ready;
  if (query.phase() == StampQuery::Phase::kReady) {
    const RoutingView& routing = wiring_.routing;
    if (turn.cluster.may_mint) {
      ready = query.TakeCommand(wiring_.clock, turn.cluster_wall(),
                                {routing.self(), routing.self_storage()});
    } else {  // Its clock has jumped meanwhile: nothing is drawn by it.
      turn.effects.Mark("room.lacks_cluster_time");
      Refuse(query.command().reply, Refused::Why::kClockUnknown, turn);
    }
  }
  turn.timers.Cancel(TimerKind::kStampDeadline, handle);
  turn.timers.Cancel(TimerKind::kStampRetry, handle);
  stamps_.Destroy(handle);
  if (ready.has_value()) StartWrite(*std::move(ready), turn);
}

void CoordinatorRoom::Settle(Handle handle, KeyInspector& inspector,
                             Turn& turn) {
  if (inspector.IsDone()) {
    turn.timers.Cancel(TimerKind::kInspectDeadline, handle);
    inspections_.Destroy(handle);
  }
  CarryLocalWork(turn);
}

void CoordinatorRoom::CarryLocalWork(Turn& turn) {
  for (MintRequest& mint : local_.mints) {
    wiring_.writer.Mint(std::move(mint), turn);
  }
  for (MergeRequest& merge : local_.merges) {
    wiring_.writer.Merge(std::move(merge), turn);
  }
  for (const ReadRequest& read : local_.reads) {
    wiring_.reader.Read(read, turn);
  }
  for (const HintReadRequest& read : local_.hint_reads) {
    wiring_.hints.reader().Read(
        read.ticket, wiring_.routing.ring()->OwnersOf(TokenOf(read.key)),
        read.key, turn);
  }
  for (HintLog::Add& hint : local_.hints) {
    wiring_.hints.Keep(std::move(hint), turn);
  }
  local_.mints.clear();
  local_.merges.clear();
  local_.reads.clear();
  local_.hint_reads.clear();
  local_.hints.clear();
}

Conversation CoordinatorRoom::Here(Turn& turn) {
  return {.turn = turn,
          .options = wiring_.options,
          .routing = wiring_.routing,
          .cluster = cluster_,
          .local = local_,
          .counters = counters_,
          .answer_times = answer_times_};
}

EngineCounters& CoordinatorRoom::counters() {
  wiring_.hints.FillCounters(&counters_);
  return counters_;
}

bool CoordinatorRoom::IsIdle() const {
  return puts_.empty() && gets_.empty() && forwards_.empty() &&
         stamps_.empty() && inspections_.empty();
}

bool CoordinatorRoom::HasAnsweredAll() const {
  return UnansweredPuts() == 0 && gets_.empty() && forwards_.empty() &&
         stamps_.empty() && inspections_.empty();
}

uint64_t CoordinatorRoom::StateDigest() {
  Hasher hasher;
  puts_.ForEach([&](Handle, Put& put) { put.coordinator.AddTo(hasher); });
  gets_.ForEach([&](Handle, GetCoordinator& get) { get.AddTo(hasher); });
  forwards_.ForEach(
      [&](Handle, Forwarder& forwarder) { forwarder.AddTo(hasher); });
  stamps_.ForEach([&](Handle, StampQuery& query) { query.AddTo(hasher); });
  inspections_.ForEach(
      [&](Handle, KeyInspector& inspector) { inspector.AddTo(hasher); });
  hasher.Add(uint64_t{operations_.size()});
  hasher.Add(uint64_t{lingering_count_});
  return hasher.Value();
}

void CoordinatorRoom::CheckInvariants() {
  uint32_t lingering = 0;
  puts_.ForEach([&](Handle, Put& put) {
    put.coordinator.CheckInvariants();
    if (put.lingers) ++lingering;
  });
  gets_.ForEach([](Handle, GetCoordinator& get) { get.CheckInvariants(); });
  ORRERY_INVARIANT(lingering == lingering_count_);
  ORRERY_INVARIANT(UnansweredPuts() <=
                   wiring_.options.limits.client_requests_max);  // CRD-2
}

}  // namespace orrery
