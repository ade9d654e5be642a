#include "sim/trace/trace_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/field_loader.h"
#include "sim/trace/event_codec.h"
#include "sim/trace/trace_writer.h"

namespace orrery::sim {
namespace {

constexpr size_t kFrameHeaderBytes = kTraceFrameHeaderBytes;

}  // namespace

bool TraceReader::IsTrace(ByteView bytes) {
  return TextOf(bytes).starts_with(kTraceMagic);
}

TraceReader::TraceReader(ByteView trace) : trace_(trace) {
  if (IsTrace(trace)) at_ = kTraceMagic.size();
}

TraceReader::Item TraceReader::Fail(std::string what) {
  return Error{at_, std::move(what)};
}

TraceReader::Item TraceReader::Next() {
  if (at_ == 0) return Fail("this is no trace of version 2");
  const ByteView rest = trace_.subspan(at_);
  if (rest.empty()) return End{.torn = false};
  if (rest.size() < kFrameHeaderBytes) return End{.torn = true};
  const uint32_t length = LoadU32(rest.data());
  if (length > rest.size() - kFrameHeaderBytes) return End{.torn = true};
  const ByteView payload = rest.subspan(kFrameHeaderBytes, length);
  if (Crc32c(payload) != LoadU32(rest.data() + 4)) {
    return Fail("the checksum of a frame does not fit");
  }
  Item item = ReadPayload(payload);
  if (std::holds_alternative<Error>(item)) return item;
  at_ += kFrameHeaderBytes + length;
  return item;
}

TraceReader::Item TraceReader::ReadPayload(ByteView payload) {
  Reader in(payload);
  TraceFrame kind{};
  FieldLoader first(in);
  first(kind);
  const bool is_start = kind == TraceFrame::kStart;
  if (is_start == begun_) return Fail("a start stands first, and only there");
  FieldLoader fields(in, {.values = values_});
  switch (kind) {
    case TraceFrame::kStart: {
      Start start;
      fields(start.form, start.options);
      if (!fields.ok() || !in.AtEnd()) {
        return Fail("the options of the start cannot be read");
      }
      begun_ = true;
      values_ = start.form.values;
      return start;
    }
    case TraceFrame::kEvent: {
      Event event;
      if (!ReadEvent(fields, last_, &event) || !in.AtEnd()) {
        return Fail("an event cannot be read");
      }
      last_ = event.at;
      return event;
    }
    case TraceFrame::kCheck: {
      Check check;
      fields(check.events, check.state, check.effects);
      if (!fields.ok() || !in.AtEnd()) return Fail("a check cannot be read");
      return check;
    }
    case TraceFrame::kSnapshot: {
      Snapshot snapshot;
      fields(snapshot.check.events, snapshot.check.state,
             snapshot.check.effects, last_);
      if (!fields.ok()) return Fail("a snapshot cannot be read");
      snapshot.state = in.rest();
      return snapshot;
    }
    case TraceFrame::kTouched:
      return Touched{in.rest()};
  }
  return Fail("a frame is empty, or of a kind that is not known");
}

std::vector<TraceReader::Touched> TraceReader::TouchedAhead() const {
  std::vector<Touched> touched;
  ByteView rest = trace_.subspan(at_);
  while (rest.size() > kFrameHeaderBytes) {
    const uint32_t length = LoadU32(rest.data());
    if (length == 0 || length > rest.size() - kFrameHeaderBytes) break;
    const ByteView payload = rest.subspan(kFrameHeaderBytes, length);
    const auto kind = static_cast<TraceFrame>(payload[0]);
    if (kind == TraceFrame::kSnapshot) break;
    if (kind == TraceFrame::kTouched &&
        Crc32c(payload) == LoadU32(rest.data() + 4)) {
      touched.push_back({payload.subspan(1)});
    }
    rest = rest.subspan(kFrameHeaderBytes + length);
  }
  return touched;
}

}  // namespace orrery::sim
