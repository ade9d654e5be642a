#include "core/replica/replica_writer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/crc32c.h"
#include "core/base/hash.h"
#include "core/base/invariant.h"
#include "core/protocol/limits.h"
#include "core/version/object_codec.h"
#include "core/version/object_merge.h"
#include "core/version/version_vector.h"

namespace orrery {

namespace {

// Ticket::part of what the store is asked.
constexpr uint32_t kReadPart = 0;
constexpr uint32_t kPutPart = 1;

ReplicaStatus StatusOfStore(StoreStatus status) {
  switch (status) {
    case StoreStatus::kOk:
    case StoreStatus::kNotFound:
    case StoreStatus::kDeleted:
      return ReplicaStatus::kOk;
    case StoreStatus::kCorrupt:
    case StoreStatus::kCollisions:
      return ReplicaStatus::kCorrupt;
    case StoreStatus::kFull:
    case StoreStatus::kTooLarge:
      return ReplicaStatus::kFull;
    case StoreStatus::kReadOnly:
      return ReplicaStatus::kReadOnly;
    case StoreStatus::kBusy:
    case StoreStatus::kConflict:
      return ReplicaStatus::kBusy;
    case StoreStatus::kUnknown:
      return ReplicaStatus::kUnknown;
    case StoreStatus::kClosed:
      return ReplicaStatus::kNotReady;
  }
  ORRERY_UNREACHABLE("a status no store has");
}

const Ticket& TicketOf(const std::variant<MintRequest, MergeRequest>& work) {
  if (const auto* mint = std::get_if<MintRequest>(&work)) return mint->ticket;
  return std::get<MergeRequest>(work).ticket;
}

const std::string& KeyOf(const std::variant<MintRequest, MergeRequest>& work) {
  if (const auto* mint = std::get_if<MintRequest>(&work)) return mint->key;
  return std::get<MergeRequest>(work).key;
}

bool MustSync(const std::variant<MintRequest, MergeRequest>& work) {
  const auto* merge = std::get_if<MergeRequest>(&work);
  return merge != nullptr && merge->must_sync;
}

bool IsMergeable(const Object& object) {
  return !object.vv.entries.empty() && IsWellFormed(object) &&
         ChecksumsHold(object);
}

// M9.  What the context covers makes room; metadata does not shrink by it, so
// who has seen the key goes on.
bool IsFullFor(const MintRequest& mint, const Object& object) {
  if (!mint.seen.has_value()) return IsFull(object) || IsMetaFull(object);
  return IsFull(object) && IsFull(Without(object, mint.seen->vv));
}

const Sibling* FindOperation(const Object& object, OperationId operation) {
  if (operation.IsZero()) return nullptr;
  const auto it = std::find_if(
      object.siblings.begin(), object.siblings.end(),
      [&](const Sibling& one) { return one.operation == operation; });
  return it == object.siblings.end() ? nullptr : &*it;
}

}  // namespace

ReplicaWriter::ReplicaWriter(Store& store, HybridClock& clock,
                             const Limits& limits, Duration skew_bound)
    : store_(store),
      clock_(clock),
      skew_bound_(skew_bound),
      writes_max_(limits.client_requests_max + limits.peer_requests_max),
      chains_(writes_max_) {}

void ReplicaWriter::SetActor(const Actor& actor) {
  actor_ = actor;
  counter_ = 0;
}

void ReplicaWriter::Mint(MintRequest request, Turn& turn) {
  Submit(std::move(request), turn);
}

void ReplicaWriter::Merge(MergeRequest request, Turn& turn) {
  if (!IsMergeable(request.object)) {
    turn.effects.Mark("replica.merge_malformed");
    ready_.push_back(
        {.ticket = request.ticket, .status = ReplicaStatus::kCorrupt});
    return;
  }
  if (turn.cluster.known) {
    clock_.Observe(TopStamp(request.object), turn.cluster_wall(), skew_bound_);
  }
  Submit(std::move(request), turn);
}

void ReplicaWriter::OnStoreReply(const StoreReply& reply, Turn& turn) {
  const Handle handle = reply.ticket.handle;
  Chain* chain = chains_.Find(handle);
  ORRERY_INVARIANT(chain != nullptr);
  if (reply.ticket.part == kReadPart) {
    OnRead(handle, *chain, reply, turn);
  } else {
    OnPut(handle, *chain, reply, turn);
  }
}

uint64_t ReplicaWriter::StateDigest() const {
  Hasher hasher;
  if (actor_.has_value()) {
    hasher.Add(actor_->storage);
    hasher.Add(actor_->generation);
  }
  hasher.Add(counter_);
  hasher.Add(held_);
  hasher.Add(chains_.size());
  hasher.Add(static_cast<uint64_t>(ready_.size()));
  return hasher.Value();
}

void ReplicaWriter::CheckInvariants() const {
  ORRERY_INVARIANT(held_ <= writes_max_);  // WRT-3
  ORRERY_INVARIANT(chains_.size() <= held_);
  ORRERY_INVARIANT(by_key_.size() == chains_.size());  // WRT-1
}

void ReplicaWriter::Submit(Work work, Turn& turn) {
  if (!store_.IsOpen() || held_ == writes_max_) {
    ready_.push_back({.ticket = TicketOf(work),
                      .status = store_.IsOpen() ? ReplicaStatus::kBusy
                                                : ReplicaStatus::kNotReady});
    return;
  }
  ++held_;
  if (const Handle* queue = by_key_.Find(KeyOf(work))) {
    chains_.Find(*queue)->waiting.push_back(std::move(work));
    turn.effects.Mark("replica.write_queued");
    return;
  }
  const Handle handle = chains_.Create();
  Chain& chain = *chains_.Find(handle);
  chain.key = KeyOf(work);
  chain.waiting.push_back(std::move(work));
  by_key_.Insert(chain.key, handle);
  Start(handle, chain, turn);
}

void ReplicaWriter::Start(Handle handle, Chain& chain, Turn& turn) {
  if (!store_.IsOpen()) {
    FailWaiting(handle, chain, ReplicaStatus::kNotReady, turn);
    return;
  }
  const Store::Peek peek = store_.PeekEntry(chain.key);
  if (peek.kind == Store::Peek::Kind::kAbsent) {
    Apply(handle, chain, {.seq = 0}, turn);
    return;
  }
  if (peek.kind == Store::Peek::Kind::kEntry && AnswerFromIndex(chain, peek)) {
    Release(handle, chain, ReplicaStatus::kOk, {}, turn);
    return;
  }
  store_.Get({TicketOwner::kReplicaWriter, kReadPart, handle}, chain.key, turn);
}

// Copies that are already here (duplicates, hints delivered twice) cost no
// read.  The index shows only what is as durable as acknowledgements promise.
bool ReplicaWriter::AnswerFromIndex(Chain& chain, const Store::Peek& peek) {
  const bool known = std::all_of(
      chain.waiting.begin(), chain.waiting.end(), [&](const Work& work) {
        const auto* merge = std::get_if<MergeRequest>(&work);
        return merge != nullptr && !merge->must_sync &&
               DigestOf(merge->object) == peek.digest;
      });
  if (!known) return false;
  chain.applied = std::exchange(chain.waiting, {});
  for (const Work& work : chain.applied) {
    chain.outcomes.push_back(
        {.ticket = TicketOf(work), .top_stamp = peek.timestamp});
  }
  return true;
}

void ReplicaWriter::OnRead(Handle handle, Chain& chain, const StoreReply& reply,
                           Turn& turn) {
  const ReplicaStatus status = StatusOfStore(reply.status);
  const bool answered =
      status == ReplicaStatus::kOk || status == ReplicaStatus::kCorrupt;
  if (!answered) {
    FailWaiting(handle, chain, status, turn);
    return;
  }
  Stored stored{.unreadable = status == ReplicaStatus::kCorrupt};
  stored.lost_stamp = reply.lost_stamp;
  stored.in_doubt = reply.suspect && !store_.IsSuspect();
  if (reply.status == StoreStatus::kOk ||
      reply.status == StoreStatus::kDeleted) {
    std::optional<Object> object = DecodeObject(reply.meta.view(), reply.value);
    stored.unreadable = !object.has_value();
    if (object.has_value()) {
      stored.object = *std::move(object);
      stored.digest = reply.digest;
      stored.seq = reply.seq;
    }
  }
  if (stored.unreadable) turn.effects.Mark("replica.record_unreadable");
  Apply(handle, chain, stored, turn);
}

void ReplicaWriter::OnPut(Handle handle, Chain& chain, const StoreReply& reply,
                          Turn& turn) {
  if (reply.status != StoreStatus::kConflict) {
    Release(handle, chain, StatusOfStore(reply.status),
            {.store = StoreId::kUser,
             .upto = reply.position,
             .level = reply.durability},
            turn);
    return;
  }
  // Someone else wrote: once more from the start, with new dots.
  turn.effects.Mark("replica.put_conflict");
  chain.outcomes.clear();
  Works again = std::exchange(chain.applied, {});
  std::move(chain.waiting.begin(), chain.waiting.end(),
            std::back_inserter(again));
  chain.waiting = std::move(again);
  Start(handle, chain, turn);
}

void ReplicaWriter::Apply(Handle handle, Chain& chain, const Stored& stored,
                          Turn& turn) {
  chain.applied = std::exchange(chain.waiting, {});
  Object object = stored.object;
  for (const Work& work : chain.applied) {
    chain.outcomes.push_back(ApplyOne(work, stored, &object, turn));
  }
  const bool changed = DigestOf(object) != stored.digest;
  const bool must_sync =
      std::any_of(chain.applied.begin(), chain.applied.end(), MustSync);
  if (object.IsEmpty() || (!changed && !must_sync)) {
    Release(handle, chain, ReplicaStatus::kOk, {}, turn);
    return;
  }
  if (object.siblings.size() > kSiblingsMax) {
    Release(handle, chain, ReplicaStatus::kFull, {}, turn);
    return;
  }
  EncodedObject encoded = EncodeObject(object);
  store_.Put({.ticket = {TicketOwner::kReplicaWriter, kPutPart, handle},
              .key = chain.key,
              .digest = encoded.digest,
              .meta = std::move(encoded.meta),
              .value = std::move(encoded.value),
              .timestamp = encoded.timestamp,
              .deleted = encoded.deleted,
              .if_seq = stored.seq,
              .must_sync = must_sync},
             turn);
}

WriteOutcome ReplicaWriter::ApplyOne(const Work& work, const Stored& stored,
                                     Object* object, Turn& turn) {
  if (const auto* merge = std::get_if<MergeRequest>(&work)) {
    *object = orrery::Merge(*object, merge->object);
    // What was lost here outranks it all the same: the coordinator tells.
    return {.ticket = merge->ticket,
            .top_stamp = std::max(TopStamp(*object), stored.lost_stamp)};
  }
  const auto& mint = std::get<MintRequest>(work);
  if (stored.unreadable || stored.in_doubt) {  // WRT-4
    return {.ticket = mint.ticket, .status = ReplicaStatus::kCorrupt};
  }
  return ApplyMint(mint, object, turn);
}

WriteOutcome ReplicaWriter::ApplyMint(const MintRequest& mint, Object* object,
                                      Turn& turn) {
  WriteOutcome outcome{.ticket = mint.ticket};
  if (const Sibling* held = FindOperation(*object, mint.operation)) {
    return Repeated({held->dot, held->stamp}, *object, outcome, turn);
  }
  // It was here, and a later write has seen it: minted again it would come
  // back.
  if (mint.minted.counter != 0 && Covers(object->vv, mint.minted)) {
    return Repeated({mint.minted, mint.proposed_stamp}, *object, outcome, turn);
  }
  if (mint.deadline.has_value() && turn.now() > *mint.deadline) {
    turn.effects.Mark("replica.mint_too_late");
    outcome.status = ReplicaStatus::kBusy;
    return outcome;
  }
  if (!turn.cluster.may_mint) {  // WRT-8
    turn.effects.Mark("replica.mint_without_time");
    outcome.status = ReplicaStatus::kNotReady;
    return outcome;
  }
  const SeenVersions seen = mint.seen.value_or(SeenVersions{});
  const Dot dot{actor_.value_or(Actor{}), counter_ + 1};
  if (!actor_.has_value() || Covers(seen.vv, dot) || Covers(object->vv, dot)) {
    // Somebody knows dots of this actor that it has not minted: an old disk.
    turn.effects.Mark("replica.mint_refused");
    outcome.status = ReplicaStatus::kNotReady;
    return outcome;
  }
  if (IsFullFor(mint, *object)) {  // WRT-7
    turn.effects.Mark("replica.too_many_siblings");
    outcome.status = ReplicaStatus::kTooManySiblings;
    outcome.object = *object;
    return outcome;
  }
  outcome.basis = std::max({seen.stamp, TopStamp(*object), mint.basis});
  if (std::max(outcome.basis, mint.proposed_stamp) >
      kStampMax - kStampHeadroom) {
    turn.effects.Mark("replica.stamps_exhausted");
    outcome.status = ReplicaStatus::kCorrupt;
    return outcome;
  }
  // M4 holds for a retry too, should it come with another context.
  const bool fixed = mint.retry && mint.proposed_stamp > seen.stamp;
  const bool within_bound = !fixed || !turn.cluster.is_sure ||
                            clock_.Accepts(mint.proposed_stamp, outcome.basis,
                                           turn.cluster_wall(), skew_bound_);
  if (!within_bound) {  // C2: this node receives it as others do.
    turn.effects.Mark("replica.retry_ahead");
    outcome.status = ReplicaStatus::kClockAhead;
    return outcome;
  }
  ++counter_;
  outcome.stamp = fixed ? mint.proposed_stamp
                        : clock_.Mint({.actor = *actor_,
                                       .basis = outcome.basis,
                                       .proposed = mint.proposed_stamp,
                                       .skew_bound = skew_bound_},
                                      turn.cluster_wall());
  *object = orrery::Mint(*object, seen.vv,
                         {.dot = dot,
                          .stamp = outcome.stamp,
                          .tombstone = mint.tombstone,
                          .keep = mint.keep,
                          .operation = mint.operation,
                          .checksum = Crc32c(mint.value.view()),
                          .value = mint.value});
  if (object->siblings.size() == kSiblingsWarned) {
    turn.effects.Mark("replica.many_siblings");
    turn.effects.notes.push_back({.kind = Note::Kind::kManySiblings,
                                  .number = object->siblings.size(),
                                  .text = mint.key});
  }
  outcome.dot = dot;
  outcome.top_stamp = TopStamp(*object);
  outcome.object = *object;
  return outcome;
}

// The object as it is goes to the others: whoever merges it has the version, or
// knows that it was replaced.
WriteOutcome ReplicaWriter::Repeated(const Known& known, const Object& object,
                                     WriteOutcome outcome, Turn& turn) {
  turn.effects.Mark("replica.operation_repeated");
  outcome.top_stamp = TopStamp(object);
  outcome.stamp = known.stamp;
  outcome.dot = known.dot;
  outcome.basis = TopStamp(object);  // Nothing in it is newly stamped.
  outcome.repeated = true;
  outcome.object = object;
  return outcome;
}

void ReplicaWriter::FailWaiting(Handle handle, Chain& chain,
                                ReplicaStatus status, Turn& turn) {
  chain.applied = std::exchange(chain.waiting, {});
  for (const Work& work : chain.applied) {
    chain.outcomes.push_back({.ticket = TicketOf(work)});
  }
  Release(handle, chain, status, {}, turn);
}

void ReplicaWriter::Release(Handle handle, Chain& chain, ReplicaStatus status,
                            const Promise& promise, Turn& turn) {
  for (WriteOutcome& outcome : chain.outcomes) {
    if (outcome.status == ReplicaStatus::kOk) {
      outcome.status = status;
      outcome.promise = promise;
      outcome.synced = promise.level == Durability::kSynced;
    }
    ready_.push_back(std::move(outcome));
  }
  held_ -= static_cast<uint32_t>(chain.applied.size());
  chain.applied.clear();
  chain.outcomes.clear();
  if (!chain.waiting.empty()) {
    Start(handle, chain, turn);
    return;
  }
  by_key_.Erase(chain.key);
  chains_.Destroy(handle);
}

}  // namespace orrery
