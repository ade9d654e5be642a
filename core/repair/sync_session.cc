#include "core/repair/sync_session.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/hash.h"
#include "core/base/invariant.h"
#include "core/base/total_order.h"
#include "core/protocol/request_handle.h"
#include "core/ring/token.h"

namespace orrery {

namespace {

bool HoldsSorted(const std::vector<uint64_t>& tokens, uint64_t token) {
  return std::binary_search(tokens.begin(), tokens.end(), token);
}

void SortUnique(std::vector<uint64_t>* tokens) {
  Sort(tokens->begin(), tokens->end());
  tokens->erase(std::unique(tokens->begin(), tokens->end()), tokens->end());
}

// No answer for the whole exchange, as against one object.
bool EndsExchange(ReplicaStatus status) {
  switch (status) {
    case ReplicaStatus::kStaleRing:
    case ReplicaStatus::kRingBehind:
    case ReplicaStatus::kNotReady:
    case ReplicaStatus::kPristine:
      return true;
    case ReplicaStatus::kOk:
    case ReplicaStatus::kCorrupt:
    case ReplicaStatus::kReadError:
    case ReplicaStatus::kBusy:
    case ReplicaStatus::kFull:
    case ReplicaStatus::kReadOnly:
    case ReplicaStatus::kBelowFloor:
    case ReplicaStatus::kUnknown:
    case ReplicaStatus::kTooManySiblings:
    case ReplicaStatus::kClockAhead:
      return false;
  }
  ORRERY_UNREACHABLE("a status no replica has");
}

}  // namespace

SyncSession::SyncSession(const SyncWiring& wiring, Plan plan)
    : wiring_(wiring),
      peer_(plan.peer),
      in_doubt_(plan.in_doubt),
      losses_(plan.losses),
      pending_(std::move(plan.ranges)) {}

void SyncSession::Open(Handle self, Turn& turn) {
  self_ = self;
  phase_ = Phase::kRoots;
  SendRoots(turn);
}

void SyncSession::OnRootsAck(const SyncRootsAck& ack, Turn& turn) {
  if (phase_ != Phase::kRoots && phase_ != Phase::kRecheck) return;
  if (ack.status != ReplicaStatus::kOk) return End(turn);
  peer_in_doubt_ |= ack.suspect;

  std::vector<uint64_t> differing = ack.differing;
  SortUnique(&differing);
  std::vector<uint64_t> still;
  for (const uint64_t end : pending_) {
    (HoldsSorted(differing, end) ? still : exchanged_).push_back(end);
  }
  pending_ = std::move(still);
  if (pending_.empty()) return Complete(turn);

  if (phase_ == Phase::kRoots && !in_doubt_) {
    phase_ = Phase::kPause;
    turn.timers.Arm(TimerKind::kSyncSession, self_,
                    turn.now() + kSyncRecheckDelay);
    return;
  }
  turn.effects.Mark("repair.ranges_differ");
  BeginRange(turn);
}

void SyncSession::OnKeysAck(const SyncKeysAck& ack, Turn& turn) {
  if (phase_ != Phase::kKeys || ack.range_end != pending_.back()) return;
  const bool in_chunk =
      ack.upto == upto_ || Ring::Contains(ack.upto, after_, upto_);
  if (ack.status != ReplicaStatus::kOk || !in_chunk) return End(turn);

  upto_ = ack.upto;
  PlanPushes(ack);
  fetches_.clear();
  for (const uint64_t token : ack.have) {
    if (Ring::Contains(token, after_, upto_)) fetches_.push_back(token);
  }
  SortUnique(&fetches_);
  phase_ = Phase::kObjects;
  Advance(turn);
}

void SyncSession::OnObjects(const SyncObjects& objects, Turn& turn) {
  if (phase_ != Phase::kObjects || fetching_.empty()) return;
  if (objects.status != ReplicaStatus::kOk) return End(turn);
  const size_t asked = fetching_.size();
  TakeAnswered(objects, turn);
  if (fetching_.size() == asked) return End(turn);  // It would never end.
  // What its limit of bytes left over is asked for again.
  fetches_.insert(fetches_.end(), fetching_.begin(), fetching_.end());
  fetching_.clear();
  ExpectAnswer(turn);
  Advance(turn);
}

void SyncSession::OnPutAck(const ReplicaPutAck& ack, Turn& turn) {
  if (phase_ != Phase::kObjects || pushes_in_flight_ == 0) return;
  if (EndsExchange(ack.status)) return End(turn);
  --pushes_in_flight_;
  if (ack.status == ReplicaStatus::kOk) {
    ++repaired_;
    turn.effects.Mark("repair.object_put");
  } else {
    // A peer that cannot store now will be asked again in a later round.
    pushes_.clear();
  }
  ExpectAnswer(turn);
  Advance(turn);
}

void SyncSession::OnReadOutcome(const ReadOutcome& outcome, Turn& turn) {
  if (phase_ != Phase::kObjects || pushes_in_flight_ == 0) return;
  if (outcome.status == ReplicaStatus::kOk && !outcome.object.IsEmpty()) {
    Send(ReplicaPut{.request = Tagged(self_, RequestPool::kSync),
                    .origin = PutOrigin::kSync,
                    .key = outcome.key,
                    .object = outcome.object},
         turn);
    return;
  }
  --pushes_in_flight_;
  Advance(turn);
}

void SyncSession::OnWriteOutcome(const WriteOutcome& outcome, Turn& turn) {
  if (phase_ != Phase::kObjects || merges_in_flight_ == 0) return;
  --merges_in_flight_;
  if (outcome.status == ReplicaStatus::kOk) {
    ++repaired_;
    turn.effects.Mark("repair.object_merged");
  } else {
    range_failed_ = true;
  }
  Advance(turn);
}

void SyncSession::OnTimer(Turn& turn) {
  if (phase_ != Phase::kPause) {
    turn.effects.Mark("repair.session_timed_out");
    return End(turn);
  }
  phase_ = Phase::kRecheck;
  SendRoots(turn);
}

void SyncSession::End(Turn& turn) {
  phase_ = Phase::kOver;
  turn.timers.Cancel(TimerKind::kSyncSession, self_);
}

uint64_t SyncSession::StateDigest() const {
  Hasher hasher;
  hasher.Add(peer_.value);
  hasher.Add(static_cast<uint64_t>(phase_));
  for (const uint64_t end : pending_) hasher.Add(end);
  hasher.Add(after_);
  hasher.Add(upto_);
  hasher.Add(static_cast<uint64_t>(pushes_.size()));
  hasher.Add(pushes_in_flight_);
  hasher.Add(static_cast<uint64_t>(fetches_.size()));
  hasher.Add(static_cast<uint64_t>(fetching_.size()));
  hasher.Add(merges_in_flight_);
  return hasher.Value();
}

void SyncSession::SendRoots(Turn& turn) {
  SyncRoots roots{.session = self_};
  roots.roots.reserve(pending_.size());
  for (const uint64_t end : pending_) {
    roots.roots.push_back({end, wiring_.digests.RootOf(end)});
  }
  Send(std::move(roots), turn);
}

void SyncSession::BeginRange(Turn& turn) {
  const RangeDigests::OwnedRange* range = wiring_.digests.Find(pending_.back());
  ORRERY_INVARIANT(range != nullptr);  // A new ring ends all sessions.
  after_ = range->after;
  range_failed_ = false;
  SendKeys(turn);
}

void SyncSession::SendKeys(Turn& turn) {
  const uint64_t end = pending_.back();
  chunk_.clear();
  wiring_.store.Walk(after_, end, wiring_.options.limits.sync_items_max,
                     &chunk_, &upto_);
  phase_ = Phase::kKeys;
  SyncKeys keys{.session = self_,
                .range_end = end,
                .after = after_,
                .upto = upto_,
                .whole_range = after_ == upto_};
  keys.items.reserve(chunk_.size());
  for (const Store::Entry& entry : chunk_) {
    keys.items.push_back({entry.token, entry.digest});
  }
  Send(std::move(keys), turn);
}

void SyncSession::PlanPushes(const SyncKeysAck& ack) {
  std::vector<uint64_t> want = ack.want;
  SortUnique(&want);
  pushes_.clear();
  for (const Store::Entry& entry : chunk_) {
    if (HoldsSorted(want, entry.token)) {
      pushes_.push_back({entry.token, entry.digest});
    }
  }
}

void SyncSession::Advance(Turn& turn) {
  StartPushes(turn);
  StartFetch(turn);
  const bool busy = pushes_in_flight_ != 0 || merges_in_flight_ != 0 ||
                    !fetching_.empty() || !fetches_.empty() || !pushes_.empty();
  if (!busy) FinishChunk(turn);
}

void SyncSession::StartPushes(Turn& turn) {
  while (!pushes_.empty() &&
         pushes_in_flight_ < wiring_.options.limits.sync_in_flight_max) {
    const KeyDigest push = pushes_.back();
    pushes_.pop_back();
    ++pushes_in_flight_;
    wiring_.reader.ReadAt({TicketOwner::kSyncSession, kSyncOpenerPart, self_},
                          push.token, push.digest, turn);
  }
}

void SyncSession::StartFetch(Turn& turn) {
  if (fetches_.empty() || !fetching_.empty() || merges_in_flight_ != 0) return;
  // One more than its limit of items, and the peer refuses them all.
  const Limits& limits = wiring_.options.limits;
  const size_t count = std::min<size_t>(
      {fetches_.size(), limits.sync_in_flight_max, limits.sync_items_max});
  fetching_.assign(fetches_.end() - static_cast<std::ptrdiff_t>(count),
                   fetches_.end());
  fetches_.resize(fetches_.size() - count);
  SortUnique(&fetching_);
  Send(SyncFetch{.session = self_, .tokens = fetching_}, turn);
}

void SyncSession::TakeAnswered(const SyncObjects& objects, Turn& turn) {
  std::vector<uint64_t> answered;
  for (const SyncObject& object : objects.objects) {
    const uint64_t token = TokenOf(object.key);
    if (!HoldsSorted(fetching_, token)) continue;  // Nobody asked for it.
    answered.push_back(token);
    ++merges_in_flight_;
    wiring_.writer.Merge(
        {.ticket = {TicketOwner::kSyncSession, kSyncOpenerPart, self_},
         .key = object.key,
         .object = object.object,
         .origin = PutOrigin::kSync},
        turn);
  }
  for (const uint64_t token : objects.unread) {
    if (!HoldsSorted(fetching_, token)) continue;
    answered.push_back(token);
    range_failed_ = true;  // SYN-2
  }
  SortUnique(&answered);
  std::vector<uint64_t> rest;
  std::set_difference(fetching_.begin(), fetching_.end(), answered.begin(),
                      answered.end(), std::back_inserter(rest));
  fetching_ = std::move(rest);
}

void SyncSession::FinishChunk(Turn& turn) {
  const uint64_t end = pending_.back();
  if (upto_ != end) {
    after_ = upto_;
    SendKeys(turn);
    return;
  }
  pending_.pop_back();
  if (!range_failed_) exchanged_.push_back(end);
  if (pending_.empty()) {
    Complete(turn);
  } else {
    BeginRange(turn);
  }
}

void SyncSession::Complete(Turn& turn) {
  complete_ = true;
  End(turn);
}

void SyncSession::ExpectAnswer(Turn& turn) {
  turn.timers.Arm(TimerKind::kSyncSession, self_,
                  turn.now() + wiring_.options.request_timeout);
}

void SyncSession::Send(PeerBody body, Turn& turn) {
  turn.effects.Send(wiring_.routing.EndpointOf(peer_), std::move(body));
  ExpectAnswer(turn);
}

}  // namespace orrery
