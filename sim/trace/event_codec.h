// sim/trace/event_codec.h
//
// Events of an engine as bytes and back, whole: a replay needs no disk, no
// network and no other file.  Peer messages and datagrams are in the wire's
// own encoding; the rest is fixed here.
//
// Bytes are hostile until read: ReadEvent returns false for anything that
// PutEvent cannot have written, and never reads beyond its input.
//
// Invariant TRC-1: ReadEvent(PutEvent(e)) == e, for every event whose messages
// came off the wire or may go onto it.
//
// Cost: times are deltas, so a tick is three bytes; a value is copied once.

#ifndef ORRERY_SIM_TRACE_EVENT_CODEC_H_
#define ORRERY_SIM_TRACE_EVENT_CODEC_H_

#include "core/base/bytes.h"
#include "core/base/coding.h"
#include "core/base/time.h"
#include "core/protocol/event.h"
#include "core/protocol/options.h"

namespace orrery::sim {

// `previous`: of the event before it; monotonic time does not go back.
void PutEvent(const Event& event, const Stamp& previous, ByteBuffer& out);
[[nodiscard]] bool ReadEvent(Reader& in, const Stamp& previous, Event* event);

void PutOptions(const EngineOptions& options, ByteBuffer& out);
[[nodiscard]] bool ReadOptions(Reader& in, EngineOptions* options);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_TRACE_EVENT_CODEC_H_
