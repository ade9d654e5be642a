// transport/peer/network_counters.h
//
// What passed between this node and its peers, and what did not.  Nothing
// decides by these numbers.

#ifndef ORRERY_TRANSPORT_PEER_NETWORK_COUNTERS_H_
#define ORRERY_TRANSPORT_PEER_NETWORK_COUNTERS_H_

#include <cstdint>

namespace orrery {

struct NetworkCounters {
  uint64_t frames_sent = 0;
  uint64_t frame_bytes_sent = 0;
  uint64_t frames_dropped = 0;  // Queue full, link lost, or over the limit.
  uint64_t frames_received = 0;
  uint64_t frame_bytes_received = 0;
  uint64_t frames_skipped = 0;  // Malformed, or of a newer version.
  uint64_t streams_broken = 0;  // Bad checksum, length or preface.
  uint64_t links_up = 0;        // Times a link came up.
  uint64_t links_down = 0;      // Times a link was lost or a dial failed.
  uint64_t datagrams_sent = 0;
  uint64_t datagrams_dropped = 0;  // The kernel refused, or over the limit.
  uint64_t datagrams_received = 0;
  uint64_t datagrams_skipped = 0;  // Damaged, malformed, another protocol.
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_PEER_NETWORK_COUNTERS_H_
