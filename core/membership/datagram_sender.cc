#include "core/membership/datagram_sender.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/invariant.h"
#include "core/protocol/limits.h"

namespace orrery {

namespace {

constexpr size_t kFrameBytes = 48 + 16;  // Header and trailer.
constexpr size_t kBodyBytes = 72;        // The largest primary but a digest.
constexpr size_t kDigestBytes = 64 * 8 + 16;

size_t RoomBeside(const DatagramBody& body) {
  const size_t primary =
      std::holds_alternative<ViewDigest>(body) ? kDigestBytes : kBodyBytes;
  return kDatagramBytesMax - kFrameBytes - primary;
}

}  // namespace

Datagram DatagramSender::Begin(DatagramBody body) {
  Datagram datagram;
  DatagramHeader& header = datagram.header;
  header.view16 = static_cast<uint16_t>(table_.ViewHash());
  header.cluster_tag = local_.cluster.Tag();
  header.ring_hash = static_cast<uint32_t>(local_.ring_hash);
  header.epoch = local_.epoch;
  header.from = local_.id;
  header.generation = local_.generation;
  header.seq = ++local_.datagrams_sent;
  header.boot_salt = local_.boot_salt;
  datagram.body = std::move(body);
  return datagram;
}

bool DatagramSender::MayLackOwnRecord(NodeId receiver) const {
  const Member* member = table_.Find(receiver);
  return member == nullptr || member->view_differs ||
         member->state != MemberState::kAlive;
}

void DatagramSender::Send(const Endpoint& to, NodeId receiver,
                          DatagramBody body, Turn& turn) {
  ORRERY_INVARIANT(!to.IsNone());
  size_t room = RoomBeside(body);
  Datagram datagram = Begin(std::move(body));
  if (MayLackOwnRecord(receiver)) {
    const Member* self = table_.Find(local_.id);
    ORRERY_INVARIANT(self != nullptr);
    room -= std::min(room, EstimatedBytes(self->record));
    datagram.records.push_back(self->record);
  }
  gossiper_.Choose(receiver, table_, room, &datagram.records);
  turn.effects.datagrams.push_back({to, std::move(datagram)});
}

void DatagramSender::SendBare(const Endpoint& to, DatagramBody body,
                              Turn& turn) {
  turn.effects.datagrams.push_back({to, Begin(std::move(body))});
}

void DatagramSender::SendRecord(const Endpoint& to, const MemberRecord& record,
                                Turn& turn) {
  Datagram datagram = Begin(GossipOnly{});
  datagram.records.push_back(record);
  turn.effects.datagrams.push_back({to, std::move(datagram)});
}

}  // namespace orrery
