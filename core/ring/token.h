// core/ring/token.h
//
// Where keys and virtual nodes stand on the 64-bit ring (CONTRACT section 5):
// the first 64 bits of MurmurHash3 x64_128, seed 0.  The values are part of
// the contract with users and never change.
//
// Cost: one hash per call; VnodeToken builds its text on the stack.

#ifndef ORRERY_CORE_RING_TOKEN_H_
#define ORRERY_CORE_RING_TOKEN_H_

#include <cstdint>
#include <string_view>

#include "core/base/ids.h"

namespace orrery {

uint64_t TokenOf(std::string_view key);

// Identity is the configured name, never the address.
NodeId NodeIdOf(std::string_view node_name);

// Token of "{name}#vnode{i}", i in decimal from 0.
// REQUIRES: name.size() <= kNodeNameBytesMax.
uint64_t VnodeToken(std::string_view node_name, uint32_t i);

}  // namespace orrery

#endif  // ORRERY_CORE_RING_TOKEN_H_
