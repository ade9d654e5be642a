// tests/transport/wire/random_message.h
//
// Messages within the limits of the wire, drawn from a seed: what properties,
// fuzz corpora and loopback tests send.

#ifndef ORRERY_TESTS_TRANSPORT_WIRE_RANDOM_MESSAGE_H_
#define ORRERY_TESTS_TRANSPORT_WIRE_RANDOM_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <variant>

#include "core/protocol/message.h"

namespace orrery {

inline constexpr size_t kPeerBodies = std::variant_size_v<PeerBody>;
inline constexpr size_t kDatagramBodies = std::variant_size_v<DatagramBody>;

// The alternative at index `body`, with contents drawn from `seed`.
PeerMessage RandomPeerMessage(uint64_t seed, size_t body);
Datagram RandomDatagram(uint64_t seed, size_t body);

}  // namespace orrery

#endif  // ORRERY_TESTS_TRANSPORT_WIRE_RANDOM_MESSAGE_H_
