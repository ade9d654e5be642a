// core/engine/key_lister.h
//
// KeyLister answers one page of the keys that this node holds: in ring-token
// order, ties by key bytes, tombstones left out (CONTRACT section 3).  The
// index has no key bytes, so every listed key costs one read of its record.
//
// A page ends at `limit` keys or after kEntriesPerPageMax entries, whichever
// comes first, so that a rare prefix over a large store costs many short pages
// and never one endless request.  The cursor is the last position looked at.
//
// Invariants:
//   LIST-1  At most kPagesMax pages are open; beyond, kOverloaded.
//   LIST-2  Each page is answered exactly once, by its deadline.
//
// Threading: engine thread.

#ifndef ORRERY_CORE_ENGINE_KEY_LISTER_H_
#define ORRERY_CORE_ENGINE_KEY_LISTER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/fields.h"
#include "core/base/pool.h"
#include "core/base/time.h"
#include "core/protocol/client.h"
#include "core/protocol/turn.h"
#include "core/storage/store.h"

namespace orrery {

class KeyLister {
 public:
  static constexpr uint32_t kPagesMax = 16;
  static constexpr uint32_t kEntriesPerPageMax = 20000;
  static constexpr uint32_t kReadsAtOnceMax = 256;

  explicit KeyLister(Duration page_timeout)
      : page_timeout_(page_timeout), pages_(kPagesMax) {}

  void OnRequest(const ClientRequest& request, Store& store, Turn& turn);
  void OnStoreReply(const StoreReply& reply, Store& store, Turn& turn);
  void OnDeadline(Handle handle, Turn& turn);
  bool IsIdle() const { return pages_.empty(); }

  ORRERY_FIELDS(pages_)

 private:
  struct Page {
    Handle client;
    uint32_t limit = 0;
    std::string prefix;
    uint64_t after = 0;      // Tokens up to here are done.
    bool from_start = true;  // `after` is not yet a position.
    bool reached_end = false;
    uint32_t looked_at = 0;
    uint32_t reads_open = 0;
    std::vector<std::pair<uint64_t, std::string>> found;  // This batch.
    std::vector<std::string> keys;
    ORRERY_FIELDS(client, limit, prefix, after, from_start, reached_end,
                  looked_at, reads_open, found, keys)
  };

  void NextBatch(Handle handle, Page& page, Store& store, Turn& turn);
  void FinishBatch(Page& page);
  void Finish(Handle handle, Page& page, Turn& turn);

  Duration page_timeout_;
  Pool<Page> pages_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_ENGINE_KEY_LISTER_H_
