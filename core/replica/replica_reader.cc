#include "core/replica/replica_reader.h"

#include <algorithm>
#include <utility>

#include "core/base/hash.h"
#include "core/base/invariant.h"
#include "core/version/object_codec.h"
#include "core/version/object_merge.h"

namespace orrery {

namespace {

ReplicaStatus StatusOfGet(StoreStatus status) {
  switch (status) {
    case StoreStatus::kOk:
    case StoreStatus::kDeleted:
    case StoreStatus::kNotFound:
      return ReplicaStatus::kOk;
    case StoreStatus::kCorrupt:
    case StoreStatus::kCollisions:
      return ReplicaStatus::kCorrupt;
    case StoreStatus::kBusy:
      return ReplicaStatus::kBusy;
    case StoreStatus::kClosed:
      return ReplicaStatus::kNotReady;
    case StoreStatus::kFull:
    case StoreStatus::kReadOnly:
    case StoreStatus::kTooLarge:
    case StoreStatus::kConflict:
    case StoreStatus::kUnknown:
      return ReplicaStatus::kReadError;
  }
  ORRERY_UNREACHABLE("a status no store has");
}

// What the record holds, or kCorrupt if it is no object.
void DecodeInto(const StoreReply& reply, ReadOutcome* outcome) {
  std::optional<Object> object = DecodeObject(reply.meta.view(), reply.value);
  if (!object.has_value()) {
    outcome->status = ReplicaStatus::kCorrupt;
    return;
  }
  outcome->digest = reply.digest;
  switch (outcome->depth) {
    case ReadDepth::kDigest:
      return;
    case ReadDepth::kVersions:
      outcome->object = WithoutValues(*object);
      return;
    case ReadDepth::kObject:
      outcome->object = *std::move(object);
      return;
  }
}

}  // namespace

ReplicaReader::ReplicaReader(Store& store, const Limits& limits)
    : store_(store), open_(limits.store_reads_max) {}

void ReplicaReader::Read(const ReadRequest& request, Turn& turn) {
  if (request.depth == ReadDepth::kDigest && store_.IsOpen()) {
    const Store::Peek peek = store_.PeekEntry(request.key);
    if (peek.kind != Store::Peek::Kind::kUnsure) {
      ready_.push_back({.ticket = request.ticket,
                        .suspect = store_.IsSuspect(),
                        .depth = request.depth,
                        .digest = peek.digest,
                        .top_stamp = peek.timestamp});
      return;
    }
  }
  const Handle handle = TryOpen(request.ticket, request.depth);
  if (handle.IsNone()) return;
  store_.Get({TicketOwner::kReplicaReader, 0, handle}, request.key, turn);
}

void ReplicaReader::ReadAt(const Ticket& ticket, uint64_t token,
                           uint64_t digest, Turn& turn) {
  const Handle handle = TryOpen(ticket, ReadDepth::kObject);
  if (handle.IsNone()) return;
  store_.GetAt({TicketOwner::kReplicaReader, 0, handle}, token, digest, turn);
}

void ReplicaReader::OnStoreReply(const StoreReply& reply, Turn& turn) {
  const Open* open = open_.Find(reply.ticket.handle);
  ORRERY_INVARIANT(open != nullptr);
  ReadOutcome outcome{.ticket = open->ticket,
                      .status = StatusOfGet(reply.status),
                      .suspect = reply.suspect,
                      .doubted = reply.suspect && !store_.IsSuspect(),
                      .depth = open->depth,
                      .top_stamp = std::max(reply.timestamp, reply.lost_stamp),
                      .key = reply.key};
  open_.Destroy(reply.ticket.handle);
  if (outcome.status == ReplicaStatus::kOk &&
      reply.status != StoreStatus::kNotFound) {
    DecodeInto(reply, &outcome);
  }
  if (outcome.status == ReplicaStatus::kCorrupt) {
    turn.effects.Mark("replica.record_unreadable");
  }
  ready_.push_back(std::move(outcome));
}

uint64_t ReplicaReader::StateDigest() const {
  Hasher hasher;
  hasher.Add(open_.size());
  hasher.Add(static_cast<uint64_t>(ready_.size()));
  return hasher.Value();
}

Handle ReplicaReader::TryOpen(const Ticket& ticket, ReadDepth depth) {
  if (store_.IsOpen() && !open_.IsFull()) {
    return open_.Create(Open{.ticket = ticket, .depth = depth});
  }
  ready_.push_back({.ticket = ticket,
                    .status = store_.IsOpen() ? ReplicaStatus::kBusy
                                              : ReplicaStatus::kNotReady,
                    .depth = depth});
  return {};
}

}  // namespace orrery
