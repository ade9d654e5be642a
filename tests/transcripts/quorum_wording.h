// tests/transcripts/quorum_wording.h
//
// What coordinators say to peers and clients, as lines.  Nodes are letters.
// A stamp is written as the time since the transcript began, "@200ms"; a
// version as value, stamp and dot, "v1 @200ms A:1": the first that A minted.

#ifndef ORRERY_TESTS_TRANSCRIPTS_QUORUM_WORDING_H_
#define ORRERY_TESTS_TRANSCRIPTS_QUORUM_WORDING_H_

#include <cstdint>
#include <map>
#include <string>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/effects.h"

namespace orrery::transcripts {

using NodeLetters = std::map<NodeId, char>;

uint64_t StampAt(Duration since_start);
std::string StampText(uint64_t stamp);
std::string ObjectText(const Object& object);
std::string PeerBodyText(const PeerBody& body, const NodeLetters& names);
std::string ReplyText(const ClientReply& reply);
std::string PromiseText(const Promise& promise);

}  // namespace orrery::transcripts

#endif  // ORRERY_TESTS_TRANSCRIPTS_QUORUM_WORDING_H_
