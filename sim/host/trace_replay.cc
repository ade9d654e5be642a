#include "sim/host/trace_replay.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <variant>

#include "absl/strings/str_format.h"
#include "core/base/bytes.h"
#include "core/protocol/effects.h"
#include "sim/host/clock.h"
#include "sim/host/event_text.h"
#include "sim/host/exit_codes.h"
#include "sim/trace/trace_reader.h"
#include "sim/trace/trace_replayer.h"
#include "sim/trace/trace_writer.h"

namespace orrery::sim {
namespace {

// A file in memory, read as it is needed.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status{};
    if (file >= 0 && fstat(file, &status) == 0 && status.st_size > 0) {
      size_ = static_cast<size_t>(status.st_size);
      data_ = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    }
    if (file >= 0) close(file);
  }
  ~MappedFile() {
    if (IsGood()) munmap(data_, size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  bool IsGood() const { return data_ != MAP_FAILED; }
  ByteView bytes() const {
    return {static_cast<const std::byte*>(data_), size_};
  }

 private:
  void* data_ = MAP_FAILED;
  size_t size_ = 0;
};

double Seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }

class TraceRun {
 public:
  explicit TraceRun(const TraceReplayOptions& options) : options_(options) {}

  int Run(ByteView trace) {
    TraceReader reader(trace);
    const int64_t begun_ms = MonotonicMs();
    while (true) {
      const TraceReader::Item item = reader.Next();
      if (const auto* end = std::get_if<TraceReader::End>(&item)) {
        return Tell(begun_ms, end->torn ? "its last frame is torn: the process "
                                          "was killed while it wrote"
                                        : "to its end");
      }
      if (const auto* error = std::get_if<TraceReader::Error>(&item)) {
        std::fprintf(stderr, "orrery sim: %s, at byte %zu: %s\n",
                     options_.path.c_str(), error->offset, error->what.c_str());
        return kExitUsage;
      }
      const auto* event = std::get_if<Event>(&item);
      if (event != nullptr && !Before(*event)) {
        return Tell(begun_ms, "stopped at --until");
      }
      const std::string wrong = replayer_.Take(item, reader);
      if (!wrong.empty()) return TellDifference(wrong);
      if (event != nullptr && options_.log) {
        PrintEffects(event->at.mono - first_);
      }
      if (const auto* start = std::get_if<TraceReader::Start>(&item)) {
        TellStart(*start);
      }
    }
  }

 private:
  void TellStart(const TraceReader::Start& start) const {
    std::printf("%s: node %s, %s\n", options_.path.c_str(),
                start.options.node_name.c_str(),
                start.form.values == ValueMode::kElided ? "values elided"
                                                        : "with values");
  }

  // False: the end of what was asked for.
  bool Before(const Event& event) {
    if (replayer_.events() == 0) first_ = event.at.mono;
    const Duration since = event.at.mono - first_;
    if (options_.until.ns != 0 && since > options_.until) return false;
    // Before the step: it may be the one that a process died of.
    if (options_.log) {
      std::printf("%s %s\n", TimeColumn(since).c_str(),
                  EventText(event).c_str());
    }
    last_ = event.at.mono;
    return true;
  }
  void PrintEffects(Duration since) const {
    const std::string time = TimeColumn(since);
    for (const std::string& line : EffectTexts(replayer_.effects())) {
      std::printf("%s   %s\n", time.c_str(), line.c_str());
    }
    for (const Note& note : replayer_.effects().notes) {
      std::printf("%s ** %s\n", time.c_str(), NoteText(note).c_str());
    }
  }

  int TellDifference(const std::string& wrong) const {
    std::printf(
        "%s\n",
        absl::StrFormat(
            "DIVERGES  after event %d, %.6f s after the start: %s.\n"
            "  Up to event %d of the process it did what was recorded.  --log "
            "--until shows what it does.",
            replayer_.checked(), Seconds((last_ - first_).ns), wrong,
            replayer_.checked())
            .c_str());
    return kExitNotDeterministic;
  }

  int Tell(int64_t begun_ms, const char* how) const {
    const double took =
        std::max(static_cast<double>(MonotonicMs() - begun_ms) / 1000.0, 0.001);
    const double recorded = Seconds((last_ - first_).ns);
    std::printf(
        "%s\n",
        absl::StrFormat(
            "%d events of %.1f s in %.2f s (%.0f times as fast), %s.\n"
            "%d checks of state and effects hold, up to event %d; %d "
            "snapshots.",
            replayer_.events(), recorded, took, recorded / took, how,
            replayer_.checks(), replayer_.checked(), replayer_.snapshots())
            .c_str());
    return kExitHeld;
  }

  TraceReplayOptions options_;
  TraceReplayer replayer_;
  Instant first_;
  Instant last_;
};

}  // namespace

bool IsTraceFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string begin(kTraceMagic.size(), '\0');
  file.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  return file.good() && begin == kTraceMagic;
}

int ReplayTrace(const TraceReplayOptions& options) {
  const MappedFile file(options.path);
  if (!file.IsGood()) {
    std::fprintf(stderr, "orrery sim: cannot read %s\n", options.path.c_str());
    return kExitUsage;
  }
  // A run that dies has told all that led to it.
  if (options.log) std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return TraceRun(options).Run(file.bytes());
}

}  // namespace orrery::sim
