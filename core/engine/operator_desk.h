// core/engine/operator_desk.h
//
// OperatorDesk takes what an operator asks of this node's storage
// (IsForStorage).  It needs a node that has recovered and no ring: an operator
// may want space on a node that nobody serves through.
//
// A compaction is answered in the step that brings it; what it started goes on,
// and /admin/stats shows how far it is.  A snapshot is answered when it is
// durable, or has failed, or this node stops.
//
// Threading: engine thread.

#ifndef ORRERY_CORE_ENGINE_OPERATOR_DESK_H_
#define ORRERY_CORE_ENGINE_OPERATOR_DESK_H_

#include <optional>

#include "core/protocol/client.h"
#include "core/protocol/turn.h"
#include "core/storage/snapshot_job.h"

namespace orrery {

class Rooms;

class OperatorDesk {
 public:
  static void OnRequest(const ClientRequest& request, Rooms& rooms, Turn& turn);
  static void OnSnapshot(const SnapshotJob::Report& report, Turn& turn);

 private:
  static std::optional<Refused::Why> WhyNot(const Rooms& rooms);
};

}  // namespace orrery

#endif  // ORRERY_CORE_ENGINE_OPERATOR_DESK_H_
