#include "node/flight_recorder.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

// Of the frame around what was touched.
constexpr size_t kTouchedSlack = 64;

absl::Status CannotWrite(const std::string& path, int error) {
  return absl::UnavailableError(
      absl::StrCat("cannot write ", path, ": ", std::strerror(error)));
}

bool WriteWhole(int file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(file, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote == 0) errno = ENOSPC;
    if (wrote <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(wrote));
  }
  return true;
}

// The log cannot be used in a handler.
void SayOnStderr(std::string_view text) {
  static_cast<void>(WriteWhole(STDERR_FILENO, ViewOf(text)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<FlightRecorder>> FlightRecorder::Start(
    const Options& options, const EngineOptions& engine_options) {
  auto recorder = std::unique_ptr<FlightRecorder>(
      new FlightRecorder(options, engine_options));
  if (!recorder->ring_.IsGood()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("flight recorder: no ", options.memory_bytes,
                     " bytes of memory; see --trace-memory"));
  }
  const absl::Status made = recorder->directory_.Make();
  if (!made.ok()) return made;
  if (recorder->directory_.IsFull()) {
    recorder->failure_ = absl::ResourceExhaustedError(
        absl::StrCat(options.directory, " holds ", DumpDirectory::kDumpsMax,
                     " dumps: until some are removed, a crash of this process "
                     "is not dumped"));
  }
  recorder->signals_.emplace(
      [](void* self) { static_cast<FlightRecorder*>(self)->OnFatalSignal(); },
      recorder.get());
  return recorder;
}

FlightRecorder::FlightRecorder(const Options& options,
                               const EngineOptions& engine_options)
    : options_(options),
      directory_(options.directory),
      ring_(options.memory_bytes),
      writer_(engine_options, {.digest = sim::RunDigest::Of::kShape}),
      crash_path_(directory_.PathOf(
          absl::StrCat("crash-", time(nullptr), "-", getpid()))),
      spare_file_(open("/dev/null", O_RDONLY | O_CLOEXEC)),
      engine_thread_(gettid()) {
  const ByteView head = writer_.pending();
  head_.assign(head.begin(), head.end());
  writer_.ClearPending();
}

FlightRecorder::~FlightRecorder() {
  signals_.reset();
  if (spare_file_ >= 0) close(spare_file_);
}

void FlightRecorder::Add(const Event& event, Engine& engine) {
  if (ended_) return;
  if (!has_events_) {
    has_events_ = true;
    snapshot_at_ = event.at.mono;
    ring_.Begin(0, event.at.wall.ns);
  }
  last_wall_ = event.at.wall;
  writer_.Add(event, engine);
  if (AppendPending(engine)) SetStepping(&engine);
}

void FlightRecorder::AddEffects(const Event& event, const Effects& effects,
                                Engine& engine) {
  if (ended_) return;
  SetStepping(nullptr);
  writer_.AddEffects(event, effects, engine);
  writer_.AddTouched(engine);
  if (!AppendPending(engine)) return;
  ring_.Commit();
  const bool is_time =
      event.at.mono - snapshot_at_ >= options_.snapshot_interval ||
      bytes_since_snapshot_ > options_.memory_bytes / 4;
  if (!is_time) return;
  snapshot_at_ = event.at.mono;
  TakeSnapshot(engine);
}

// A handler that interrupts this thread sees it before what comes next.
void FlightRecorder::SetStepping(Engine* engine) {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  stepping_.store(engine, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

// Its own bytes do not count as filled since: a large one would soon be
// followed by the next.
void FlightRecorder::TakeSnapshot(Engine& engine) {
  ring_.Begin(writer_.events(), last_wall_.ns);
  writer_.Snapshot(engine);
  const size_t bytes = writer_.pending().size();
  if (bytes > options_.memory_bytes / 4) {
    return EndBecause(absl::StrCat("a snapshot of ", bytes,
                                   " bytes takes more than a quarter of "
                                   "--trace-memory"),
                      engine);
  }
  if (!AppendPending(engine)) return;
  ring_.Commit();
  bytes_since_snapshot_ = 0;
}

bool FlightRecorder::AppendPending(Engine& engine) {
  const size_t bytes = writer_.pending().size();
  if (!ring_.Append(writer_.pending())) {
    EndBecause("what is between two snapshots has no room in --trace-memory",
               engine);
    return false;
  }
  bytes_since_snapshot_ += bytes;
  writer_.ClearPending();
  return true;
}

void FlightRecorder::EndBecause(const std::string& why, Engine& engine) {
  why_ended_ = absl::StrCat("the flight recorder has ended: ", why);
  failure_ = absl::ResourceExhaustedError(why_ended_);
  ended_ = true;
  engine.StopWatching();
  ring_.Release();
  writer_.ClearPending();
}

absl::StatusOr<FlightRecorder::Dump> FlightRecorder::DumpNow(Engine& engine,
                                                             WallTime now) {
  if (!ended_ && directory_.IsFull()) {
    return absl::ResourceExhaustedError(
        absl::StrCat(options_.directory, " holds ", DumpDirectory::kDumpsMax,
                     " dumps already; remove some"));
  }
  if (!ended_) {
    writer_.Check(engine);
    if (AppendPending(engine)) ring_.Commit();
  }
  if (ended_) {
    return absl::FailedPreconditionError(
        absl::StrCat(why_ended_, "; start the node again, with more of it"));
  }
  Dump dump{.file = directory_.PathOf(
                absl::StrCat(now.ns / kMillisecond.ns, "-", ++dumps_)),
            .events = writer_.events() - ring_.oldest().events,
            .bytes = head_.size() + ring_.size(),
            .first = {ring_.oldest().wall_ns},
            .last = last_wall_};
  const int file = directory_.Create(dump.file.c_str());
  if (file < 0) return CannotWrite(dump.file, errno);
  int error = WriteAll(file, FlightRing::Part::kCommitted) ? 0 : errno;
  if (close(file) != 0 && error == 0) error = errno;
  if (error == 0) return dump;
  unlink(dump.file.c_str());
  return CannotWrite(dump.file, error);
}

absl::StatusOr<std::string> FlightRecorder::DumpLastWords() {
  const CrashOutcome outcome = DumpToCrashFile();
  was_told_ = true;
  if (outcome.why_not == nullptr) return crash_path_;
  return absl::UnavailableError(
      outcome.error == 0 ? std::string(outcome.why_not)
                         : absl::StrCat(outcome.why_not, ": ", crash_path_,
                                        ": ", std::strerror(outcome.error)));
}

absl::Status FlightRecorder::TakeFailure() {
  return std::exchange(failure_, absl::OkStatus());
}

// By the first thread that dies.  Others wait for it to end the process.
FlightRecorder::CrashOutcome FlightRecorder::DumpToCrashFile() {
  const pid_t self = gettid();
  const bool is_engine_thread = self == engine_thread_;
  pid_t dumper = 0;
  if (!dumper_.compare_exchange_strong(dumper, self)) {
    if (dumper == self) return {"it died again while it was dumped"};
    if (is_engine_thread) ring_.AbandonWriting();
    while (true) pause();
  }
  ring_.Freeze();
  if (!is_engine_thread && !ring_.AwaitWriter()) {
    return {"the engine's thread is stuck in writing what it was given"};
  }
  if (ended_) return {"the flight recorder had ended before"};
  if (spare_file_ >= 0) close(std::exchange(spare_file_, -1));
  if (directory_.IsFull()) return {"there are as many dumps as there may be"};
  // Another thread died: the engine goes on, and its step is no whole one yet.
  Engine* stepping = is_engine_thread ? stepping_.load() : nullptr;
  return WriteCrashFile(stepping == nullptr ? FlightRing::Part::kCommitted
                                            : FlightRing::Part::kAll,
                        stepping);
}

FlightRecorder::CrashOutcome FlightRecorder::WriteCrashFile(
    FlightRing::Part part, Engine* stepping) {
  const int file = directory_.Create(crash_path_.c_str());
  if (file < 0) return {"no file could be made", errno};
  if (!WriteAll(file, part)) {
    return {"only a part could be written", errno};
  }
  // What the step that is dying has touched so far, if it can be encoded
  // without asking for memory; without it its replay may end otherwise.  At the
  // end, as a signal from outside may have come while that was changed.
  if (stepping != nullptr &&
      stepping->TouchedBytes() + kTouchedSlack < sim::kTracePendingBytes) {
    writer_.AddTouched(*stepping);
    if (!WriteWhole(file, writer_.pending())) {
      return {"only a part could be written", errno};
    }
  }
  if (close(file) != 0) return {"only a part may be written", errno};
  return {};
}

bool FlightRecorder::WriteAll(int file, FlightRing::Part part) const {
  if (!WriteWhole(file, head_)) return false;
  for (const ByteView piece : ring_.Pieces(part)) {
    if (!WriteWhole(file, piece)) return false;
  }
  return true;
}

void FlightRecorder::OnFatalSignal() {
  if (was_told_) return;  // An invariant failed before, or it died again.
  const CrashOutcome outcome = DumpToCrashFile();
  was_told_ = true;
  if (outcome.why_not == nullptr) {
    SayOnStderr("error event=trace_dumped file=");
    SayOnStderr(crash_path_);
  } else {
    std::array<char, 16> error{};
    std::to_chars(error.data(), error.data() + error.size(), outcome.error);
    SayOnStderr("error event=trace_not_dumped errno=");
    SayOnStderr(error.data());
    SayOnStderr(" why=\"");
    SayOnStderr(outcome.why_not);
    SayOnStderr("\"");
  }
  SayOnStderr("\n");
}

}  // namespace orrery
