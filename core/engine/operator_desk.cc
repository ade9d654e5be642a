#include "core/engine/operator_desk.h"

#include <algorithm>

#include "core/base/invariant.h"
#include "core/engine/rooms.h"

namespace orrery {

namespace {

// Of both stores: what was started counts more than what ran already.
TaskAnswer Together(const TaskAnswer& a, const TaskAnswer& b) {
  return {.state = std::min(a.state, b.state),
          .files = a.files + b.files,
          .bytes = a.bytes + b.bytes};
}

Refused::Why WhyNoSnapshot(SnapshotJob::Report::Outcome outcome) {
  using Outcome = SnapshotJob::Report::Outcome;
  switch (outcome) {
    case Outcome::kBadName:
      return Refused::Why::kBadName;
    case Outcome::kExists:
      return Refused::Why::kNameTaken;
    case Outcome::kBusy:
      return Refused::Why::kSnapshotRunning;
    case Outcome::kFull:
      return Refused::Why::kDiskFull;
    case Outcome::kFailed:
      return Refused::Why::kDiskFailed;
    case Outcome::kStopping:
      return Refused::Why::kShuttingDown;
    case Outcome::kDone:
      break;
  }
  ORRERY_UNREACHABLE("a snapshot that did not fail");
}

}  // namespace

std::optional<Refused::Why> OperatorDesk::WhyNot(const Rooms& rooms) {
  if (rooms.boot.phase() > Boot::Phase::kRecovered) {
    return Refused::Why::kShuttingDown;
  }
  if (!rooms.boot.IsRecovered()) return Refused::Why::kNotReady;
  return std::nullopt;
}

void OperatorDesk::OnRequest(const ClientRequest& request, Rooms& rooms,
                             Turn& turn) {
  if (const auto why = WhyNot(rooms)) {
    return turn.effects.Reply(request.client, Refused{.why = *why});
  }
  switch (request.verb) {
    case ClientVerb::kCompact: {
      const TaskAnswer user = rooms.user_store.CompactAll(turn);
      const TaskAnswer hints = rooms.hint_store.CompactAll(turn);
      return turn.effects.Reply(request.client, Together(user, hints));
    }
    case ClientVerb::kScrub: {
      const TaskAnswer user = rooms.user_store.ScrubAll(turn);
      const TaskAnswer hints = rooms.hint_store.ScrubAll(turn);
      return turn.effects.Reply(request.client, Together(user, hints));
    }
    case ClientVerb::kSnapshot:
      return rooms.snapshots.Take(request.client, request.key, turn);
    case ClientVerb::kPut:
    case ClientVerb::kGet:
    case ClientVerb::kDelete:
    case ClientVerb::kListKeys:
    case ClientVerb::kInspectKey:
      break;
  }
  ORRERY_UNREACHABLE("a request that is no operator's");
}

void OperatorDesk::OnSnapshot(const SnapshotJob::Report& report, Turn& turn) {
  if (report.outcome != SnapshotJob::Report::Outcome::kDone) {
    return turn.effects.Reply(report.asker,
                              Refused{.why = WhyNoSnapshot(report.outcome)});
  }
  turn.effects.Reply(report.asker, SnapshotDone{.name = report.name,
                                                .path = report.path,
                                                .files = report.files,
                                                .bytes = report.bytes});
}

}  // namespace orrery
