#include "core/ring/routing_view.h"

namespace orrery {

const RoutingView::Peer* RoutingView::Find(NodeId node) const {
  const auto found = peers_.find(node);
  return found == peers_.end() ? nullptr : &found->second;
}

void RoutingView::Fields(FieldSaver& save) const {
  save(self_, self_storage_, self_endpoint_, serves_, peers_, by_endpoint_,
       ring_.has_value());
  if (ring_.has_value()) save(ring_->state());
}

void RoutingView::Fields(FieldLoader& load) {
  bool has_ring = false;
  load(self_, self_storage_, self_endpoint_, serves_, peers_, by_endpoint_,
       has_ring);
  ring_.reset();
  if (!has_ring) return;
  RingState state;
  load(state);
  load.Require(IsValid(state));
  if (load.ok()) ring_.emplace(std::move(state));
}

MemberState RoutingView::StateOf(NodeId node) const {
  if (node == self_) return MemberState::kAlive;
  const Peer* peer = Find(node);
  return peer == nullptr ? MemberState::kDead : peer->state;
}

bool RoutingView::IsConnected(NodeId node) const {
  if (node == self_) return true;
  const Peer* peer = Find(node);
  return peer != nullptr && peer->link == Link::kUp;
}

Endpoint RoutingView::EndpointOf(NodeId node) const {
  if (node == self_) return self_endpoint_;
  const Peer* peer = Find(node);
  return peer == nullptr ? Endpoint{} : peer->endpoint;
}

bool RoutingView::IsReachable(NodeId node) const {
  if (node == self_) return !HasAnotherDisk(node, self_storage_);
  const Peer* peer = Find(node);
  if (peer == nullptr || peer->endpoint.IsNone()) return false;
  if (peer->link == Link::kDown) return false;
  if (peer->state != MemberState::kAlive &&
      peer->state != MemberState::kSuspect) {
    return false;
  }
  return !HasAnotherDisk(node, peer->storage);
}

bool RoutingView::HasAnotherDisk(NodeId node, StorageId storage) const {
  if (!ring_.has_value() || storage.IsZero()) return false;
  const RingMember* member = FindMember(ring_->state(), node);
  return member != nullptr && member->storage != storage;
}

std::optional<NodeId> RoutingView::NodeAt(const Endpoint& endpoint) const {
  const auto found = by_endpoint_.find(endpoint);
  if (found == by_endpoint_.end()) return std::nullopt;
  return found->second;
}

void RoutingView::SetSelf(NodeId node, StorageId storage,
                          const Endpoint& endpoint) {
  self_ = node;
  self_storage_ = storage;
  self_endpoint_ = endpoint;
}

void RoutingView::SetMember(NodeId node, const Endpoint& endpoint,
                            MemberState state, StorageId storage) {
  if (node == self_) return;
  Peer& peer = peers_[node];
  peer.state = state;
  peer.storage = storage;
  if (peer.endpoint == endpoint) return;

  const auto old = by_endpoint_.find(peer.endpoint);
  if (old != by_endpoint_.end() && old->second == node) {
    by_endpoint_.erase(old);
  }
  peer.endpoint = endpoint;
  peer.link = Link::kUnknown;
  if (!endpoint.IsNone()) by_endpoint_[endpoint] = node;
}

void RoutingView::SetConnected(NodeId node, bool connected) {
  const auto found = peers_.find(node);
  if (found == peers_.end()) return;
  found->second.link = connected ? Link::kUp : Link::kDown;
}

}  // namespace orrery
