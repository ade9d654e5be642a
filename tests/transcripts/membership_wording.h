// tests/transcripts/membership_wording.h
//
// What members say of each other, as lines.  An incarnation is written as
// generation.counter.

#ifndef ORRERY_TESTS_TRANSCRIPTS_MEMBERSHIP_WORDING_H_
#define ORRERY_TESTS_TRANSCRIPTS_MEMBERSHIP_WORDING_H_

#include <map>
#include <string>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/effects.h"
#include "core/protocol/message.h"
#include "core/ring/ring_state.h"

namespace orrery::transcripts {

using MemberNames = std::map<NodeId, std::string>;

std::string IncarnationText(Incarnation incarnation);
std::string RingText(const RingState& ring, const MemberNames& names);
std::string FrameText(const PeerBody& body, const MemberNames& names);
std::string RecordText(const MemberRecord& record, const MemberNames& names);
std::string MemberNoteText(const Note& note, const MemberNames& names);
// "4.2s": tenths are near enough for what is jittered.
std::string SecondsText(Duration duration);

}  // namespace orrery::transcripts

#endif  // ORRERY_TESTS_TRANSCRIPTS_MEMBERSHIP_WORDING_H_
