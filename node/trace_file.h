// node/trace_file.h
//
// TraceFile records what the engine of this process is given, for `orrery sim
// replay` (docs/simulation.md).  A way to catch a bug in the act, not a thing
// to leave on: the file grows with every event, and it is written on the
// engine's thread.  Values are in it only if asked for.
//
// A trace that cannot be written further ends; the node goes on.

#ifndef ORRERY_NODE_TRACE_FILE_H_
#define ORRERY_NODE_TRACE_FILE_H_

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/engine/engine.h"
#include "core/protocol/effects.h"
#include "core/protocol/event.h"
#include "sim/trace/trace_writer.h"

namespace orrery {

class TraceFile {
 public:
  // An existing file is not written over: it may be the trace of the crash.
  static absl::StatusOr<std::unique_ptr<TraceFile>> Create(
      const std::string& path, const EngineOptions& options, ValueMode values);
  ~TraceFile();
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  // Before and after the engine takes the event.
  void Add(const Event& event, const Engine& engine);
  void AddEffects(const Event& event, const Effects& effects,
                  const Engine& engine);
  // Whatever is not in the file yet.
  void Flush() { Write(true); }
  // The last check.
  void Finish(const Engine& engine);

  // Why the trace has ended, told once; Ok: it has not.
  absl::Status TakeFailure();

 private:
  TraceFile(std::FILE* file, std::string path, const EngineOptions& options,
            ValueMode values);
  void Write(bool all);

  std::FILE* file_;
  std::string path_;
  sim::TraceWriter writer_;
  absl::Status failure_;
  Instant written_at_;
};

}  // namespace orrery

#endif  // ORRERY_NODE_TRACE_FILE_H_
