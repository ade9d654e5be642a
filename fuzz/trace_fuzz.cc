// Hostile traces against the reader of `orrery sim replay`, and the events in
// them against their codec.  What is accepted must be an event that the node
// would record: written, and read again, it is the same.
//
// A snapshot in a trace is refused, or it is one.
//
// The first byte says how the rest is taken, so that lengths and checksums do
// not keep the fuzzer out of what lies behind them.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/byte_sink.h"
#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "core/base/invariant.h"
#include "core/engine/engine.h"
#include "sim/run_digest.h"
#include "sim/trace/event_codec.h"
#include "sim/trace/trace_reader.h"
#include "sim/trace/trace_writer.h"

namespace orrery::sim {
namespace {

void CheckTrace(std::string_view trace) {
  TraceReader reader(ViewOf(trace));
  // A frame has at least its header.
  for (size_t i = 0; i <= trace.size() / 8 + 1; ++i) {
    const TraceReader::Item item = reader.Next();
    if (std::holds_alternative<TraceReader::End>(item)) return;
    if (const auto* error = std::get_if<TraceReader::Error>(&item)) {
      ORRERY_INVARIANT(error->offset <= trace.size() && !error->what.empty());
      return;
    }
  }
  ORRERY_UNREACHABLE("a trace that does not end");
}

// Frames that fit: each is as long as the byte before it says.
std::string TraceOf(std::string_view input) {
  std::string trace(kTraceMagic);
  while (!input.empty()) {
    const size_t wanted = static_cast<uint8_t>(input[0]);
    input.remove_prefix(1);
    const std::string_view payload = input.substr(0, wanted);
    input.remove_prefix(payload.size());
    std::byte header[8];
    StoreU32(header, static_cast<uint32_t>(payload.size()));
    StoreU32(header + 4, Crc32c(ViewOf(payload)));
    trace.append(reinterpret_cast<const char*>(header), sizeof(header));
    trace += payload;
  }
  return trace;
}

uint64_t DigestOf(const Event& event) {
  RunDigest digest;
  digest.Add(event.at.mono, 0, event, Effects{});
  return digest.value();
}

void CheckEvent(std::string_view input, ValueMode values) {
  Reader in(ViewOf(input));
  // A few bytes can stand for a long value.
  FieldLoader fields(in, {.values = values, .elided_bytes_max = 1 << 16});
  Event event;
  if (!ReadEvent(fields, Stamp{}, &event) || !in.AtEnd()) return;
  // With its stand-ins it is an event like any other.
  ByteSink written;
  FieldSaver saver(written);
  PutEvent(event, Stamp{}, {}, saver);
  Reader back(written.view());
  FieldLoader again_fields(back);
  Event again;
  ORRERY_INVARIANT(ReadEvent(again_fields, Stamp{}, &again) && back.AtEnd());
  ORRERY_INVARIANT(again.at.mono == event.at.mono &&
                   again.at.wall == event.at.wall);
  ORRERY_INVARIANT(DigestOf(again) == DigestOf(event));
}

// Nothing compares options: what was written of what was read is written again
// as it is.
void CheckOptions(std::string_view input) {
  Reader in(ViewOf(input));
  FieldLoader fields(in);
  EngineOptions options;
  fields(options);
  if (!fields.ok() || !in.AtEnd()) return;
  ByteSink written;
  FieldSaver saver(written);
  saver(options);
  ORRERY_INVARIANT(TextOf(written.view()) == input);
}

// A snapshot is refused, or it is the state of an engine that gives another one
// of the same state.
void CheckSnapshot(std::string_view input, ValueMode values) {
  EngineOptions options;
  options.node_name = "fuzz";
  options.limits.key_segments = 4;
  Engine engine(options);
  if (!engine.LoadSnapshot(ViewOf(input), values)) return;
  const Engine::SnapshotOptions form = {.values = values,
                                        .index = Engine::IndexPart::kNone};
  ByteSink first;
  engine.SaveSnapshot(form, first);
  Engine other(options);
  ORRERY_INVARIANT(other.LoadSnapshot(first.view(), values));
  ORRERY_INVARIANT(other.StateDigest() == engine.StateDigest());
  ByteSink second;
  other.SaveSnapshot(form, second);
  ORRERY_INVARIANT(TextOf(first.view()) == TextOf(second.view()));
}

void Run(std::string_view input) {
  if (input.empty()) return;
  const auto kind = static_cast<uint8_t>(input[0]);
  input.remove_prefix(1);
  switch (kind % 7) {
    case 0:
      return CheckTrace(input);
    case 1:
      return CheckTrace(TraceOf(input));
    case 2:
      return CheckEvent(input, ValueMode::kWhole);
    case 3:
      return CheckEvent(input, ValueMode::kElided);
    case 4:
      return CheckOptions(input);
    case 5:
      return CheckSnapshot(input, ValueMode::kWhole);
    default:
      return CheckSnapshot(input, ValueMode::kElided);
  }
}

}  // namespace
}  // namespace orrery::sim

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  orrery::sim::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
