// core/membership/local_node.h
//
// LocalNode is who this process is and what it currently stands under: the
// fields of every datagram header.  The rooms of membership share one; only
// MembershipRooms and RingKeeper change it.
//
// Threading: engine thread.

#ifndef ORRERY_CORE_MEMBERSHIP_LOCAL_NODE_H_
#define ORRERY_CORE_MEMBERSHIP_LOCAL_NODE_H_

#include <cstdint>
#include <string>

#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/protocol/options.h"

namespace orrery {

struct LocalNode {
  explicit LocalNode(const EngineOptions& engine_options)
      : options(engine_options) {}

  const EngineOptions& options;
  NodeId id;
  std::string name;
  StorageId storage;
  uint32_t generation = 0;
  uint64_t boot_salt = 0;

  ClusterId cluster;  // Zero: none yet.
  Epoch epoch;        // Of the installed ring; zero: none.
  uint64_t ring_hash = 0;
  uint32_t datagrams_sent = 0;
  ORRERY_FIELDS(id, name, storage, generation, boot_salt, cluster, epoch,
                ring_hash, datagrams_sent)
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_LOCAL_NODE_H_
