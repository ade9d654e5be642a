// core/quorum/get_coordinator.h
//
// GetCoordinator is one GET in flight (semantics 4).  It asks the R best
// owners, one for the object and the others for digests; asks somebody else
// when one fails or is slow; and if the copies differ it fetches them, merges,
// and with R at a majority makes K owners hold the result before it answers.
//
//   kReading    fewer than R have answered, or copies differ and are fetched
//   kRepairing  merged; written back until K owners hold it
//   kDone
//
// It does not know the store and never decides which version wins: Merge does.
//
// Marks: get.local, get.digests_agree, get.digest_mismatch, get.fetch,
// get.spare, get.owner_failed, get.suspect_answer, get.write_back,
// get.owner_healed, get.repaired, get.repair_out_of_reach,
// get.repair_after_answer, get.out_of_reach, get.deadline, get.restarted,
// get.hinted_answer.
//
// Invariants:
//   GET-1  Answered exactly once, at the deadline at the latest.
//   GET-2  A value is shown only if R owners answered and, with R at a
//          majority, K hold what is shown.
//   GET-3  Not ready, damaged, in doubt or silent: never an answer (R7).
//
// Threading: engine thread.  Cost: O(owners) an event.

#ifndef ORRERY_CORE_QUORUM_GET_COORDINATOR_H_
#define ORRERY_CORE_QUORUM_GET_COORDINATOR_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"
#include "core/base/fields.h"
#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/client.h"
#include "core/protocol/message.h"
#include "core/protocol/object.h"
#include "core/quorum/conversation.h"
#include "core/quorum/get_tally.h"
#include "core/quorum/put_tally.h"

namespace orrery {

class GetCoordinator {
 public:
  struct Command {
    ReplyPath reply;
    std::string key;
    Level level;
    bool sloppy = false;
    Instant deadline;
    ORRERY_FIELDS(reply, key, level, sloppy, deadline)
  };

  explicit GetCoordinator(Blank) {}
  explicit GetCoordinator(Command command);

  void Start(Handle handle, Conversation& here);

  void OnReadOutcome(const ReadOutcome& outcome, Conversation& here);
  void OnGetAck(const Owner& from, const ReplicaGetAck& ack,
                Conversation& here);
  void OnWriteOutcome(const WriteOutcome& outcome, Conversation& here);
  void OnPutAck(const Owner& from, const ReplicaPutAck& ack,
                Conversation& here);
  void OnPeerLost(NodeId node, Conversation& here);
  void OnSpare(Conversation& here);
  void OnDeadline(Conversation& here);
  void OnRingInstalled(Conversation& here);

  bool IsDone() const { return phase_ == Phase::kDone; }
  const Command& command() const { return command_; }

  void AddTo(Hasher& hasher) const;
  void CheckInvariants() const;

  ORRERY_FIELDS(command_, handle_, phase_, sets_, tally_, slots_, differs_,
                merged_, merged_digest_, holders_, promise_)

 private:
  enum class Phase : uint8_t { kReading = 1, kRepairing = 2, kDone = 3 };
  enum class Asked : uint8_t {
    kNot = 0,
    kWaiting = 1,
    kAnswered = 2,
    kFailed = 3
  };
  enum class Written : uint8_t {
    kNot = 0,
    kWaiting = 1,
    kHolds = 2,
    kFailed = 3
  };
  struct Slot {
    Owner owner;
    NodeId node;  // Who is asked: the owner, or its stand-in (sloppy).
    Asked asked = Asked::kNot;
    ReadDepth depth = ReadDepth::kDigest;  // Last asked for.
    Instant asked_at;
    bool fetching = false;  // Answered a digest; asked for the object.
    bool suspect = false;
    bool wants_copy = false;  // Its record is lost, or it doubts this key.
    uint64_t digest = 0;
    std::optional<Object> object;
    Written written = Written::kNot;
    ORRERY_FIELDS(owner, node, asked, depth, asked_at, fetching, suspect,
                  wants_copy, digest, object, written)
    bool IsStandIn() const { return node != owner.node; }
  };
  struct Reply {
    ReplicaStatus status;
    ReadDepth depth;
    bool suspect;
    bool doubted;
    uint64_t digest;
    const Object& object;
  };

  void Plan(Conversation& here);
  void AddStandIns(Conversation& here);
  void Ask(Slot& slot, ReadDepth depth, Conversation& here);
  bool AskNext(ReadDepth depth, Conversation& here);
  ReadDepth NextDepth() const;
  void OnReply(Slot& slot, const Reply& reply, Conversation& here);
  void FailSlot(Slot& slot);
  void Advance(Conversation& here);
  void AdvanceReading(Conversation& here);
  void AskUntilEnough(Conversation& here);
  void FetchOne(Conversation& here);
  void FetchMissing(Conversation& here);
  GetTally WholeAnswers() const;
  const Object* ObjectWith(uint64_t digest) const;
  void MergeAnswers();
  void RepairAfterAnswer(Conversation& here);
  void StartRepair(Conversation& here);
  void AdvanceRepair(Conversation& here);
  void WriteBack(Slot& slot, Conversation& here);
  void HealOwners(const Object& object, Conversation& here);
  bool WriteBackToNext(Conversation& here);
  bool FetchElsewhere(Conversation& here);
  static bool CanBeFetched(const Slot& slot);
  void ArmSpare(Conversation& here);
  void AnswerWith(const Object& object, Conversation& here);
  void Refuse(Conversation& here);
  Slot* SlotOf(const Owner& owner);
  Slot* SlotAskedOf(NodeId node);

  Command command_;
  Handle handle_;
  Phase phase_ = Phase::kReading;
  QuorumSets sets_;
  std::optional<GetTally> tally_;
  absl::InlinedVector<Slot, 3> slots_;  // Best first.
  bool differs_ = false;
  Object merged_;
  uint64_t merged_digest_ = 0;
  std::optional<PutTally> holders_;
  Promise promise_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_QUORUM_GET_COORDINATOR_H_
