#include "sim/clients.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/invariant.h"
#include "sim/weather.h"

namespace orrery::sim {
namespace {

// A request is answered by its deadline; this much later its client complains.
constexpr Duration kPatience = 1 * kSecond;
constexpr uint32_t kFinalClient = 0;

}  // namespace

Clients::Clients(const Wiring& wiring)
    : wiring_(wiring),
      deaf_(wiring.config.nodes),
      cut_off_at_(wiring.config.nodes),
      mute_(wiring.config.nodes),
      open_at_(wiring.config.nodes),
      last_(wiring.config.clients) {}

// A dead node is passed over: the next live one is asked.
std::optional<uint32_t> Clients::NodeFor(const OpStep& step) const {
  const uint32_t count = wiring_.config.nodes;
  const uint64_t fate = Fate(wiring_.config.seed, Lot::kClientChoice, step.id);
  const uint32_t wanted =
      step.via.value_or(static_cast<uint32_t>(fate % count)) % count;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t node = (wanted + i) % count;
    if (wiring_.nodes[node]->IsUp()) return node;
  }
  return std::nullopt;
}

uint32_t Clients::ContextOf(const OpStep& step) const {
  const uint32_t key = step.key % wiring_.config.keys;
  switch (step.context) {
    case OpStep::Context::kNone:
      return 0;
    case OpStep::Context::kLast:
      for (const LastAnswer& answer :
           last_[step.client % wiring_.config.clients]) {
        if (answer.key == key) return answer.op;
      }
      return 0;
    case OpStep::Context::kOp: {
      const Operation* op =
          std::as_const(wiring_.history).Find(step.context_op);
      if (op == nullptr || op->key != key || op->context.empty()) return 0;
      return op->id;
    }
  }
  return 0;
}

void Clients::Begin(const OpStep& step) {
  if (step.retry_of != 0) {
    Retry(step);
    return;
  }
  if (wiring_.history.Find(step.id) != nullptr) return;  // One name, one op.
  const std::optional<uint32_t> node = NodeFor(step);
  Operation& op = wiring_.history.Open(step.id);
  op.verb = step.verb;
  op.client = step.client % wiring_.config.clients;
  op.key = step.key % wiring_.config.keys;
  op.r = step.r;
  op.w = step.w;
  op.size = step.size;
  op.sloppy = step.sloppy;
  op.own_id = step.own_id;
  op.siblings = step.siblings && op.IsWrite();
  op.quorum_stamp = step.quorum_stamp && op.IsWrite();
  if (op.siblings) wiring_.history.MarkKept(op.key);
  op.patience = step.patience;
  op.invoked = wiring_.queue.now();
  if (!node.has_value()) {
    op.returned = op.invoked;
    op.outcome = Outcome::kFailed;
    return;
  }

  ClientRequest request;
  request.key = KeyText(op.key);
  switch (op.verb) {
    case OpStep::Verb::kPut:
      request.verb = ClientVerb::kPut;
      request.value = Bytes::CopyOf(ValueText(op.id, op.size));
      break;
    case OpStep::Verb::kGet:
      request.verb = ClientVerb::kGet;
      break;
    case OpStep::Verb::kDelete:
      request.verb = ClientVerb::kDelete;
      break;
  }
  if (op.r != 0) request.read_level = {Level::Kind::kNumber, op.r};
  if (op.w != 0) request.write_level = {Level::Kind::kNumber, op.w};
  request.sloppy = op.sloppy;
  request.keep = op.siblings;
  request.quorum_stamp = op.quorum_stamp;
  if (op.IsWrite()) op.context_of = ContextOf(step);
  if (op.context_of != 0) {
    const Operation* seen = wiring_.history.Find(op.context_of);
    request.context = seen->context;
  }
  if (op.own_id) request.operation = NameOf(op);
  Submit(op, std::move(request), *node);
}

// Any id will do that no other operation has.
OperationId Clients::NameOf(const Operation& op) {
  return {{.hi = uint64_t{1} << 63, .lo = op.id}};
}

