#include "core/repair/sync_answerer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/invariant.h"
#include "core/base/total_order.h"

namespace orrery {

namespace {

// Tokens of what `a` has and `b` lacks or holds otherwise; both sorted.
std::vector<uint64_t> TokensOnlyIn(const std::vector<KeyDigest>& a,
                                   const std::vector<KeyDigest>& b) {
  std::vector<KeyDigest> only;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(),
                      std::back_inserter(only));
  std::vector<uint64_t> tokens;
  tokens.reserve(only.size());
  for (const KeyDigest& one : only) tokens.push_back(one.token);
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  return tokens;
}

uint64_t BytesOf(const Object& object) {
  uint64_t bytes = 0;
  for (const Sibling& sibling : object.siblings) bytes += sibling.value.size();
  return bytes;
}

}  // namespace

SyncAnswerer::SyncAnswerer(const SyncWiring& wiring)
    : wiring_(wiring), fetches_(kFetchesMax) {}

void SyncAnswerer::OnRoots(const Envelope& from, const SyncRoots& roots,
                           Turn& turn) {
  SyncRootsAck ack{
      .session = roots.session,
      .status = Check(from),
      .suspect = wiring_.store.IsSuspect() || wiring_.store.HasKeysInDoubt()};
  if (ack.status == ReplicaStatus::kOk) {
    for (const RangeRoot& theirs : roots.roots) {
      const auto* ours = wiring_.digests.Find(theirs.range_end);
      if (ours == nullptr) continue;
      if (ours->root != theirs.root) ack.differing.push_back(theirs.range_end);
    }
  }
  turn.effects.Send(from.reply_to, std::move(ack));
}

void SyncAnswerer::OnKeys(const Envelope& from, const SyncKeys& keys,
                          Turn& turn) {
  SyncKeysAck ack{.session = keys.session,
                  .status = Check(from),
                  .range_end = keys.range_end,
                  .upto = keys.upto};
  const bool empty = keys.after == keys.upto && !keys.whole_range;
  if (ack.status == ReplicaStatus::kOk &&
      (empty || wiring_.digests.Find(keys.range_end) == nullptr)) {
    ack.status = ReplicaStatus::kNotReady;
  }
  if (ack.status == ReplicaStatus::kOk) Compare(keys, &ack);
  turn.effects.Send(from.reply_to, std::move(ack));
}

void SyncAnswerer::Compare(const SyncKeys& keys, SyncKeysAck* ack) const {
  // Twice what an opener sends at once: seldom is the chunk cut short here.
  const size_t max = 2 * size_t{wiring_.options.limits.sync_items_max};
  std::vector<Store::Entry> entries;
  wiring_.store.Walk(keys.after, keys.upto, max, &entries, &ack->upto);
  std::vector<KeyDigest> ours;
  ours.reserve(entries.size());
  for (const Store::Entry& entry : entries) {
    ours.push_back({entry.token, entry.digest});
  }
  std::vector<KeyDigest> theirs;
  for (const KeyDigest& item : keys.items) {
    const bool in_chunk = ack->upto == keys.upto ||
                          Ring::Contains(item.token, keys.after, ack->upto);
    if (in_chunk) theirs.push_back(item);
  }
  Sort(ours.begin(), ours.end());
  Sort(theirs.begin(), theirs.end());
  ack->want = TokensOnlyIn(theirs, ours);
  ack->have = TokensOnlyIn(ours, theirs);
}

void SyncAnswerer::OnFetch(const Envelope& from, const SyncFetch& fetch,
                           Turn& turn) {
  ReplicaStatus status = Check(from);
  const bool too_many =
      fetch.tokens.size() > wiring_.options.limits.sync_items_max;
  if (status == ReplicaStatus::kOk && (fetches_.IsFull() || too_many)) {
    status = ReplicaStatus::kBusy;
  }
  if (status != ReplicaStatus::kOk || fetch.tokens.empty()) {
    turn.effects.Send(from.reply_to,
                      SyncObjects{.session = fetch.session, .status = status});
    return;
  }
  const Handle handle = fetches_.Create();
  Fetch& open = *fetches_.Find(handle);
  open.to = from.reply_to;
  open.answer.session = fetch.session;
  for (const uint64_t token : fetch.tokens) {
    std::vector<Store::Entry> entries;
    uint64_t next = 0;
    wiring_.store.Walk(token - 1, token, SIZE_MAX, &entries, &next);
    if (entries.empty()) open.answer.unread.push_back(token);
    for (const Store::Entry& entry : entries) {
      open.entries.push_back({entry.token, entry.digest});
    }
  }
  Advance(handle, open, turn);
}

void SyncAnswerer::OnReadOutcome(const ReadOutcome& outcome, Turn& turn) {
  Fetch* fetch = fetches_.Find(outcome.ticket.handle);
  ORRERY_INVARIANT(fetch != nullptr);
  ORRERY_INVARIANT(fetch->reads_in_flight > 0);
  --fetch->reads_in_flight;
  if (outcome.status == ReplicaStatus::kOk && !outcome.object.IsEmpty()) {
    fetch->bytes += BytesOf(outcome.object);
    fetch->answer.objects.push_back({outcome.key, outcome.object});
  } else {
    const uint32_t index = outcome.ticket.part - kSyncAnswererPart;
    fetch->answer.unread.push_back(fetch->entries[index].token);
  }
  Advance(outcome.ticket.handle, *fetch, turn);
}

ReplicaStatus SyncAnswerer::Check(const Envelope& from) const {
  const Ring* ring = wiring_.routing.ring();
  if (ring == nullptr) return ReplicaStatus::kNotReady;
  if (from.epoch > ring->epoch()) return ReplicaStatus::kRingBehind;
  if (from.epoch < ring->epoch()) return ReplicaStatus::kStaleRing;
  if (from.ring_hash != ring->hash()) return ReplicaStatus::kStaleRing;
  if (!wiring_.store.IsOpen()) return ReplicaStatus::kNotReady;
  return ReplicaStatus::kOk;
}

void SyncAnswerer::Advance(Handle handle, Fetch& fetch, Turn& turn) {
  const uint64_t bytes_max = wiring_.options.limits.sync_bytes_max;
  while (fetch.next < fetch.entries.size() &&
         fetch.reads_in_flight < kFetchReadsMax && fetch.bytes < bytes_max) {
    const KeyDigest& entry = fetch.entries[fetch.next];
    const uint32_t part = kSyncAnswererPart + fetch.next;
    ++fetch.next;
    ++fetch.reads_in_flight;
    wiring_.reader.ReadAt({TicketOwner::kSyncSession, part, handle},
                          entry.token, entry.digest, turn);
  }
  if (fetch.reads_in_flight != 0) return;
  turn.effects.Send(fetch.to, std::move(fetch.answer));
  fetches_.Destroy(handle);
}

}  // namespace orrery
