// core/protocol/request_handle.h
//
// Whose conversation a peer's answer belongs to.  Every request to a peer
// carries a Handle that the answer returns; the top bits of its slot name the
// pool that the rest indexes.  Pools are far smaller than 2^24 objects.
//
//   none         PutCoordinator       (ReplicaPut kFresh, HintPut)
//   0x8000'0000  GetCoordinator       (ReplicaGet, ReplicaPut kWriteBack)
//   0x4000'0000  Forwarder            (ForwardWrite)
//   0x2000'0000  HintReplayer         (ReplicaPut kHint)
//   0x1000'0000  PutCoordinator that reads versions first (ReplicaGet)
//   0x0800'0000  RepairRoom           (Sync*)
//   0x0400'0000  StampQuery           (ReplicaGet)
//   0x0200'0000  KeyInspector         (ReplicaGet, of an owner's own copy)
//   0x0100'0000  KeyInspector         (ReplicaGet, of hints)

#ifndef ORRERY_CORE_PROTOCOL_REQUEST_HANDLE_H_
#define ORRERY_CORE_PROTOCOL_REQUEST_HANDLE_H_

#include <cstdint>

#include "core/base/ids.h"

namespace orrery {

enum class RequestPool : uint32_t {
  kPut = 0,
  kGet = 0x8000'0000,
  kForward = 0x4000'0000,
  kHintReplay = 0x2000'0000,
  kDeleteRead = 0x1000'0000,
  kSync = 0x0800'0000,
  kStampQuery = 0x0400'0000,
  kInspectCopy = 0x0200'0000,
  kInspectHints = 0x0100'0000,
};

inline constexpr uint32_t kRequestPoolMask = 0xff00'0000;

constexpr Handle Tagged(Handle handle, RequestPool pool) {
  return {handle.slot | static_cast<uint32_t>(pool), handle.gen};
}

constexpr Handle Untagged(Handle handle) {
  return {handle.slot & ~kRequestPoolMask, handle.gen};
}

constexpr bool IsOf(Handle handle, RequestPool pool) {
  return (handle.slot & kRequestPoolMask) == static_cast<uint32_t>(pool);
}

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_REQUEST_HANDLE_H_
