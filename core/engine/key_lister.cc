#include "core/engine/key_lister.h"

#include <algorithm>
#include <limits>

#include "core/base/coding.h"
#include "core/base/total_order.h"
#include "core/ring/token.h"

namespace orrery {

namespace {

// The cursor is the token up to which all keys are listed.
constexpr size_t kCursorBytes = 8;

Bytes EncodeCursor(uint64_t after) {
  std::byte* data = nullptr;
  Bytes cursor = Bytes::Allocate(kCursorBytes, &data);
  StoreU64(data, after);
  return cursor;
}

}  // namespace

void KeyLister::OnRequest(const ClientRequest& request, Store& store,
                          Turn& turn) {
  if (!request.cursor.empty() && request.cursor.size() != kCursorBytes) {
    turn.effects.Reply(request.client,
                       Refused{.why = Refused::Why::kBadCursor});
    return;
  }
  if (pages_.IsFull()) {  // LIST-1
    turn.effects.Reply(request.client,
                       Refused{.why = Refused::Why::kOverloaded});
    return;
  }
  const Handle handle = pages_.Create();
  Page& page = *pages_.Find(handle);
  page.client = request.client;
  page.limit = request.limit;
  page.prefix = request.prefix;
  if (!request.cursor.empty()) {
    page.after = LoadU64(request.cursor.data());
    page.from_start = false;
  }
  turn.timers.Arm(TimerKind::kListDeadline, handle, turn.now() + page_timeout_);
  NextBatch(handle, page, store, turn);
}

void KeyLister::OnStoreReply(const StoreReply& reply, Store& store,
                             Turn& turn) {
  Page* page = pages_.Find(reply.ticket.handle);
  if (page == nullptr) return;  // Given up by its deadline.
  ORRERY_INVARIANT(page->reads_open > 0);
  --page->reads_open;
  if (reply.status == StoreStatus::kOk && !reply.deleted &&
      std::string_view(reply.key).starts_with(page->prefix)) {
    page->found.emplace_back(TokenOf(reply.key), reply.key);
  }
  if (page->reads_open != 0) return;
  FinishBatch(*page);
  const bool full = page->keys.size() >= page->limit;
  if (full || page->reached_end || page->looked_at >= kEntriesPerPageMax) {
    Finish(reply.ticket.handle, *page, turn);
    return;
  }
  NextBatch(reply.ticket.handle, *page, store, turn);
}

void KeyLister::OnDeadline(Handle handle, Turn& turn) {
  Page* page = pages_.Find(handle);
  if (page == nullptr) return;
  turn.effects.Reply(page->client, Refused{.why = Refused::Why::kOverloaded});
  pages_.Destroy(handle);
}

void KeyLister::NextBatch(Handle handle, Page& page, Store& store, Turn& turn) {
  const uint64_t last = std::numeric_limits<uint64_t>::max();
  while (!page.reached_end) {
    const size_t wanted =
        std::min<size_t>(page.limit - page.keys.size(), kReadsAtOnceMax);
    std::vector<Store::Entry> entries;
    uint64_t next = last;
    // (max, max] means the whole ring, in order from token 0.
    const uint64_t after = page.from_start ? last : page.after;
    const bool done = page.from_start || page.after != last
                          ? store.Walk(after, last, wanted, &entries, &next)
                          : true;
    page.from_start = false;
    page.reached_end = done;
    page.after = done ? last : next;
    page.looked_at += static_cast<uint32_t>(entries.size());
    for (const Store::Entry& entry : entries) {
      if (entry.tombstone) continue;
      ++page.reads_open;
    }
    if (page.reads_open == 0) continue;  // Tombstones only, or nothing.
    for (const Store::Entry& entry : entries) {
      if (entry.tombstone) continue;
      store.GetAt({TicketOwner::kKeyLister, 0, handle}, entry.token,
                  entry.digest, turn);
    }
    return;
  }
  Finish(handle, page, turn);
}

void KeyLister::FinishBatch(Page& page) {
  Sort(page.found.begin(), page.found.end());
  for (auto& [token, key] : page.found) page.keys.push_back(std::move(key));
  page.found.clear();
}

void KeyLister::Finish(Handle handle, Page& page, Turn& turn) {
  KeysPage answer;
  answer.keys = std::move(page.keys);
  if (!page.reached_end) answer.cursor = EncodeCursor(page.after);
  turn.effects.Reply(page.client, std::move(answer));
  turn.timers.Cancel(TimerKind::kListDeadline, handle);
  pages_.Destroy(handle);
}

}  // namespace orrery
