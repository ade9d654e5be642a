#include "node/flight_recorder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

constexpr char kPrefix[] = "flight-";
constexpr char kSuffix[] = ".trace";
constexpr size_t kTouchedSlack = 64;
constexpr int kFatalSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

std::atomic<FlightRecorder*>& TheRecorder() {
  static std::atomic<FlightRecorder*> recorder = nullptr;
  return recorder;
}

absl::Status Failed(const char* what, const std::string& path) {
  return absl::UnavailableError(
      absl::StrCat(what, " ", path, ": ", std::strerror(errno)));
}

bool WriteWhole(int file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(file, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(wrote));
  }
  return true;
}

// Dumps in the directory; the empty crash files of processes that were killed
// are removed.
size_t CountDumps(const std::string& directory) {
  DIR* open = opendir(directory.c_str());
  if (open == nullptr) return 0;
  size_t dumps = 0;
  while (const dirent* entry = readdir(open)) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    const std::string path = absl::StrCat(directory, "/", entry->d_name);
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) continue;
    if (status.st_size == 0) {
      unlink(path.c_str());
    } else {
      ++dumps;
    }
  }
  closedir(open);
  return dumps;
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
  if (mkdir(options.directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return Failed("flight recorder:", options.directory);
  }
  const absl::Status opened = recorder->OpenCrashFile();
  if (!opened.ok()) return opened;
  recorder->CatchSignals();
  return recorder;
}

FlightRecorder::FlightRecorder(const Options& options,
                               const EngineOptions& engine_options)
    : options_(options),
      ring_(options.memory_bytes),
      writer_(engine_options, {.digest = sim::RunDigest::Of::kShape}) {
  const ByteView head = writer_.pending();
  head_.assign(head.begin(), head.end());
  writer_.ClearPending();
}

FlightRecorder::~FlightRecorder() {
  if (TheRecorder() == this) {
    TheRecorder() = nullptr;
    for (const int number : kFatalSignals) std::signal(number, SIG_DFL);
  }
  if (crash_file_ < 0) return;
  close(crash_file_);
  if (!dumped_) unlink(crash_path_.c_str());
}

// With kDumpsMax there a process that dies at every start would fill the disk.
absl::Status FlightRecorder::OpenCrashFile() {
  if (CountDumps(options_.directory) >= kDumpsMax) {
    failure_ = absl::ResourceExhaustedError(absl::StrCat(
        options_.directory, " holds ", kDumpsMax,
        " dumps: a crash of this process is not dumped; remove some"));
    return absl::OkStatus();
  }
  crash_path_ = absl::StrCat(options_.directory, "/", kPrefix, "crash-",
                             time(nullptr), "-", getpid(), kSuffix);
  crash_file_ =
      open(crash_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (crash_file_ < 0) return Failed("flight recorder:", crash_path_);
  return absl::OkStatus();
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
  AppendPending();
  stepping_ = &engine;
}

void FlightRecorder::AddEffects(const Event& event, const Effects& effects,
                                Engine& engine) {
  stepping_ = nullptr;
  if (ended_) return;
  writer_.AddEffects(event, effects, engine);
  writer_.AddTouched(engine);
  AppendPending();
  const bool is_time =
      event.at.mono - snapshot_at_ >= options_.snapshot_interval ||
      ring_.segment_bytes() > options_.memory_bytes / 4;
  if (!is_time) return;
  snapshot_at_ = event.at.mono;
  TakeSnapshot(engine);
}

void FlightRecorder::TakeSnapshot(Engine& engine) {
  ring_.Begin(writer_.events(), last_wall_.ns);
  writer_.Snapshot(engine);
  const size_t bytes = writer_.pending().size();
  if (bytes > options_.memory_bytes / 4) {
    return EndBecause(absl::StrCat("a snapshot of ", bytes,
                                   " bytes takes more than a quarter of "
                                   "--trace-memory"));
  }
  AppendPending();
}

void FlightRecorder::AppendPending() {
  if (!ring_.Append(writer_.pending())) {
    EndBecause("what is between two snapshots has no room in --trace-memory");
  }
  writer_.ClearPending();
}

void FlightRecorder::EndBecause(const std::string& why) {
  ended_ = true;
  failure_ =
      absl::ResourceExhaustedError(absl::StrCat("flight recorder: ", why));
}

absl::StatusOr<FlightRecorder::Dump> FlightRecorder::DumpNow(Engine& engine,
                                                             WallTime now) {
  if (ended_) {
    return absl::FailedPreconditionError(
        "the flight recorder has ended; the log says why");
  }
  if (CountDumps(options_.directory) >= kDumpsMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat(options_.directory, " holds ", kDumpsMax,
                     " dumps already; remove some"));
  }
  writer_.Check(engine);
  AppendPending();
  Dump dump{
      .file = absl::StrCat(options_.directory, "/", kPrefix,
                           now.ns / kMillisecond.ns, "-", ++dumps_, kSuffix),
      .events = writer_.events() - ring_.oldest().events,
      .bytes = head_.size() + ring_.size(),
      .first = {ring_.oldest().wall_ns},
      .last = last_wall_};
  const int file =
      open(dump.file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return Failed("cannot write", dump.file);
  const bool wrote = WriteAll(file);
  if (close(file) != 0 || !wrote) {
    const absl::Status failed = Failed("cannot write", dump.file);
    unlink(dump.file.c_str());
    return failed;
  }
  return dump;
}

bool FlightRecorder::WriteAll(int file) const {
  if (!WriteWhole(file, head_)) return false;
  for (const ByteView piece : ring_.Pieces()) {
    if (!WriteWhole(file, piece)) return false;
  }
  return true;
}

void FlightRecorder::DumpToCrashFile() {
  if (crash_file_ < 0 || ended_ || dumped_.exchange(true)) return;
  // What the step that is dying has touched so far, if it can be encoded
  // without asking for memory.
  if (stepping_ != nullptr &&
      stepping_->TouchedBytes() + kTouchedSlack < sim::kTracePendingBytes) {
    writer_.ClearPending();
    writer_.AddTouched(*stepping_);
    static_cast<void>(ring_.Append(writer_.pending()));
  }
  ring_.Freeze();
  static_cast<void>(WriteAll(crash_file_));
}

std::string FlightRecorder::DumpLastWords(Engine& engine) {
  if (crash_file_ < 0 || ended_ || dumped_) return {};
  stepping_ = &engine;
  DumpToCrashFile();
  return crash_path_;
}

absl::Status FlightRecorder::TakeFailure() {
  return std::exchange(failure_, absl::OkStatus());
}

void FlightRecorder::CatchSignals() {
  TheRecorder() = this;
  struct sigaction action{};
  action.sa_handler = OnFatalSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  sigemptyset(&action.sa_mask);
  for (const int number : kFatalSignals) sigaction(number, &action, nullptr);
}

// The handler is reset before it runs, so that the second time is the end.
void FlightRecorder::OnFatalSignal(int signal) {
  FlightRecorder* recorder = TheRecorder();
  if (recorder != nullptr) recorder->DumpToCrashFile();
  raise(signal);
}

}  // namespace orrery
