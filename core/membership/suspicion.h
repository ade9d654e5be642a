// core/membership/suspicion.h
//
// Suspicion decides what this node believes of each member.  It merges
// evidence by rules 1 to 8 of membership section 3, runs the clocks from
// silence to SUSPECT and from SUSPECT to DEAD (section 4), and refutes what is
// said against this node.  It pings nobody: FailureDetector does, and reports
// what was heard.
//
// From silence to DEAD of member m:
//   - An observer of m that had no evidence of it for suspect_timeout accuses
//     it: SUSPECT, with itself as accuser.
//   - dead_timeout after the SUSPECT began here, m is DEAD if at least C of its
//     observers accuse it, C = min(2, observers held ALIVE); with fewer, the
//     clock runs on to 1.37 times that, with none to twice.
//   - A packet of m's current process makes m ALIVE here at once, and m is sent
//     the accusation, so that it refutes it for everyone.  Without a refutation
//     that opinion lapses suspect_timeout after the latest packet.
//
// A node with at least 60 % of its subjects in doubt is isolated: it keeps its
// accusations to itself and needs no corroboration for its own routing.
//
// Invariants:
//   SUS-1  Own record: this process's generation, state ALIVE, counter raised
//          here only.
//   SUS-2  A DEAD is merged as SUSPECT unless C distinct accusers say it.
//   SUS-3  A kSuspicion timer is armed for every other member that is ALIVE or
//          SUSPECT here.
//
// Timers: kSuspicion, one per member, by TimerHandleOf(id).
// Marks: see membership.h.
// Cost: O(log n) per record; O(n log n) after the set of live members changed.

#ifndef ORRERY_CORE_MEMBERSHIP_SUSPICION_H_
#define ORRERY_CORE_MEMBERSHIP_SUSPICION_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/fields.h"
#include "core/membership/datagram_sender.h"
#include "core/membership/gossiper.h"
#include "core/membership/local_node.h"
#include "core/membership/member_table.h"
#include "core/membership/observers.h"
#include "core/protocol/turn.h"

namespace orrery {

// Timers of one member: its id, as a handle.
Handle TimerHandleOf(NodeId id);
NodeId NodeOfTimer(Handle handle);

class Suspicion {
 public:
  struct Wiring {
    LocalNode& local;
    MemberTable& table;
    Gossiper& gossiper;
    DatagramSender& sender;
  };
  explicit Suspicion(const Wiring& wiring);

  // This process appears in the table with counter 0.
  void Introduce(const MemberRecord& self, Turn& turn);
  // Changes what this node says of itself, under a higher counter.
  void Reannounce(RingStatus ring_status, uint32_t vnodes);

  // One record; `from` is who sent it.
  void Merge(const MemberRecord& incoming, NodeId from, Turn& turn);
  // A packet or frame of `id`, or another's word that it answered.
  // Returns whether it counts: a known member's current process.
  bool OnEvidence(NodeId id, uint32_t generation, uint64_t boot_salt,
                  Turn& turn);
  // The same for a member that is held ALIVE, accused by nobody and not being
  // pinged: true, and nothing changed but the time it was heard.  False: it is
  // no such packet, and nothing was done.
  bool OnMoreEvidence(NodeId id, uint32_t generation, uint64_t boot_salt,
                      Instant now);
  // Another process speaks under this node's identity.
  void OnDouble(uint32_t generation, Turn& turn);
  void OnTimer(NodeId id, Turn& turn);

  bool IsObservedHere(NodeId subject) const;
  // Whom this node watches, by id; as of the last Settle.
  const std::vector<NodeId>& subjects() const { return subjects_; }
  const Observers& observers() const { return observers_; }
  bool isolated() const { return isolated_; }
  // Another process holds this identity, and this one yields.
  bool fenced() const { return fenced_; }
  // Members held ALIVE here, other than this node.
  bool HearsAnyone() const;

  // Recomputes observers and isolation if views changed.  Returns whether the
  // set of live members changed since the last call.
  bool Settle(Turn& turn);
  // Whether routing must be told, since the last call.
  bool TakeRoutingChanged() { return std::exchange(routing_changed_, false); }

  void CheckInvariants() const;

  ORRERY_FIELDS(observers_, subjects_, topology_changed_, routing_changed_,
                isolated_, fenced_)

 private:
  void OnNewsOfSelf(const MemberRecord& incoming, Turn& turn);
  void Admit(const MemberRecord& incoming, Turn& turn);
  void Replace(Member& member, MemberRecord incoming, Turn& turn);
  void OnSame(Member& member, const MemberRecord& incoming, Turn& turn);
  void OnOlder(Member& member, const MemberRecord& incoming, Turn& turn);
  void OnSilence(Member& member, Turn& turn);
  void OnSuspectTimer(Member& member, Turn& turn);
  void AccuseToo(Member& member);

  // Sends `member` what is held against it, at most once per kTellInterval.
  void Tell(Member& member, const Endpoint& to, Turn& turn);
  void SetState(Member& member, MemberState state, Turn& turn);
  void NoteState(const Member& member, Turn& turn);
  void CollectSubjects();
  void SetIsolated(bool isolated, Turn& turn);
  void Arm(const Member& member, Turn& turn);
  Instant NextBurialCheck(const Member& member, Instant now) const;
  Duration DeadAfter(const Member& member) const;
  uint32_t ConfirmationsFor(NodeId subject) const;
  MemberRecord Corroborated(const MemberRecord& incoming) const;

  Wiring in_;
  Observers observers_;
  std::vector<NodeId> subjects_;
  bool topology_changed_ = true;
  bool routing_changed_ = false;
  bool isolated_ = false;
  bool fenced_ = false;
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_SUSPICION_H_
