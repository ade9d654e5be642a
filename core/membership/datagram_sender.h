// core/membership/datagram_sender.h
//
// DatagramSender writes gossip datagrams: the header of this node, a body, and
// as many queued records as fit (MEM-3).  It decides nothing about whom to
// tell.
//
// Cost: O(1) when there is no news.

#ifndef ORRERY_CORE_MEMBERSHIP_DATAGRAM_SENDER_H_
#define ORRERY_CORE_MEMBERSHIP_DATAGRAM_SENDER_H_

#include "core/membership/gossiper.h"
#include "core/membership/local_node.h"
#include "core/membership/member_table.h"
#include "core/protocol/message.h"
#include "core/protocol/turn.h"

namespace orrery {

class DatagramSender {
 public:
  DatagramSender(LocalNode& local, const MemberTable& table, Gossiper& gossiper)
      : local_(local), table_(table), gossiper_(gossiper) {}

  // With news for `receiver`; zero if it is not known who will hear it.  Own
  // record goes along when the receiver may not hold it.
  void Send(const Endpoint& to, NodeId receiver, DatagramBody body, Turn& turn);
  // Without records: for strangers.
  void SendBare(const Endpoint& to, DatagramBody body, Turn& turn);
  // One record, at once.
  void SendRecord(const Endpoint& to, const MemberRecord& record, Turn& turn);

 private:
  Datagram Begin(DatagramBody body);
  bool MayLackOwnRecord(NodeId receiver) const;

  LocalNode& local_;
  const MemberTable& table_;
  Gossiper& gossiper_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_DATAGRAM_SENDER_H_