void Clients::BeginFinalRead(uint32_t id, uint32_t key, uint32_t node) {
  Operation& op = wiring_.history.Open(id);
  op.verb = OpStep::Verb::kGet;
  op.client = kFinalClient;
  op.key = key;
  op.invoked = wiring_.queue.now();
  op.final_read = true;
  // Whatever R is configured: of a core not all may be left.
  const uint32_t owners =
      std::min(wiring_.config.engine.replication, wiring_.config.nodes);
  op.r = owners / 2 + 1;
  ClientRequest request;
  request.key = KeyText(key);
  request.verb = ClientVerb::kGet;
  request.read_level = {Level::Kind::kQuorum, 0};
  Submit(op, std::move(request), node);
}

// The same write again, with the token of its 504 or by the client's own name
// for it: then the whole request is repeated.
void Clients::Retry(const OpStep& step) {
  Operation* op = wiring_.history.Find(step.retry_of);
  if (op == nullptr || (op->token.empty() && !op->own_id)) return;
  if (op->outcome != Outcome::kUnknown || !op->IsWrite()) return;
  const std::optional<uint32_t> node = NodeFor(step);
  if (!node.has_value()) return;
  wiring_.tally.Count("client.retry");
  op->retried = true;
  op->earlier = Outcome::kUnknown;
  op->outcome = Outcome::kPending;
  op->patience = step.patience;
  ClientRequest request;
  request.key = KeyText(op->key);
  request.verb =
      op->verb == OpStep::Verb::kPut ? ClientVerb::kPut : ClientVerb::kDelete;
  if (op->verb == OpStep::Verb::kPut) {
    request.value = Bytes::CopyOf(ValueText(op->id, op->size));
  }
  if (op->r != 0) request.read_level = {Level::Kind::kNumber, op->r};
  if (op->w != 0) request.write_level = {Level::Kind::kNumber, op->w};
  request.sloppy = op->sloppy;
  request.keep = op->siblings;
  request.quorum_stamp = op->quorum_stamp;
  if (!op->token.empty()) {
    request.operation_token = op->token;
  } else {
    wiring_.tally.Count("client.retry_by_own_id");
    request.operation = NameOf(*op);
    const Operation* seen = wiring_.history.Find(op->context_of);
    if (seen != nullptr) request.context = seen->context;
  }
  Submit(*op, std::move(request), *node);
}

void Clients::Submit(Operation& op, ClientRequest request, uint32_t node) {
  SimNode& target = *wiring_.nodes[node];
  ++op.attempt;
  op.answered = false;
  op.node = node;
  op.process = target.process();
  const auto index =
      static_cast<uint32_t>(&op - wiring_.history.operations().data());
  request.client = {index + 1, op.attempt};
  ++open_;
  open_at_[node].push_back(index);
  wiring_.queue.Schedule(
      wiring_.queue.now() + wiring_.config.engine.request_timeout + kPatience,
      {.process = op.attempt,
       .payload = index,
       .node = static_cast<uint16_t>(node),
       .what = Happening::kOpTimeout});
  op.asked = wiring_.queue.now();
  if (op.patience.ns != 0) {
    wiring_.queue.Schedule(op.asked + op.patience,
                           {.process = op.attempt,
                            .payload = index,
                            .node = static_cast<uint16_t>(node),
                            .what = Happening::kOpTimeout});
  }
  if (deaf_[node] && !op.final_read) {
    wiring_.tally.Count("mattered.deaf");
    CutOff(op);
    return;
  }
  target.Deliver(target.process(), std::move(request));
}

void Clients::CutOff(Operation& op) {
  op.cut_off = true;
  ++cut_off_at_[op.node];
}

void Clients::Close(Operation& op, Outcome outcome) {
  if (std::exchange(op.cut_off, false)) --cut_off_at_[op.node];
  op.returned = wiring_.queue.now();
  // What an earlier attempt may have done, a refusal of this one cannot undo.
  op.outcome = outcome == Outcome::kFailed && op.earlier == Outcome::kUnknown
                   ? Outcome::kUnknown
                   : outcome;
  --open_;
  std::vector<uint32_t>& open = open_at_[op.node];
  const auto index =
      static_cast<uint32_t>(&op - wiring_.history.operations().data());
  const auto at = std::find(open.begin(), open.end(), index);
  ORRERY_INVARIANT(at != open.end());
  *at = open.back();
  open.pop_back();
}

