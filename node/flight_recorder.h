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
// At a fatal signal only memory that is there is read, and write(2) called on a
// file that was opened at the start; it lies in the directory as long as the
// process lives, empty.
//
// Limits: kDumpsMax dumps in the directory, then no more are made; a snapshot
// takes a quarter of the memory at most, else the recorder ends and says so.
//
// Threading: the engine's thread, but for fatal signals.
// Cost: the encoding of each event, a digest of its effects; every few seconds
// a snapshot.

#ifndef ORRERY_NODE_FLIGHT_RECORDER_H_
#define ORRERY_NODE_FLIGHT_RECORDER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/byte_sink.h"
#include "core/base/time.h"
#include "core/engine/engine.h"
#include "core/protocol/effects.h"
#include "core/protocol/event.h"
#include "node/flight_ring.h"
#include "sim/trace/trace_writer.h"

namespace orrery {

class FlightRecorder {
 public:
  static constexpr size_t kDumpsMax = 8;

  struct Options {
    size_t memory_bytes = size_t{256} << 20;
    std::string directory;  // Made if it is not there.
    Duration snapshot_interval = 4 * kSecond;
  };

  // What cannot be had at the start.  One at a time in a process.
  static absl::StatusOr<std::unique_ptr<FlightRecorder>> Start(
      const Options& options, const EngineOptions& engine_options);
  // A crash file that nothing was written to is removed.
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
  // Writes what is remembered into a new file.  ResourceExhausted: there are
  // kDumpsMax already.  FailedPrecondition: the recorder has ended.
  absl::StatusOr<Dump> DumpNow(Engine& engine, WallTime now);

  // An invariant failed in the step under way.  Its name; empty: none.
  std::string DumpLastWords(Engine& engine);

  // Why it has ended, told once; Ok: it has not.
  absl::Status TakeFailure();

 private:
  FlightRecorder(const Options& options, const EngineOptions& engine_options);
  absl::Status OpenCrashFile();
  void AppendPending();
  void TakeSnapshot(Engine& engine);
  void EndBecause(const std::string& why);
  // Signal-safe.
  bool WriteAll(int file) const;
  void DumpToCrashFile();
  void CatchSignals();
  static void OnFatalSignal(int signal);

  Options options_;
  FlightRing ring_;
  sim::TraceWriter writer_;
  ByteBuffer head_;  // Magic and start.
  std::string crash_path_;
  int crash_file_ = -1;
  std::atomic<bool> dumped_ = false;
  bool ended_ = false;
  absl::Status failure_;
  Instant snapshot_at_;
  WallTime last_wall_;
  bool has_events_ = false;
  uint32_t dumps_ = 0;          // Made by this process.
  Engine* stepping_ = nullptr;  // While it takes an event.
};

}  // namespace orrery

#endif  // ORRERY_NODE_FLIGHT_RECORDER_H_
