#include "sim/trace/trace_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/crc32c.h"
#include "sim/trace/event_codec.h"
#include "sim/trace/trace_writer.h"

namespace orrery::sim {
namespace {

constexpr size_t kFrameHeaderBytes = 8;

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
  if (at_ == 0) return Fail("this is no trace of version 1");
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
  uint8_t kind = 0;
  if (!in.ReadU8(&kind)) return Fail("a frame is empty");
  const bool is_start = kind == static_cast<uint8_t>(TraceFrame::kStart);
  if (is_start == begun_) return Fail("a start stands first, and only there");
  if (is_start) {
    EngineOptions options;
    if (!ReadOptions(in, &options) || !in.AtEnd()) {
      return Fail("the options of the start cannot be read");
    }
    begun_ = true;
    return options;
  }
  if (kind == static_cast<uint8_t>(TraceFrame::kEvent)) {
    Event event;
    if (!ReadEvent(in, last_, &event) || !in.AtEnd()) {
      return Fail("an event cannot be read");
    }
    last_ = event.at;
    return event;
  }
  if (kind == static_cast<uint8_t>(TraceFrame::kCheck)) {
    Check check;
    const bool good = in.ReadU64(&check.events) && in.ReadU64(&check.state) &&
                      in.ReadU64(&check.effects) && in.AtEnd();
    if (!good) return Fail("a check cannot be read");
    return check;
  }
  return Fail("a frame of a kind that is not known");
}

}  // namespace orrery::sim
