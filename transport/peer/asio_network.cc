#include "transport/peer/asio_network.h"

#include <utility>

#include "boost/asio/post.hpp"

namespace orrery {
namespace {

// A port that TCP was given may be taken in UDP; only tests ask for any port.
constexpr int kPortAttempts = 20;

}  // namespace

absl::StatusOr<std::unique_ptr<AsioNetwork>> AsioNetwork::Listen(
    boost::asio::io_context& loop, const Endpoint& local, Deliver deliver) {
  std::unique_ptr<AsioNetwork> network(
      new AsioNetwork(loop, local, std::move(deliver)));
  absl::Status status = network->Bind();
  for (int i = 1; i < kPortAttempts; ++i) {
    if (status.ok() || !local.IsNone()) break;
    network->local_ = local;
    status = network->Bind();
  }
  if (!status.ok()) return status;
  return network;
}

AsioNetwork::AsioNetwork(boost::asio::io_context& loop, const Endpoint& local,
                         Deliver deliver)
    : loop_(loop),
      local_(local),
      deliver_(std::move(deliver)),
      self_(std::make_shared<AsioNetwork*>(this)) {}

AsioNetwork::~AsioNetwork() {
  for (auto& [endpoint, outgoing] : outgoing_) outgoing.link->Close();
}

absl::Status AsioNetwork::Bind() {
  listener_ = std::make_unique<PeerListener>(
      loop_, counters_, PeerListener::Limits{}, [this](PeerMessage message) {
        deliver_(PeerMessageEvent{std::move(message)});
      });
  gossip_ = std::make_unique<GossipSocket>(
      loop_, counters_, [this](const Endpoint& source, Datagram datagram) {
        deliver_(DatagramEvent{source, std::move(datagram)});
      });
  absl::Status status = listener_->Listen(local_);
  if (!status.ok()) return status;
  local_.port = listener_->port();
  return gossip_->Bind(local_);
}

void AsioNetwork::Send(const Endpoint& to, const PeerMessage& message) {
  auto it = outgoing_.find(to);
  if (it == outgoing_.end()) {
    if (to.IsNone() || outgoing_.size() >= kLinksMax) {
      ++counters_.frames_dropped;
      return;
    }
    it = outgoing_.emplace(to, Outgoing{NewLink(to)}).first;
  }
  it->second.link->Send(message);
  if (it->second.flush_wanted) return;
  it->second.flush_wanted = true;
  flush_wanted_.push_back(to);
  FlushSoon();
}

void AsioNetwork::SendDatagram(const Endpoint& to, const Datagram& datagram) {
  gossip_->Send(to, datagram);
}

std::shared_ptr<PeerLink> AsioNetwork::NewLink(const Endpoint& peer) {
  return std::make_shared<PeerLink>(
      loop_, PeerLink::Options{.peer = peer, .local = local_}, counters_,
      [this, peer](bool connected) {
        deliver_(PeerLinkEvent{peer, connected});
      });
}

void AsioNetwork::FlushSoon() {
  if (flush_posted_) return;
  flush_posted_ = true;
  boost::asio::post(loop_, [self = std::weak_ptr<AsioNetwork*>(self_)] {
    if (const auto network = self.lock()) (*network)->FlushAll();
  });
}

void AsioNetwork::FlushAll() {
  flush_posted_ = false;
  for (const Endpoint& endpoint : flush_wanted_) {
    Outgoing& outgoing = outgoing_.find(endpoint)->second;
    outgoing.flush_wanted = false;
    outgoing.link->Flush();
  }
  flush_wanted_.clear();
}

}  // namespace orrery
