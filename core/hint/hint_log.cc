#include "core/hint/hint_log.h"

#include <algorithm>
#include <utility>

#include "core/base/hash.h"
#include "core/base/invariant.h"
#include "core/ring/token.h"
#include "core/version/object_merge.h"

namespace orrery {

namespace {

// Index entry, header and key of a record, beside its value.
constexpr uint64_t kRecordOverheadBytes = 128;

ReplicaStatus StatusOf(StoreStatus status) {
  switch (status) {
    case StoreStatus::kOk:
      return ReplicaStatus::kOk;
    case StoreStatus::kFull:
    case StoreStatus::kTooLarge:
      return ReplicaStatus::kFull;
    case StoreStatus::kReadOnly:
      return ReplicaStatus::kReadOnly;
    case StoreStatus::kBusy:
    case StoreStatus::kConflict:
      return ReplicaStatus::kBusy;
    case StoreStatus::kCorrupt:
    case StoreStatus::kCollisions:
      return ReplicaStatus::kCorrupt;
    case StoreStatus::kUnknown:
      return ReplicaStatus::kUnknown;
    case StoreStatus::kClosed:
      return ReplicaStatus::kNotReady;
    case StoreStatus::kNotFound:
    case StoreStatus::kDeleted:
      break;
  }
  ORRERY_UNREACHABLE("a put is not answered so");
}

uint64_t BytesOf(const EncodedHint& encoded, size_t key_bytes) {
  return encoded.meta.size() + encoded.value.size() + key_bytes +
         kRecordOverheadBytes;
}

}  // namespace

HintLog::HintLog(orrery::Store& hints, const EngineOptions& options)
    : hints_(hints),
      options_(options),
      reader_(hints),
      chains_(kHintStoresMax) {}

void HintLog::Keep(Add add, Turn& turn) {
  ReplicaStatus why = ReplicaStatus::kOk;
  if (!MayHold(add, &why, turn)) {
    stored_.push_back({.ticket = add.ticket, .status = why});
    return;
  }
  ++waiting_;
  std::string hint_key = HintKeyOf(add.storage, add.key);
  if (const Handle* handle = by_key_.Find(hint_key); handle != nullptr) {
    chains_.Find(*handle)->waiting.push_back(std::move(add));
    return;
  }
  const Handle handle = chains_.Create();
  by_key_.Insert(hint_key, handle);
  Chain& chain = *chains_.Find(handle);
  chain.hint_key = std::move(hint_key);
  chain.waiting.push_back(std::move(add));
  StartNext(handle, chain, turn);
}

bool HintLog::MayHold(const Add& add, ReplicaStatus* why, Turn& turn) const {
  if (!hints_.IsOpen()) {
    *why = ReplicaStatus::kNotReady;
    return false;
  }
  if (add.object.IsEmpty() || !IsWellFormed(add.object)) {
    *why = ReplicaStatus::kCorrupt;
    return false;
  }
  if (waiting_ >= kHintStoresMax || chains_.IsFull()) {
    *why = ReplicaStatus::kBusy;
    return false;
  }
  uint64_t bytes = add.key.size() + kRecordOverheadBytes;
  for (const Sibling& sibling : add.object.siblings) {
    bytes += sibling.value.size();
  }
  const auto target = targets_.find(add.storage);
  if (target != targets_.end()) bytes += target->second.bytes;
  if (bytes > options_.limits.hint_bytes_per_target_max) {  // HINT-3
    turn.effects.Mark("hint.refused_at_cap");
    *why = ReplicaStatus::kFull;
    return false;
  }
  return true;
}

// Everything that waits becomes one hint; then whatever is stored is looked at.
void HintLog::StartNext(Handle handle, Chain& chain, Turn& turn) {
  if (chain.waiting.empty()) {
    by_key_.Erase(chain.hint_key);
    chains_.Destroy(handle);
    return;
  }
  chain.tickets.clear();
  Add& first = chain.waiting.front();
  chain.hint = {.target = first.target,
                .storage = first.storage,
                .key = std::move(first.key),
                .object = std::move(first.object),
                .counted = first.counted,
                .floor = first.floor,
                .epoch = first.epoch};
  for (const Add& add : chain.waiting) {
    chain.tickets.push_back(add.ticket);
    if (&add == &chain.waiting.front()) continue;
    chain.hint.object = Merge(chain.hint.object, add.object);
    chain.hint.counted |= add.counted;
    chain.hint.floor = std::min(chain.hint.floor, add.floor);
  }
  chain.waiting.clear();
  const auto peek = hints_.PeekEntry(chain.hint_key);
  if (peek.kind == orrery::Store::Peek::Kind::kAbsent) {
    return Write(handle, chain, 0, turn);
  }
  chain.step = Step::kLooking;
  hints_.Get({TicketOwner::kHintLog, 0, handle}, chain.hint_key, turn);
}

void HintLog::OnStoreReply(const StoreReply& reply, Turn& turn) {
  if (HintReader::IsReplyToRead(reply.ticket)) {
    return reader_.OnStoreReply(reply, turn);
  }
  const Handle handle = reply.ticket.handle;
  Chain* chain = chains_.Find(handle);
  ORRERY_INVARIANT(chain != nullptr);
  switch (chain->step) {
    case Step::kLooking:
      return OnLooked(handle, *chain, reply, turn);
    case Step::kWriting:
      OnWritten(*chain, reply, turn);
      break;
    case Step::kErasing:
      OnErased(*chain, reply);
      break;
  }
  StartNext(handle, *chain, turn);
}

void HintLog::OnLooked(Handle handle, Chain& chain, const StoreReply& reply,
                       Turn& turn) {
  if (reply.status == StoreStatus::kNotFound) {
    return Write(handle, chain, 0, turn);
  }
  if (reply.status == StoreStatus::kDeleted) {
    return Write(handle, chain, reply.seq, turn);
  }
  std::optional<Hint> stored;
  if (reply.status == StoreStatus::kOk) {
    stored = DecodeHint(chain.hint_key, reply.meta.view(), reply.value);
  }
  if (!stored.has_value()) {
    const bool is_damage = reply.status == StoreStatus::kOk;
    AnswerAll(chain, {.status = is_damage ? ReplicaStatus::kCorrupt
                                          : StatusOf(reply.status)});
    return StartNext(handle, chain, turn);
  }
  Learn(*stored, reply);
  chain.hint.object = Merge(stored->object, chain.hint.object);
  chain.hint.counted |= stored->counted;
  chain.hint.floor = std::min(chain.hint.floor, stored->floor);
  turn.effects.Mark("hint.merged");
  Write(handle, chain, reply.seq, turn);
}

void HintLog::Write(Handle handle, Chain& chain, uint64_t if_seq, Turn& turn) {
  EncodedHint encoded = EncodeHint(chain.hint);
  chain.step = Step::kWriting;
  chain.writes = {.digest = encoded.digest,
                  .timestamp = encoded.timestamp,
                  .bytes = BytesOf(encoded, chain.hint_key.size()),
                  .counted = chain.hint.counted};
  hints_.Put({.ticket = {TicketOwner::kHintLog, 0, handle},
              .key = chain.hint_key,
              .digest = encoded.digest,
              .meta = std::move(encoded.meta),
              .value = std::move(encoded.value),
              .timestamp = encoded.timestamp,
              .if_seq = if_seq,
              .must_sync = chain.hint.counted},
             turn);
}

void HintLog::OnWritten(Chain& chain, const StoreReply& reply, Turn& turn) {
  if (reply.status == StoreStatus::kOk) {
    turn.effects.Mark("hint.stored");
    const auto adds = static_cast<uint64_t>(chain.tickets.size());
    created_ += adds;
    covered_ += adds - 1;
    const Name name{chain.hint.storage, TokenOf(chain.hint_key)};
    if (Find(name) != nullptr) ++covered_;
    Record(chain.hint, name.token, chain.writes);
  } else if (reply.status == StoreStatus::kConflict) {
    turn.effects.Mark("hint.raced");
  }
  const bool synced = reply.durability == Durability::kSynced;
  AnswerAll(chain, {.status = StatusOf(reply.status),
                    .synced = synced,
                    .promise = {.store = StoreId::kHints,
                                .upto = reply.position,
                                .level = reply.durability}});
}

void HintLog::AnswerAll(Chain& chain, const HintStored& outcome) {
  for (const Ticket& ticket : chain.tickets) {
    stored_.emplace_back(outcome).ticket = ticket;
    --waiting_;
  }
  chain.tickets.clear();
}

void HintLog::Erase(Erasure erasure, Turn& turn) {
  // What is about to be merged into the record needs delivery too.
  if (by_key_.Contains(erasure.hint_key) || chains_.IsFull()) return;
  Held* held = Find({StorageOf(erasure.hint_key), TokenOf(erasure.hint_key)});
  if (held == nullptr) return;
  held->erasing = true;
  const Handle handle = chains_.Create();
  by_key_.Insert(erasure.hint_key, handle);
  Chain& chain = *chains_.Find(handle);
  chain.hint_key = std::move(erasure.hint_key);
  chain.step = Step::kErasing;
  chain.fate = erasure.fate;
  hints_.Put({.ticket = {TicketOwner::kHintLog, 0, handle},
              .key = chain.hint_key,
              .digest = erasure.digest,
              .timestamp = erasure.timestamp,
              .deleted = true,
              .if_seq = erasure.seq},
             turn);
}

void HintLog::OnErased(Chain& chain, const StoreReply& reply) {
  const Name name{StorageOf(chain.hint_key), TokenOf(chain.hint_key)};
  if (reply.status == StoreStatus::kOk) return Forget(name, chain.fate);
  Held* held = Find(name);
  if (held != nullptr) held->erasing = false;
}

void HintLog::Learn(const Hint& hint, const StoreReply& record) {
  const std::string hint_key = HintKeyOf(hint.storage, hint.key);
  const Name name{hint.storage, TokenOf(hint_key)};
  if (Find(name) != nullptr) return;
  ++created_;
  Record(hint, name.token,
         {.digest = record.digest,
          .timestamp = record.timestamp,
          .bytes = record.meta.size() + record.value.size() + hint_key.size() +
                   kRecordOverheadBytes,
          .counted = hint.counted});
}

void HintLog::Abandon(const Name& name) {
  if (Find(name) != nullptr) Forget(name, Fate::kExpired);
}

void HintLog::SetPartlyDelivered(const Name& name) {
  Held* held = Find(name);
  if (held != nullptr) held->partly_delivered = true;
}

void HintLog::Record(const Hint& hint, uint64_t token, const Held& held) {
  Target& target = targets_[hint.storage];
  target.node = hint.target;
  const auto [entry, is_new] = target.hints.try_emplace(token, held);
  if (is_new) {
    ++held_;
  } else {
    target.bytes -= entry->second.bytes;
    entry->second = held;
  }
  target.bytes += held.bytes;
}

HintLog::Held* HintLog::Find(const Name& name) {
  const auto target = targets_.find(name.storage);
  if (target == targets_.end()) return nullptr;
  const auto hint = target->second.hints.find(name.token);
  return hint == target->second.hints.end() ? nullptr : &hint->second;
}

void HintLog::Forget(const Name& name, Fate fate) {
  const auto target = targets_.find(name.storage);
  ORRERY_INVARIANT(target != targets_.end());
  const auto hint = target->second.hints.find(name.token);
  ORRERY_INVARIANT(hint != target->second.hints.end());
  target->second.bytes -= hint->second.bytes;
  target->second.hints.erase(hint);
  if (target->second.hints.empty()) targets_.erase(target);
  --held_;
  switch (fate) {
    case Fate::kDelivered:
      ++delivered_;
      break;
    case Fate::kRedirected:
      ++redirected_;
      break;
    case Fate::kExpired:
      ++expired_;
      break;
  }
}

void HintLog::FillCounters(EngineCounters* counters) const {
  counters->hints_created = created_;
  counters->hints_delivered = delivered_;
  counters->hints_covered = covered_;
  counters->hints_redirected = redirected_;
  counters->hints_expired = expired_;
  counters->hints_held = held_;
}

uint64_t HintLog::StateDigest() const {
  Hasher hasher;
  for (const auto& [storage, target] : targets_) {
    hasher.Add(storage.hi);
    hasher.Add(storage.lo);
    for (const auto& [token, held] : target.hints) {
      hasher.Add(token);
      hasher.Add(held.digest);
      hasher.Add(held.partly_delivered);
      hasher.Add(held.erasing);
    }
  }
  hasher.Add(uint64_t{chains_.size()});
  hasher.Add(created_);
  return hasher.Value();
}

void HintLog::CheckInvariants() const {
  ORRERY_INVARIANT(created_ == delivered_ + covered_ + redirected_ + expired_ +
                                   held_);  // HINT-1
  uint64_t held = 0;
  for (const auto& [storage, target] : targets_) {
    held += target.hints.size();
    ORRERY_INVARIANT(!target.hints.empty());
  }
  ORRERY_INVARIANT(held == held_);
}

}  // namespace orrery
