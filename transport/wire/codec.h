// transport/wire/codec.h
//
// Turns messages of the core into bytes and back.  Decoding is the one place
// where bytes from the network are judged: what it returns keeps every limit
// of wire_limits.h, has enumerations in range, keys of legal length, version
// vectors sorted without duplicates, and siblings whose dots are distinct and
// covered.  Everything else is nullopt, never a partial message.
//
// It does not know who may send what, whether a sibling's checksum fits its
// value, or in which order siblings rank: the rooms do.
//
// Invariants:
//   WIRE-1  Decode(Encode(m)) == m for every m within the limits.
//   WIRE-2  Decode allocates at most in proportion to its input.
//
// Threading: any thread; each has its own scratch memory.  Cost: a value is
// copied once each way; a small message is encoded or decoded in well under a
// microsecond.

#ifndef ORRERY_TRANSPORT_WIRE_CODEC_H_
#define ORRERY_TRANSPORT_WIRE_CODEC_H_

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "core/protocol/message.h"

namespace orrery {

// Appends the payload of one frame to `*out` and returns true, or leaves it
// alone and returns false if that would pass kPeerFrameBytesMax, or its body
// kPeerBodyBytesMax.
bool AppendPeerMessage(const PeerMessage& message, std::string* out);

// The same in place of what `*out` held.
bool EncodePeerMessage(const PeerMessage& message, std::string* out);

// Nullopt: malformed, over a limit, or with a body that is not known here (a
// newer peer's); in each case the frame is skipped and the link lives on.
[[nodiscard]] std::optional<PeerMessage> DecodePeerMessage(ByteView payload);

// Replaces `*out` by the datagram, or empties it and returns false if that
// would pass kDatagramBytesMax.
bool EncodeDatagram(const Datagram& datagram, std::string* out);

// Nullopt: malformed, damaged, of another version, or over a limit.  A primary
// that is not known here becomes GossipOnly: its records are still good.
[[nodiscard]] std::optional<Datagram> DecodeDatagram(ByteView bytes);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_WIRE_CODEC_H_
