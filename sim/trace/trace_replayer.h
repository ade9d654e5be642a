// sim/trace/trace_replayer.h
//
// TraceReplayer runs what a TraceReader reads on an engine of this program and
// compares: at every check the digests of state and effects, at every snapshot
// after the first all of the engine's state, byte by byte.
//
// Threading: one.  Cost: that of the engine's steps, and of a digest of their
// effects.

#ifndef ORRERY_SIM_TRACE_TRACE_REPLAYER_H_
#define ORRERY_SIM_TRACE_TRACE_REPLAYER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/byte_sink.h"
#include "core/engine/engine.h"
#include "core/protocol/effects.h"
#include "sim/run_digest.h"
#include "sim/trace/trace_reader.h"
#include "sim/trace/trace_writer.h"

namespace orrery::sim {

class TraceReplayer {
 public:
  // Takes the next item, neither End nor Error, of `reader`.  What is wrong, or
  // empty.
  std::string Take(const TraceReader::Item& item, const TraceReader& reader);

  // Of the last event.
  const Effects& effects() const { return effects_; }
  uint64_t events() const { return taken_; }
  uint64_t checks() const { return checks_; }
  uint64_t snapshots() const { return snapshots_; }
  // Number of the event, in the process, up to which all was compared.
  uint64_t checked() const { return checked_; }

 private:
  std::string OnSnapshot(const TraceReader::Snapshot& snapshot,
                         const TraceReader& reader);
  std::string Compare(const TraceReader::Check& recorded);

  TraceWriter::Form form_;
  std::unique_ptr<Engine> engine_;
  Effects effects_;
  RunDigest digest_;
  ByteSink state_;
  uint64_t events_ = 0;  // Of the process.
  uint64_t taken_ = 0;   // Of them here.
  uint64_t checks_ = 0;
  uint64_t checked_ = 0;
  uint64_t snapshots_ = 0;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_TRACE_TRACE_REPLAYER_H_
