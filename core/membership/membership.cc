#include "core/membership/membership.h"

#include "core/membership/membership_rooms.h"

namespace orrery {

Membership::Membership(const EngineOptions& options)
    : rooms_(std::make_unique<MembershipRooms>(options)),
      outputs_(rooms_->outputs()) {}

Membership::~Membership() = default;

void Membership::OnStart(const Start& start, Turn& turn) {
  rooms_->OnStart(start, turn);
}

void Membership::OnSeeds(const SeedsEvent& event, Turn& turn) {
  rooms_->OnSeeds(event, turn);
}

void Membership::OnDatagram(const DatagramEvent& event, Turn& turn) {
  rooms_->OnDatagram(event, turn);
}

void Membership::OnPeerMessage(const PeerMessage& message, Turn& turn) {
  rooms_->OnPeerMessage(message, turn);
}

void Membership::OnHeard(const Envelope& envelope, Turn& turn) {
  rooms_->OnHeard(envelope, turn);
}

void Membership::OnTimer(const TimerHeap::Due& due, Turn& turn) {
  rooms_->OnTimer(due, turn);
}

void Membership::OnRecovered(Turn& turn) { rooms_->OnRecovered(turn); }

void Membership::OnPersisted(uint64_t token, Turn& turn) {
  rooms_->OnPersisted(token, turn);
}

void Membership::OnStep(Turn& turn) { rooms_->OnStep(turn); }

void Membership::OnSlept(Duration late, Turn& turn) {
  rooms_->OnSlept(late, turn);
}

void Membership::CloseRing(Turn& turn) { rooms_->CloseRing(turn); }

const std::optional<RingState>& Membership::ring_state() const {
  return rooms_->keeper().state();
}

ClusterId Membership::cluster() const { return rooms_->local().cluster; }

const MemberTable& Membership::members() const { return rooms_->table(); }

const ClusterClock& Membership::cluster_clock() const {
  return rooms_->cluster_clock();
}

bool Membership::ring_ready() const { return rooms_->IsRingReady(); }

bool Membership::is_founder() const { return rooms_->keeper().IsFounder(); }

bool Membership::ring_refused() const { return rooms_->handshake().refused(); }

std::string Membership::waiting_for() const { return rooms_->WaitingFor(); }

uint64_t Membership::StateDigest() const { return rooms_->StateDigest(); }

void Membership::CheckInvariants() const { rooms_->CheckInvariants(); }

void Membership::Fields(FieldSaver& save) const { save(*rooms_); }
void Membership::Fields(FieldLoader& load) { load(*rooms_); }

}  // namespace orrery
