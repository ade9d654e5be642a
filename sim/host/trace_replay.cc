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
#include <memory>
#include <string>
#include <variant>

#include "absl/strings/str_format.h"
#include "core/base/bytes.h"
#include "core/engine/engine.h"
#include "core/protocol/effects.h"
#include "sim/host/clock.h"
#include "sim/host/event_text.h"
#include "sim/host/exit_codes.h"
#include "sim/run_digest.h"
#include "sim/trace/trace_reader.h"
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
      TraceReader::Item item = reader.Next();
      if (auto* engine_options = std::get_if<EngineOptions>(&item)) {
        engine_ = std::make_unique<Engine>(*engine_options);
        std::printf("%s: node %s\n", options_.path.c_str(),
                    engine_options->node_name.c_str());
      } else if (auto* event = std::get_if<Event>(&item)) {
        if (!Step(*event)) return Tell(begun_ms, {}, "stopped at --until");
      } else if (const auto* check = std::get_if<TraceReader::Check>(&item)) {
        if (!Compare(*check)) return kExitNotDeterministic;
      } else if (const auto* end = std::get_if<TraceReader::End>(&item)) {
        return Tell(begun_ms, *end,
                    end->torn ? "its last frame is torn: the process was "
                                "killed while it wrote"
                              : "to its end");
      } else {
        const auto& error = std::get<TraceReader::Error>(item);
        std::fprintf(stderr, "orrery sim: %s, at byte %zu: %s\n",
                     options_.path.c_str(), error.offset, error.what.c_str());
        return kExitUsage;
      }
    }
  }

 private:
  // False: the end of what was asked for.
  bool Step(const Event& event) {
    if (events_ == 0) first_ = event.at.mono;
    const Duration since = event.at.mono - first_;
    if (options_.until.ns != 0 && since > options_.until) return false;
    if (options_.log) PrintEvent(since, event);
    effects_.Clear();
    engine_->Step(event, effects_);
    digest_.Add(event.at.mono, 0, event, effects_);
    ++events_;
    last_ = event.at.mono;
    if (options_.log) PrintEffects(since);
    return true;
  }

  // Before the step: it may be the one that a process died of.
  static void PrintEvent(Duration since, const Event& event) {
    std::printf("%s %s\n", TimeColumn(since).c_str(), EventText(event).c_str());
  }
  void PrintEffects(Duration since) const {
    const std::string time = TimeColumn(since);
    for (const std::string& line : EffectTexts(effects_)) {
      std::printf("%s   %s\n", time.c_str(), line.c_str());
    }
    for (const Note& note : effects_.notes) {
      std::printf("%s ** %s\n", time.c_str(), NoteText(note).c_str());
    }
  }

  bool Compare(const TraceReader::Check& recorded) {
    const TraceReader::Check here{.events = events_,
                                  .state = engine_->StateDigest(),
                                  .effects = digest_.value()};
    if (here == recorded) {
      ++checks_;
      checked_ = events_;
      return true;
    }
    std::printf(
        "%s\n",
        absl::StrFormat(
            "DIVERGES  between event %d and %d, %.6f s after the start: %s.\n"
            "  Up to event %d it did what was recorded.  --log --until shows "
            "what it does.",
            checked_, recorded.events, Seconds((last_ - first_).ns),
            here.events != recorded.events     ? "events are missing"
            : here.effects != recorded.effects ? "its effects differ"
                                               : "its state differs",
            checked_)
            .c_str());
    return false;
  }

  int Tell(int64_t begun_ms, const TraceReader::End&, const char* how) const {
    const double took =
        std::max(static_cast<double>(MonotonicMs() - begun_ms) / 1000.0, 0.001);
    const double recorded = Seconds((last_ - first_).ns);
    std::printf(
        "%s\n",
        absl::StrFormat(
            "%d events of %.1f s in %.2f s (%.0f times as fast), %s.\n"
            "%d checks of state and effects hold, up to event %d.",
            events_, recorded, took, recorded / took, how, checks_, checked_)
            .c_str());
    return kExitHeld;
  }

  TraceReplayOptions options_;
  std::unique_ptr<Engine> engine_;
  Effects effects_;
  RunDigest digest_;
  uint64_t events_ = 0;
  uint64_t checks_ = 0;
  uint64_t checked_ = 0;  // Events of the last check that held.
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
