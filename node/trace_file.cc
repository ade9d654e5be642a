#include "node/trace_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

// Written in pieces of this size, or after this time: what a killed process may
// lose of its trace.
constexpr size_t kPieceBytes = 64 << 10;
constexpr Duration kPieceTime = 100 * kMillisecond;

}  // namespace

absl::StatusOr<std::unique_ptr<TraceFile>> TraceFile::Create(
    const std::string& path, const EngineOptions& options, ValueMode values) {
  std::FILE* file = std::fopen(path.c_str(), "wbxe");
  if (file == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("--record ", path, ": ", std::strerror(errno)));
  }
  std::setvbuf(file, nullptr, _IONBF, 0);
  auto trace =
      std::unique_ptr<TraceFile>(new TraceFile(file, path, options, values));
  trace->Flush();
  return trace;
}

TraceFile::TraceFile(std::FILE* file, std::string path,
                     const EngineOptions& options, ValueMode values)
    : file_(file),
      path_(std::move(path)),
      writer_(options, {.values = values}) {}

TraceFile::~TraceFile() {
  Write(true);
  if (file_ != nullptr) std::fclose(file_);
}

void TraceFile::Add(const Event& event, const Engine& engine) {
  if (file_ != nullptr) writer_.Add(event, engine);
}

void TraceFile::AddEffects(const Event& event, const Effects& effects,
                           const Engine& engine) {
  if (file_ == nullptr) return;
  writer_.AddEffects(event, effects, engine);
  const bool is_time = event.at.mono - written_at_ > kPieceTime;
  if (is_time) written_at_ = event.at.mono;
  Write(is_time);
}

void TraceFile::Finish(const Engine& engine) {
  if (file_ == nullptr) return;
  writer_.Check(engine);
  Write(true);
}

void TraceFile::Write(bool all) {
  const ByteView pending = writer_.pending();
  if (file_ == nullptr || pending.size() == 0) return;
  if (!all && pending.size() < kPieceBytes) return;
  const size_t wrote = std::fwrite(pending.data(), 1, pending.size(), file_);
  if (wrote != pending.size()) {
    failure_ = absl::UnavailableError(
        absl::StrCat(path_, ": ", std::strerror(errno), "; it ends at event ",
                     writer_.events()));
    std::fclose(file_);
    file_ = nullptr;
  }
  writer_.ClearPending();
}

absl::Status TraceFile::TakeFailure() {
  return std::exchange(failure_, absl::OkStatus());
}

}  // namespace orrery