void Clients::OnReply(uint32_t node, Handle client, const ClientReply& reply) {
  std::vector<Operation>& operations = wiring_.history.operations();
  if (client.slot == 0 || client.slot > operations.size()) {
    wiring_.unanswered.push_back("A reply went to a client that never asked.");
    return;
  }
  Operation& op = operations[client.slot - 1];
  const bool expected = op.outcome == Outcome::kPending &&
                        op.attempt == client.gen && op.node == node &&
                        !op.answered;
  if (!expected) {
    const auto gone = std::find(given_up_.begin(), given_up_.end(), client);
    if (gone != given_up_.end()) {
      wiring_.tally.Count("client.answered_too_late");
      given_up_.erase(gone);
      return;
    }
    wiring_.unanswered.push_back("Operation " + std::to_string(op.id) +
                                 " was answered more than once.");
    return;
  }
  op.answered = true;
  if (mute_[node] && !op.final_read) {
    wiring_.tally.Count("mattered.mute");
    CutOff(op);
    return;
  }
  Record(op, reply);
}

void Clients::Record(Operation& op, const ClientReply& reply) {
  if (const auto* done = std::get_if<WriteDone>(&reply)) {
    op.version = done->version;
    op.acks = done->acks;
    op.superseded_by = done->superseded_by;
    op.context = done->context;
    Close(op, Outcome::kOk);
    wiring_.tally.Count("client.write_ok");
  } else if (const auto* read = std::get_if<ReadDone>(&reply)) {
    op.version = read->version;
    op.found = read->found;
    op.deleted = read->deleted;
    op.value = read->value;
    op.values = read->siblings;
    op.context = read->context;
    Close(op, Outcome::kOk);
    wiring_.tally.Count("client.read_ok");
  } else if (const auto* unknown = std::get_if<OutcomeUnknown>(&reply)) {
    op.token = unknown->operation;
    Close(op, Outcome::kUnknown);
    wiring_.tally.Count("client.unknown");
    return;
  } else {
    Close(op, Outcome::kFailed);
    wiring_.tally.Count(op.IsWrite() ? "client.write_refused"
                                     : "client.read_refused");
    return;
  }
  if (op.context.empty()) return;
  std::vector<LastAnswer>& answers = last_[op.client];
  for (LastAnswer& answer : answers) {
    if (answer.key != op.key) continue;
    answer.op = op.id;
    return;
  }
  answers.push_back({op.key, op.id});
}

void Clients::OnProcessDown(uint32_t node) {
  while (!open_at_[node].empty()) {
    const uint32_t index = open_at_[node].back();
    Close(wiring_.history.operations()[index], Outcome::kUnknown);
  }
}

// The client hangs up; its node learns that, if it can.
void Clients::GiveUp(Operation& op) {
  wiring_.tally.Count("client.gave_up");
  const auto index =
      static_cast<uint32_t>(&op - wiring_.history.operations().data());
  const Handle client{index + 1, op.attempt};
  given_up_.push_back(client);
  const uint32_t process = op.process;
  SimNode& node = *wiring_.nodes[op.node];
  Close(op, Outcome::kUnknown);
  node.Deliver(process, ClientGoneEvent{client});
}

void Clients::OnTimeout(const Occasion& occasion) {
  Operation& op = wiring_.history.operations()[occasion.payload];
  if (op.outcome != Outcome::kPending || op.attempt != occasion.process) {
    return;
  }
  if (op.cut_off) {
    Close(op, Outcome::kUnknown);
    return;
  }
  if (op.patience.ns != 0 && wiring_.queue.now() >= op.asked + op.patience) {
    GiveUp(op);
    return;
  }
  const SimNode& node = *wiring_.nodes[op.node];
  const Duration patience = wiring_.config.engine.request_timeout + kPatience;
  const Instant fair = node.resumed_at() + patience;
  if (node.IsPaused() || wiring_.queue.now() < fair) {
    Occasion again = occasion;
    wiring_.queue.Schedule(std::max(fair, wiring_.queue.now() + kPatience),
                           again);
    return;
  }
  wiring_.unanswered.push_back(
      "Operation " + std::to_string(op.id) + " on n" + std::to_string(op.node) +
      " was not answered within " + TimeText(patience) + ".");
  Close(op, Outcome::kUnknown);
}

}  // namespace orrery::sim
