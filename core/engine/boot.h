// core/engine/boot.h
//
// Boot brings one process start from an unopened data directory to a recovered
// node, and back down again on a stop:
//
//   directory (lock, IDENTITY with a raised generation, RING)
//     -> membership speaks, both stores recover
//     -> recovered: IDENTITY says so, actor set, repair and hint replay begin
//   stop -> requests drain, stores sealed -> IDENTITY marked clean -> stopped
//
// It draws every random value of the process from the 32 bytes of the start
// event, one stream per purpose.
//
// It does not know how a file is recovered or a ring formed: it only orders
// the rooms.  Invariant BOOT-1: no packet leaves before the generation that it
// carries is synced (membership section 3).
//
// Threading: engine thread.

#ifndef ORRERY_CORE_ENGINE_BOOT_H_
#define ORRERY_CORE_ENGINE_BOOT_H_

#include <cstdint>
#include <string>

#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/protocol/event.h"
#include "core/protocol/turn.h"

namespace orrery {

class Rooms;

class Boot {
 public:
  enum class Phase : uint8_t {
    kNew = 1,
    kDirectory = 2,
    kStores = 3,
    kRecovered = 4,
    kDraining = 5,  // Stopping: requests in flight are answered.
    kClosing = 6,   // Stopping: the stores seal and sync.
    kMarking = 7,   // Stopping: IDENTITY is marked clean.
    kStopped = 8,
    kFailed = 9,
  };

  void OnStart(const StartEvent& start, Rooms& rooms, Turn& turn);
  void OnStop(Rooms& rooms, Turn& turn);
  // IDENTITY says that this stop was clean.
  void OnMarkedClean(Turn& turn);
  void OnDrainDeadline(Rooms& rooms, Turn& turn);
  // A room changed: goes on as far as it can.
  void Advance(Rooms& rooms, Turn& turn);
  void Fail(std::string text, int exit_code, Turn& turn);

  // What MarkClean is called with; every other token is the membership room's.
  static constexpr uint64_t kMarkCleanToken = ~uint64_t{0};

  Phase phase() const { return phase_; }
  bool IsRecovered() const { return phase_ == Phase::kRecovered; }
  // Identity is known and synced: packets may leave (BOOT-1).
  bool HasIdentity() const { return has_identity_; }
  uint64_t boot_salt() const { return boot_salt_; }
  const std::string& failure() const { return failure_; }

  ORRERY_FIELDS(phase_, has_identity_, noted_, start_, boot_salt_, failure_)

 private:
  // In IDENTITY.
  enum class Noted : uint8_t { kNothing = 0, kRecovery = 1, kDoubt = 2 };

  void OpenStores(Rooms& rooms, Turn& turn);
  void FinishRecovery(Rooms& rooms, Turn& turn);
  void NoteDoubt(Rooms& rooms, Turn& turn);
  void CloseStores(Rooms& rooms, Turn& turn);
  void FinishStop(Turn& turn);

  Phase phase_ = Phase::kNew;
  bool has_identity_ = false;
  Noted noted_ = Noted::kNothing;
  StartEvent start_;
  uint64_t boot_salt_ = 0;
  std::string failure_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_ENGINE_BOOT_H_
