// tests/transcripts/quorum_peer.h
//
// QuorumPeer is another node as a coordinator sees it: honest, and as slow as
// the transcript makes it.  What was sent to it waits until the transcript
// delivers, refuses or drops it.  It keeps what it merged.

#ifndef ORRERY_TESTS_TRANSCRIPTS_QUORUM_PEER_H_
#define ORRERY_TESTS_TRANSCRIPTS_QUORUM_PEER_H_

#include <deque>
#include <optional>
#include <utility>

#include "core/protocol/message.h"
#include "core/ring/preference_list.h"
#include "core/version/object_merge.h"

namespace orrery::transcripts {

struct QuorumPeer {
  Owner owner;
  bool in_doubt = false;  // Says so of all that it reads (storage I11).
  Object copy;
  Object hints;
  std::deque<PeerBody> inbox;
};

// What the peer answers to `request`, which it performs.  None: to this it has
// nothing to say.
std::optional<PeerBody> AnswerOf(QuorumPeer& peer, const PeerBody& request);

// What it answers if it cannot.
std::optional<PeerBody> RefusalOf(const PeerBody& request,
                                  ReplicaStatus status);

}  // namespace orrery::transcripts

#endif  // ORRERY_TESTS_TRANSCRIPTS_QUORUM_PEER_H_
