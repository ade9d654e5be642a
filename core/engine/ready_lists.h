// core/engine/ready_lists.h
//
// Carries what rooms answered to the rooms that asked, until nothing is left:
// store replies to the writer, reader, hints and listings; replica outcomes to
// coordinators, peers and repair; membership outputs to routing and disk.
// This is the whole of the engine's inner traffic; who is whose asker is the
// ticket's word.
//
// Cost: O(answers).  A step stops after kReadyPerStepMax answers and asks for
// another tick, so that no event can hold the loop.

#ifndef ORRERY_CORE_ENGINE_READY_LISTS_H_
#define ORRERY_CORE_ENGINE_READY_LISTS_H_

#include <cstddef>

#include "core/protocol/turn.h"

namespace orrery {

class Rooms;

inline constexpr size_t kReadyPerStepMax = 65536;

void DrainReadyLists(Rooms& rooms, Turn& turn);

}  // namespace orrery

#endif  // ORRERY_CORE_ENGINE_READY_LISTS_H_
