#include "core/hint/hint_replayer.h"

#include <algorithm>
#include <variant>

#include "core/base/hash.h"
#include "core/base/invariant.h"
#include "core/ring/token.h"

namespace orrery {

namespace {

// Which of the two conversations with the store a reply belongs to.
constexpr uint32_t kScanPart = 1;
constexpr uint32_t kDeliveryPart = 2;

constexpr Handle kRoundHandle{0, 1};

}  // namespace

HintReplayer::HintReplayer(const Wiring& wiring)
    : wiring_(wiring), deliveries_(kHintReplaysMax) {}

void HintReplayer::OnOpen(Turn& turn) {
  throttle_.emplace(
      ReplayThrottle::Options{.bytes_per_second = kHintReplayBytesPerSecond,
                              .burst_bytes = kHintReplayBurstBytes},
      turn.now());
  turn.timers.Arm(TimerKind::kHintReplay, kRoundHandle,
                  turn.now() + kHintReplayInterval);
  ScanOn(turn);
}

// Reads the next records of the store: the index does not know whose they are.
void HintReplayer::ScanOn(Turn& turn) {
  std::vector<Store::Entry> entries;
  while (entries.empty() && !scan_is_last_) {
    scan_is_last_ = wiring_.hints.Walk(scan_after_, 0, kHintReplaysMax,
                                       &entries, &scan_after_);
    std::erase_if(entries,
                  [](const Store::Entry& entry) { return entry.tombstone; });
  }
  scan_reads_ = static_cast<uint32_t>(entries.size());
  for (const Store::Entry& entry : entries) {
    wiring_.hints.GetAt({TicketOwner::kHintReplayer, kScanPart, kRoundHandle},
                        entry.token, entry.digest, turn);
  }
  if (scan_reads_ != 0) return;
  scanned_ = true;
  Replay(turn);
}

void HintReplayer::OnScanned(const StoreReply& reply, Turn& turn) {
  if (reply.status == StoreStatus::kOk) {
    const auto hint = DecodeHint(reply.key, reply.meta.view(), reply.value);
    if (hint.has_value()) {
      turn.effects.Mark("hint.recovered");
      wiring_.log.Learn(*hint, reply);
    } else {
      turn.effects.Mark("hint.unreadable");
    }
  }
  if (--scan_reads_ == 0) ScanOn(turn);
}

void HintReplayer::OnRoutingChanged(Turn& turn) {
  if (!scanned_) return;
  for (auto& [storage, progress] : progress_) progress.round_done = false;
  Replay(turn);
}

void HintReplayer::OnTimer(const TimerHeap::Due& due, Turn& turn) {
  if (due.kind == TimerKind::kHintReplay) {
    turn.timers.Arm(TimerKind::kHintReplay, kRoundHandle,
                    turn.now() + kHintReplayInterval);
    return OnRoutingChanged(turn);
  }
  ORRERY_INVARIANT(due.kind == TimerKind::kHintAnswer);
  Delivery* delivery = deliveries_.Find(due.handle);
  ORRERY_INVARIANT(delivery != nullptr);
  turn.effects.Mark("hint.unanswered");
  Fail(due.handle, *delivery, turn);
}

// Starts as many deliveries as there is room for.
void HintReplayer::Replay(Turn& turn) {
  if (wiring_.routing.ring() == nullptr) return;
  const HintLog::Targets& targets = wiring_.log.targets();
  absl::erase_if(progress_, [&](const auto& entry) {
    return !targets.contains(entry.first);
  });
  for (const auto& [storage, target] : targets) {
    if (deliveries_.IsFull()) return;
    ReplayTarget(storage, target, turn);
  }
}

void HintReplayer::ReplayTarget(const StorageId& storage,
                                const HintLog::Target& target, Turn& turn) {
  Progress& progress = progress_[storage];
  if (progress.round_done) return;
  const bool may_deliver = MayDeliver(storage, target.node, turn.now());
  uint32_t looks = 0;
  auto hint = target.hints.lower_bound(progress.cursor);
  for (; hint != target.hints.end(); ++hint) {
    const auto& [token, held] = *hint;
    progress.cursor = token;
    if (deliveries_.IsFull()) return;
    if (++looks > kHintLooksMax) {
      progress.round_done = true;
      return;
    }
    const bool expires =
        turn.cluster.known && HasExpired(held, turn.cluster_wall());
    const Name name{storage, token};
    if (!IsDue(name, held, expires || may_deliver)) continue;
    const auto bytes = static_cast<int64_t>(std::min<uint64_t>(
        held.bytes, static_cast<uint64_t>(kHintReplayBurstBytes)));
    if (!throttle_->TryTake(bytes, turn.now())) {
      turn.effects.Mark("hint.throttled");
      turn.timers.Arm(TimerKind::kHintReplay, kRoundHandle,
                      throttle_->WhenAvailable(bytes, turn.now()));
      return;
    }
    open_.insert(name);
    const Handle handle =
        deliveries_.Create(Delivery{.name = name, .expires = expires});
    wiring_.hints.GetAt({TicketOwner::kHintReplayer, kDeliveryPart, handle},
                        token, held.digest, turn);
  }
  progress.cursor = 0;
  progress.round_done = true;
}

bool HintReplayer::IsDue(const Name& name, const HintLog::Held& held,
                         bool may_deliver) const {
  if (!may_deliver || held.erasing || open_.contains(name)) return false;
  return !held.partly_delivered || EveryMemberIsReachable();
}

// H8: by the stamp, which is near the cluster's time of the write.
bool HintReplayer::HasExpired(const HintLog::Held& held, WallTime now) const {
  if (held.counted) return false;
  const Duration age = now - WallTime{static_cast<int64_t>(held.timestamp)};
  return age >= wiring_.options.handoff_timeout;
}

// A target that is no longer in the ring is not waited for (H6).
bool HintReplayer::MayDeliver(const StorageId& storage, NodeId target,
                              Instant now) {
  if (now < progress_[storage].not_before) return false;
  const std::vector<RingMember>& members =
      wiring_.routing.ring()->state().members;
  const bool in_ring = std::any_of(
      members.begin(), members.end(), [&](const RingMember& member) {
        return member.id == target && member.storage == storage;
      });
  if (!in_ring) return true;
  return wiring_.routing.StateOf(target) == MemberState::kAlive &&
         wiring_.routing.IsReachable(target);
}

bool HintReplayer::EveryMemberIsReachable() const {
  const std::vector<RingMember>& members =
      wiring_.routing.ring()->state().members;
  return std::all_of(members.begin(), members.end(),
                     [&](const RingMember& member) {
                       return wiring_.routing.IsReachable(member.id);
                     });
}

void HintReplayer::OnStoreReply(const StoreReply& reply, Turn& turn) {
  if (reply.ticket.part == kScanPart) return OnScanned(reply, turn);
  Delivery* delivery = deliveries_.Find(reply.ticket.handle);
  ORRERY_INVARIANT(delivery != nullptr);  // It waits for this read.
  OnRead(reply.ticket.handle, *delivery, reply, turn);
}

void HintReplayer::OnRead(Handle handle, Delivery& delivery,
                          const StoreReply& reply, Turn& turn) {
  const bool was_replaced = reply.status == StoreStatus::kNotFound ||
                            reply.status == StoreStatus::kDeleted;
  if (was_replaced) return End(handle, delivery, turn);
  if (reply.status == StoreStatus::kBusy ||
      reply.status == StoreStatus::kClosed) {
    return Fail(handle, delivery, turn);
  }
  std::optional<Hint> hint;
  if (reply.status == StoreStatus::kOk) {
    hint = DecodeHint(reply.key, reply.meta.view(), reply.value);
  }
  if (!hint.has_value()) {
    turn.effects.Mark("hint.unreadable");
    wiring_.log.Abandon({delivery.name.first, delivery.name.second});
    return End(handle, delivery, turn);
  }
  delivery.erasure = {.hint_key = reply.key,
                      .seq = reply.seq,
                      .digest = reply.digest,
                      .timestamp = reply.timestamp};
  if (delivery.expires) {
    turn.effects.Mark("hint.expired");
    delivery.erasure.fate = HintLog::Fate::kExpired;
    Erase(delivery, turn);
    return End(handle, delivery, turn);
  }
  Send(handle, delivery, *hint, turn);
}

void HintReplayer::Send(Handle handle, Delivery& delivery, const Hint& hint,
                        Turn& turn) {
  const PreferenceList owners =
      wiring_.routing.ring()->OwnersOf(TokenOf(hint.key));
  const bool is_owner =
      std::find(owners.begin(), owners.end(),
                Owner{hint.target, hint.storage}) != owners.end();
  delivery.erasure.fate =
      is_owner ? HintLog::Fate::kDelivered : HintLog::Fate::kRedirected;
  delivery.complete = !owners.empty();
  for (const Owner& owner : owners) {
    if (owner.node == wiring_.routing.self()) continue;
    if (!wiring_.routing.IsReachable(owner.node)) {
      delivery.complete = false;
      continue;
    }
    delivery.recipients.push_back({.node = owner.node});
    turn.effects.Send(
        wiring_.routing.EndpointOf(owner.node),
        ReplicaPut{.request = Tagged(handle, RequestPool::kHintReplay),
                   .origin = PutOrigin::kHint,
                   .key = hint.key,
                   .object = hint.object,
                   .floor = hint.floor});
  }
  if (delivery.recipients.empty()) {
    return OnAllAcknowledged(handle, delivery, turn);
  }
  turn.timers.Arm(TimerKind::kHintAnswer, handle,
                  turn.now() + wiring_.options.request_timeout);
}

void HintReplayer::OnPeerMessage(const PeerMessage& message, Turn& turn) {
  const auto* ack = std::get_if<ReplicaPutAck>(&message.body);
  if (ack == nullptr) return;
  const Handle handle = Untagged(ack->request);
  Delivery* delivery = deliveries_.Find(handle);
  if (delivery == nullptr) return;
  // Only from whom it was sent to, and not before: there are no recipients yet
  // while the hint is being read.
  const auto sender = std::find_if(
      delivery->recipients.begin(), delivery->recipients.end(),
      [&](const Recipient& one) {
        return one.node == message.envelope.from && !one.acknowledged;
      });
  if (sender == delivery->recipients.end()) return;
  if (ack->status != ReplicaStatus::kOk) {
    turn.effects.Mark("hint.refused");
    return Fail(handle, *delivery, turn);
  }
  sender->acknowledged = true;
  const bool all = std::all_of(
      delivery->recipients.begin(), delivery->recipients.end(),
      [](const Recipient& recipient) { return recipient.acknowledged; });
  if (all) OnAllAcknowledged(handle, *delivery, turn);
}

void HintReplayer::OnAllAcknowledged(Handle handle, Delivery& delivery,
                                     Turn& turn) {
  progress_[delivery.name.first].backoff = kHintBackoffMin;
  if (delivery.complete) {
    const bool home = delivery.erasure.fate == HintLog::Fate::kDelivered;
    turn.effects.Mark(home ? "hint.delivered" : "hint.redirected");
    Erase(delivery, turn);
  } else {
    turn.effects.Mark("hint.partly_delivered");
    wiring_.log.SetPartlyDelivered({delivery.name.first, delivery.name.second});
  }
  End(handle, delivery, turn);
}

void HintReplayer::Erase(Delivery& delivery, Turn& turn) {
  wiring_.log.Erase(std::move(delivery.erasure), turn);
}

void HintReplayer::OnPeerLost(NodeId node, Turn& turn) {
  deliveries_.ForEach([&](Handle handle, Delivery& delivery) {
    const bool awaited =
        std::any_of(delivery.recipients.begin(), delivery.recipients.end(),
                    [&](const Recipient& recipient) {
                      return recipient.node == node && !recipient.acknowledged;
                    });
    if (!awaited) return;
    turn.effects.Mark("hint.unanswered");
    Fail(handle, delivery, turn);
  });
}

void HintReplayer::Fail(Handle handle, Delivery& delivery, Turn& turn) {
  Progress& progress = progress_[delivery.name.first];
  if (progress.not_before <= turn.now()) {
    progress.not_before = turn.now() + progress.backoff;
    progress.backoff = std::min(2 * progress.backoff, kHintBackoffMax);
  }
  End(handle, delivery, turn);
}

void HintReplayer::End(Handle handle, Delivery& delivery, Turn& turn) {
  turn.timers.Cancel(TimerKind::kHintAnswer, handle);
  open_.erase(delivery.name);
  deliveries_.Destroy(handle);
  Replay(turn);
}

uint64_t HintReplayer::StateDigest() const {
  Hasher hasher;
  for (const auto& [storage, token] : open_) {
    hasher.Add(storage.lo);
    hasher.Add(token);
  }
  for (const auto& [storage, progress] : progress_) {
    hasher.Add(storage.lo);
    hasher.Add(progress.cursor);
    hasher.Add(progress.round_done);
    hasher.Add(progress.not_before.ns);
  }
  hasher.Add(scan_after_);
  hasher.Add(uint64_t{scan_reads_});
  return hasher.Value();
}

void HintReplayer::CheckInvariants() const {
  ORRERY_INVARIANT(open_.size() == deliveries_.size());  // HRP-1
}

}  // namespace orrery
