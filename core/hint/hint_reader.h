// core/hint/hint_reader.h
//
// HintReader answers what this node, as a stand-in, holds of a key for its
// owners: the merged object of all hints of the key, for sloppy reads
// (semantics H2).  It changes nothing and knows no ring.
//
// Invariants:
//   HRD-1  Each read has one outcome; a hint that cannot be read makes it
//          kReadError, never "nothing".
//   HRD-2  At most kHintReadsMax reads are open; beyond, kBusy.
//
// Threading: engine thread.  Cost: a look at the index for each owner, and a
// disk read for each hint.

#ifndef ORRERY_CORE_HINT_HINT_READER_H_
#define ORRERY_CORE_HINT_HINT_READER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fields.h"
#include "core/base/pool.h"
#include "core/base/ready_list.h"
#include "core/protocol/message.h"
#include "core/protocol/object.h"
#include "core/protocol/turn.h"
#include "core/ring/preference_list.h"
#include "core/storage/store.h"

namespace orrery {

// Sloppy reads are rare, and each holds one object.
inline constexpr uint32_t kHintReadsMax = 1024;

struct HintRead {
  Ticket ticket;
  ReplicaStatus status = ReplicaStatus::kOk;
  Object object;  // Empty: no hint of the key is held.
  ORRERY_FIELDS(ticket, status, object)
};

class HintReader {
 public:
  explicit HintReader(Store& hints) : hints_(hints), open_(kHintReadsMax) {}

  // REQUIRES: the hints store is open.
  void Read(const Ticket& ticket, const PreferenceList& owners,
            std::string_view key, Turn& turn);
  // REQUIRES: IsReplyToRead(reply.ticket).
  void OnStoreReply(const StoreReply& reply, Turn& turn);
  std::vector<HintRead>& TakeReads() { return ready_.Take(); }

  // It shares the ticket owner kHintLog with the log.
  static bool IsReplyToRead(const Ticket& ticket) {
    return ticket.part == kTicketPart;
  }

  bool IsIdle() const { return open_.empty(); }

  ORRERY_FIELDS(open_, ready_)

 private:
  static constexpr uint32_t kTicketPart = 1;

  struct Open {
    std::vector<std::string> hint_keys;  // Still to be read.
    HintRead outcome;
    ORRERY_FIELDS(hint_keys, outcome)
  };

  void ReadNext(Handle handle, Open& open, Turn& turn);

  Store& hints_;
  Pool<Open> open_;
  ReadyList<HintRead> ready_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_HINT_HINT_READER_H_
