// core/ring/routing_view.h
//
// RoutingView is what coordinators know of the cluster now: the ownership ring
// (who counts) and this node's own opinion of liveness (whom to contact).  The
// engine keeps it current; coordinators only read.  The two never mix: nothing
// here changes who counts.
//
// Threading: engine thread.  Cost: O(log members) per question.

#ifndef ORRERY_CORE_RING_ROUTING_VIEW_H_
#define ORRERY_CORE_RING_ROUTING_VIEW_H_

#include <cstdint>
#include <optional>

#include "absl/container/btree_map.h"
#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "core/base/ids.h"
#include "core/protocol/member.h"
#include "core/ring/ring.h"

namespace orrery {

class RoutingView {
 public:
  NodeId self() const { return self_; }
  StorageId self_storage() const { return self_storage_; }
  // Null: this node knows no ring.  Valid until the next SetRing.
  const Ring* ring() const { return ring_.has_value() ? &*ring_ : nullptr; }

  // kDead for a member never heard of; kAlive for self.
  MemberState StateOf(NodeId node) const;
  // Whether the link to it is known to be up.
  bool IsConnected(NodeId node) const;
  // IsNone() if unknown.
  Endpoint EndpointOf(NodeId node) const;
  // Self, or a member with an address that is not DEAD, nor LEFT, nor known to
  // be disconnected; and with the disk that the ring names, if it names one: a
  // wiped disk under its old name is no owner (semantics S45).
  bool IsReachable(NodeId node) const;
  std::optional<NodeId> NodeAt(const Endpoint& endpoint) const;
  // This node is a ready owner: recovered, ring known, a NORMAL member of it
  // with this storage.
  bool serves() const { return serves_; }

  // For the engine and for tests.
  void SetSelf(NodeId node, StorageId storage, const Endpoint& endpoint);
  void SetSelf(NodeId node, StorageId storage) { SetSelf(node, storage, {}); }
  void SetRing(RingState state) { ring_.emplace(std::move(state)); }
  // A new address forgets what was known of the connection to the old one.
  // A zero `storage` is not known.
  void SetMember(NodeId node, const Endpoint& endpoint, MemberState state,
                 StorageId storage = {});
  // Ignored for a node that SetMember never named.
  void SetConnected(NodeId node, bool connected);
  void SetServes(bool serves) { serves_ = serves; }

  // The state (base/fields.h); a ring is rebuilt from its state.
  void Fields(FieldSaver& save) const;
  void Fields(FieldLoader& load);

 private:
  enum class Link : uint8_t { kUnknown = 0, kUp = 1, kDown = 2 };
  struct Peer {
    Endpoint endpoint;
    StorageId storage;
    MemberState state = MemberState::kDead;
    Link link = Link::kUnknown;
    ORRERY_FIELDS(endpoint, storage, state, link)
  };
  const Peer* Find(NodeId node) const;
  bool HasAnotherDisk(NodeId node, StorageId storage) const;

  NodeId self_;
  StorageId self_storage_;
  Endpoint self_endpoint_;
  bool serves_ = false;
  std::optional<Ring> ring_;
  absl::btree_map<NodeId, Peer> peers_;
  absl::btree_map<Endpoint, NodeId> by_endpoint_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_RING_ROUTING_VIEW_H_
