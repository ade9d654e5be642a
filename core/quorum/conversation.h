// core/quorum/conversation.h
//
// What every conversation of this room is given, and what it asks of this
// node's own rooms.  A coordinator never calls the store: it says what it
// wants as data, CoordinatorRoom carries it there, and the outcome comes back
// by ticket like an answer of any other owner.

#ifndef ORRERY_CORE_QUORUM_CONVERSATION_H_
#define ORRERY_CORE_QUORUM_CONVERSATION_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/hint/hint_log.h"
#include "core/protocol/client.h"
#include "core/protocol/counters.h"
#include "core/protocol/effects.h"
#include "core/protocol/member.h"
#include "core/protocol/options.h"
#include "core/protocol/turn.h"
#include "core/quorum/answer_times.h"
#include "core/quorum/put_tally.h"
#include "core/replica/replica_reader.h"
#include "core/replica/replica_writer.h"
#include "core/ring/preference_list.h"
#include "core/ring/routing_view.h"

namespace orrery {

// What this node holds of a key in hints for its owners.
struct HintReadRequest {
  Ticket ticket;
  std::string key;
  ORRERY_FIELDS(ticket, key)
};

struct LocalWork {
  std::vector<MintRequest> mints;
  std::vector<MergeRequest> merges;
  std::vector<ReadRequest> reads;
  std::vector<HintReadRequest> hint_reads;
  std::vector<HintLog::Add> hints;
  ORRERY_FIELDS(mints, merges, reads, hint_reads, hints)
};

// Lives for one handler of the room.
struct Conversation {
  Turn& turn;
  const EngineOptions& options;
  const RoutingView& routing;
  ClusterId cluster;
  LocalWork& local;
  EngineCounters& counters;
  AnswerTimes& answer_times;

  Instant now() const { return turn.now(); }
  void Mark(std::string_view literal) { turn.effects.Mark(literal); }
};

// Whom the outcome is told: a client of this node, or the node that forwarded
// the client's request.
struct ReplyPath {
  Handle client;       // None: the request was forwarded.
  Endpoint forwarder;  // Where it came from,
  Handle request;      // and the handle it expects back.
  ORRERY_FIELDS(client, forwarder, request)
};

void Answer(const ReplyPath& path, ClientReply reply, const Promise& promise,
            Conversation& here);

// The owner sets that are active for `key`, with what `level` requires of
// each.  Empty if there is no ring or nobody owns the key.
QuorumSets ActiveSets(std::string_view key, const Level& level,
                      uint32_t configured, const RoutingView& routing);

// All owners of all sets, each once, in preference order.
PreferenceList OwnersOf(const QuorumSets& sets);

bool IsSelf(const Owner& owner, const RoutingView& routing);

// This node may coordinate the key: a ready owner of it (semantics W2).
bool CoordinatesHere(std::string_view key, const RoutingView& routing);

// Owners that can be contacted, best first: this node, then those believed
// alive, then suspects; each group in preference order.  The dead and the
// disconnected are left out (R1).
PreferenceList ReachableOwners(const QuorumSets& sets,
                               const RoutingView& routing);

}  // namespace orrery

#endif  // ORRERY_CORE_QUORUM_CONVERSATION_H_
