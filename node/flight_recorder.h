// node/flight_recorder.h
//
// FlightRecorder remembers the last seconds of what the engine was given, with
// values elided, in a bounded memory that always begins at a snapshot of the
// engine's state.  It is dumped, as a trace that `orrery sim replay` runs, on
// request, on a failed invariant and on a fatal signal.
//
// A snapshot leaves the key index out: entries are written when they are first
// touched after it (Engine::WatchTouches).
//
// At a fatal signal only memory that is there is read, and nothing called but
// what may be called in a handler.  If the engine's own thread dies, the dump
// ends with the event that it died of.  If another one does, the engine may be
// anywhere: the memory is frozen, and the dump ends with the last whole step.
// One line on stderr says which file it is, or why there is none.
//
// Limits: DumpDirectory's; a snapshot takes a quarter of the memory at most,
// else the recorder ends, says so and gives its memory back.
//
// Threading: the engine's thread, but for fatal signals.
// Cost: the encoding of each event, a digest of its effects; a snapshot every
// few seconds, or whenever a quarter of the memory was filled since the last.

#ifndef ORRERY_NODE_FLIGHT_RECORDER_H_
#define ORRERY_NODE_FLIGHT_RECORDER_H_

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/base/time.h"
#include "core/engine/engine.h"
#include "core/protocol/effects.h"
#include "core/protocol/event.h"
#include "node/dump_directory.h"
#include "node/fatal_signals.h"
#include "node/flight_ring.h"
#include "sim/trace/trace_writer.h"

namespace orrery {

class FlightRecorder {
 public:
  struct Options {
    size_t memory_bytes = size_t{256} << 20;
    std::string directory;  // Made if it is not there.
    Duration snapshot_interval = 4 * kSecond;
  };

  // What cannot be had at the start.  One at a time in a process.
  static absl::StatusOr<std::unique_ptr<FlightRecorder>> Start(
      const Options& options, const EngineOptions& engine_options);
  ~FlightRecorder();
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  // Before and after the engine takes the event.
  void Add(const Event& event, Engine& engine);
  void AddEffects(const Event& event, const Effects& effects, Engine& engine);

  struct Dump {
    std::string file;
    uint64_t events = 0;
    uint64_t bytes = 0;
    WallTime first;
    WallTime last;
  };
  // Writes what is remembered into a new file.  ResourceExhausted: the
  // directory is full.  FailedPrecondition: the recorder has ended, and why.
  absl::StatusOr<Dump> DumpNow(Engine& engine, WallTime now);

  // An invariant failed, maybe in the step under way.  The file, or why there
  // is none or only a part of one; nothing is recorded any more.
  absl::StatusOr<std::string> DumpLastWords();

  // What the log must be told, once; Ok: nothing.
  absl::Status TakeFailure();

 private:
  FlightRecorder(const Options& options, const EngineOptions& engine_options);
  bool AppendPending(Engine& engine);
  void TakeSnapshot(Engine& engine);
  void EndBecause(const std::string& why, Engine& engine);
  void SetStepping(Engine* engine);

  // Signal-safe, from here on.
  struct CrashOutcome {
    const char* why_not = nullptr;  // nullptr: it was dumped.
    int error = 0;                  // Of the system; 0: it is not to blame.
  };
  CrashOutcome DumpToCrashFile();
  CrashOutcome WriteCrashFile(FlightRing::Part part, Engine* stepping);
  bool WriteAll(int file, FlightRing::Part part) const;
  void OnFatalSignal();

  Options options_;
  DumpDirectory directory_;
  FlightRing ring_;
  sim::TraceWriter writer_;
  ByteBuffer head_;  // Magic and start.
  std::string crash_path_;
  int spare_file_ = -1;  // For a process that has none left.
  pid_t engine_thread_;
  std::atomic<pid_t> dumper_ = 0;       // The thread that died; 0: none has.
  std::atomic<bool> was_told_ = false;  // What became of the dump.
  std::atomic<bool> ended_ = false;
  std::string why_ended_;
  absl::Status failure_;
  Instant snapshot_at_;
  uint64_t bytes_since_snapshot_ = 0;
  WallTime last_wall_;
  bool has_events_ = false;
  uint32_t dumps_ = 0;  // Made by this process.
  // While it takes an event, and until what it touched is encoded.
  std::atomic<Engine*> stepping_ = nullptr;
  std::optional<FatalSignals> signals_;  // Last: they look at all of this.
};

}  // namespace orrery

#endif  // ORRERY_NODE_FLIGHT_RECORDER_H_
