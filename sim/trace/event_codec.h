// sim/trace/event_codec.h
//
// Events of an engine as bytes and back: a replay needs no disk, no network and
// no other file.  Fields are written by their lists (core/base/fields.h), times
// as differences.
//
// Of values either all is kept, or (ValueMode::kElided) length and CRC-32C; an
// event that is read then has stand-ins, which an engine cannot tell from the
// values (core/base/stand_in.h).
//
// Bytes are hostile until read: ReadEvent returns false for anything that
// PutEvent cannot have written, messages that could not have come off the wire
// among them, and never reads beyond its input.
//
// Invariant TRC-1: ReadEvent(PutEvent(e)) == e, but for stand-ins, for every
// event whose messages came off the wire or may go onto it.
//
// Cost: a tick is three bytes; a value is copied or checksummed once.  Reading
// a message encodes and decodes it for the wire.

#ifndef ORRERY_SIM_TRACE_EVENT_CODEC_H_
#define ORRERY_SIM_TRACE_EVENT_CODEC_H_

#include <span>

#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "core/base/time.h"
#include "core/protocol/disk.h"
#include "core/protocol/event.h"
#include "core/protocol/options.h"

namespace orrery::sim {

// `previous`: of the event before it; monotonic time does not go back.
// `values`: what Engine::FindValues says of a disk completion; none, if values
// are kept.
void PutEvent(const Event& event, const Stamp& previous,
              std::span<const ByteSpan> values, FieldSaver& out);
[[nodiscard]] bool ReadEvent(FieldLoader& in, const Stamp& previous,
                             Event* event);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_TRACE_EVENT_CODEC_H_
