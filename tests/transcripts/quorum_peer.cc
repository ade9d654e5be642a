#include "tests/transcripts/quorum_peer.h"

#include <variant>

namespace orrery::transcripts {

namespace {

struct Answering {
  QuorumPeer& peer;

  std::optional<PeerBody> operator()(const ReplicaPut& put) const {
    peer.copy = Merge(peer.copy, put.object);
    return ReplicaPutAck{.request = put.request,
                         .top_stamp = TopStamp(peer.copy)};
  }
  std::optional<PeerBody> operator()(const HintPut& put) const {
    peer.hints = Merge(peer.hints, put.object);
    return HintPutAck{.request = put.request, .synced = put.counted};
  }
  std::optional<PeerBody> operator()(const ReplicaGet& get) const {
    const Object& held = get.from_hints ? peer.hints : peer.copy;
    ReplicaGetAck ack{
        .request = get.request, .depth = get.depth, .suspect = peer.in_doubt};
    if (!held.IsEmpty()) ack.digest = DigestOf(held);
    if (get.depth == ReadDepth::kObject) ack.object = held;
    if (get.depth == ReadDepth::kVersions) ack.object = WithoutValues(held);
    return ack;
  }
  std::optional<PeerBody> operator()(const ForwardWrite& write) const {
    return ForwardWriteAck{
        .request = write.request,
        .reply = WriteDone{.version = write.proposed_stamp,
                           .acks = {.owners = 2, .nodes = 2}}};
  }
  template <typename Other>
  std::optional<PeerBody> operator()(const Other&) const {
    return std::nullopt;
  }
};

struct Refusing {
  ReplicaStatus status;

  std::optional<PeerBody> operator()(const ReplicaPut& put) const {
    return ReplicaPutAck{.request = put.request, .status = status};
  }
  std::optional<PeerBody> operator()(const HintPut& put) const {
    return HintPutAck{.request = put.request, .status = status};
  }
  std::optional<PeerBody> operator()(const ReplicaGet& get) const {
    return ReplicaGetAck{
        .request = get.request, .status = status, .depth = get.depth};
  }
  template <typename Other>
  std::optional<PeerBody> operator()(const Other&) const {
    return std::nullopt;
  }
};

}  // namespace

std::optional<PeerBody> AnswerOf(QuorumPeer& peer, const PeerBody& request) {
  return std::visit(Answering{peer}, request);
}

std::optional<PeerBody> RefusalOf(const PeerBody& request,
                                  ReplicaStatus status) {
  return std::visit(Refusing{status}, request);
}

}  // namespace orrery::transcripts
