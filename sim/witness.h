// sim/witness.h
//
// Witness watches every step of every node: it extends the run's digest,
// writes down every version that a message carries and who stored which, and
// finds at once what no node may ever do (two versions under one dot, two rings
// in one epoch, two salts for one process, a stamp beyond its bound).

#ifndef ORRERY_SIM_WITNESS_H_
#define ORRERY_SIM_WITNESS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/inlined_vector.h"
#include "core/base/lookup_map.h"
#include "sim/checkers/bounds.h"
#include "sim/checkers/causality_laws.h"
#include "sim/event_queue.h"
#include "sim/evidence.h"
#include "sim/listener.h"
#include "sim/run_digest.h"
#include "sim/sim_node.h"
#include "sim/store_model.h"
#include "sim/tally.h"

namespace orrery::sim {

class Clients;

class Witness : public NodeWitness {
 public:
  struct Wiring {
    EventQueue& queue;
    RunDigest& digest;
    Evidence& evidence;
    Tally& marks;
    std::vector<StoreModel>& models;  // By node.
    // To ask whether a disk ever gave reason to call a record corrupt.
    const std::vector<std::unique_ptr<SimNode>>& nodes;
    Listener* listener;
  };

  explicit Witness(const Wiring& wiring);
  void SetClients(Clients& clients) { clients_ = &clients; }

  void OnEvent(const Event& event) override;
  void OnStep(uint32_t node, const Event& event,
              const Effects& effects) override;
  void OnReply(uint32_t node, Handle client, ClientReply reply) override;
  void OnMark(std::string_view mark) override;
  void OnNote(uint32_t node, const Note& note) override;
  // The highest ring that the node sent under, from that disk.
  // REQUIRES: it has recovered just now.
  Epoch RingToldBy(uint32_t node, uint32_t process, StorageId storage);
  // RING was struck under that process, or after it: until the next one has
  // recovered the node has it in memory only.
  void OnRingStruck(uint32_t node, uint32_t process) {
    rings_told_[node].struck_under = process;
  }
  void OnStopOverdue(uint32_t node) override;
  // What a coordinator stored and died before it sent: the ledger learns of it.
  void NoteUnsent();

  // Whether what the node believes of a member changed since the last call.
  bool TakeMembersChanged(uint32_t node) {
    return std::exchange(members_changed_[node], uint8_t{0}) != 0;
  }
  void CheckMembers(const std::vector<MemberView>& members);

  // What is sent from now on is counted (O15), or no more.
  void Count(bool counting) { counting_ = counting; }

  // Processes that ended by themselves.
  struct Fatal {
    uint32_t node = 0;
    Instant at;
    std::string why;
  };
  const std::vector<Fatal>& fatals() const { return fatals_; }

 private:
  // A put as its receiver got it: what an acknowledgement of it means.
  struct ReceiptName {
    uint32_t receiver;
    uint32_t sender;
    uint32_t slot;
    uint32_t gen;
    friend constexpr auto operator<=>(const ReceiptName&,
                                      const ReceiptName&) = default;
  };
  struct Receipt {
    uint32_t key = 0;
    bool counts = true;  // Not so a best-effort hint.
    struct Name {
      Dot dot;
      uint64_t stamp = 0;
    };
    absl::InlinedVector<Name, 1> versions;
  };
  struct ProcessName {
    NodeId node;
    StorageId storage;
    uint64_t generation;
    friend constexpr auto operator<=>(const ProcessName&,
                                      const ProcessName&) = default;
  };
  struct RingName {
    ClusterId cluster;
    Epoch epoch;
    friend constexpr auto operator<=>(const RingName&,
                                      const RingName&) = default;
  };

  void CountTraffic(uint32_t node, const Effects& effects);
  void OnReceived(uint32_t node, const PeerMessage& message);
  void NotePuts(const Effects& effects);
  void ObserveSibling(uint32_t key, const Sibling& sibling);
  void NoteRing(uint32_t node, const Envelope& envelope);
  void OnSent(uint32_t node, const SendEffect& send);
  void OnReplica(uint32_t node, uint32_t sender, Handle request,
                 std::string_view key, const Object& object, bool counts);
  enum class Role : uint8_t { kReplica = 1, kStandIn = 2 };
  void OnAck(uint32_t node, const Endpoint& to, Handle request, Role role);
  std::optional<uint32_t> KeyOfToken(uint64_t token) const;
  void OnShown(std::string_view key, const Object& object);
  void OnMinted(uint32_t node, const ReplicaPut& put);
  // Of the ring that it has now.  REQUIRES: its process is up.
  const std::vector<uint32_t>& MembersSeenBy(uint32_t node);
  void CheckRing(const Envelope& envelope);

  Wiring wiring_;
  Clients* clients_ = nullptr;
  LookupMap<ReceiptName, Receipt> receipts_;
  // Who coordinated a write that somebody else answered, by its version.
  LookupMap<uint64_t, std::vector<uint32_t>> coordinators_;
  LookupMap<RingName, uint64_t> rings_;
  LookupMap<ProcessName, uint64_t> salts_;
  std::vector<uint8_t> members_changed_;  // 0 or 1, by node.
  std::vector<Envelope> last_envelope_;
  struct RingTold {
    StorageId storage;
    Epoch epoch = {};
    std::optional<uint32_t> struck_under = {};
  };
  std::vector<RingTold> rings_told_;  // By node.
  struct Unsent {
    Bytes meta;
    Bytes value;
  };
  // Versions that a store was given before any message carried them.
  absl::btree_map<std::pair<uint32_t, uint64_t>, Unsent> unsent_;
  LawSampler laws_;
  struct RingMembers {
    uint64_t hash = 0;
    std::vector<uint32_t> members;
  };
  std::vector<RingMembers> ring_members_;  // By node.
  StampBound stamps_;
  std::vector<Fatal> fatals_;
  bool counting_ = false;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_WITNESS_H_
