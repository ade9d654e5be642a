#include "sim/host/worker.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/host/run_chain.h"
#include "sim/host/text.h"
#include "sim/swarm.h"
#include "sim/world.h"

namespace orrery::sim {
namespace {

// Ends each report on the pipe; no report contains it.
constexpr std::string_view kEndOfReport = "end\n\n";
constexpr size_t kErrorTextMax = 64 << 10;

void WriteText(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(fd, text.data(), text.size());
    if (wrote <= 0) _exit(1);
    text.remove_prefix(static_cast<size_t>(wrote));
  }
}

SeedReport RunSeed(const CampaignOptions& options, uint64_t seed) {
  const Scenario scenario = SwarmScenario(seed, options.profile);
  const RunOptions run_options;
  const RunResult result = World(scenario, run_options).Run();
  SeedReport report = ReportOf(seed, result);
  if (options.check_every != 0 && seed % options.check_every == 0) {
    report.run_twice = true;
    report.divergence =
        CompareWithSecondRun(scenario, run_options, result.digest);
  }
  return report;
}

[[noreturn]] void Work(const CampaignOptions& options, Board* board,
                       uint32_t slot, int pipe) {
  // Ctrl-C is the campaign's to handle.
  signal(SIGINT, SIG_IGN);
  Board::Slot& mine = board->slots[slot];
  while (board->stop.load() == 0) {
    const uint64_t seed = board->next_seed.fetch_add(1);
    if (seed > options.last) break;
    mine.since_ms.store(MonotonicMs());
    mine.seed.store(seed);
    const SeedReport report = RunSeed(options, seed);
    WriteText(pipe, Cat(EncodeReport(report), kEndOfReport));
    mine.seed.store(0);
  }
  _exit(0);
}

// The line of a dead worker's stderr that says why.
std::string CauseIn(std::string_view text) {
  std::string last;
  for (const std::string_view line : Split(text, "\n")) {
    if (line.empty()) continue;
    if ((line.find("invariant") != std::string_view::npos) ||
        (line.find("ERROR:") != std::string_view::npos) ||
        (line.find("runtime error") != std::string_view::npos)) {
      return std::string(line);
    }
    last = std::string(line);
  }
  return last;
}

}  // namespace

Board* MakeBoard(uint64_t first_seed) {
  void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("orrery sim: mmap");
    std::exit(1);
  }
  Board* board = new (memory) Board{};
  board->next_seed.store(first_seed);
  return board;
}

int64_t MonotonicMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

Worker::Worker(const CampaignOptions& options, Board* board, uint32_t slot)
    : slot_(slot) {
  int ends[2];
  errors_ = memfd_create("orrery-sim-worker", MFD_CLOEXEC);
  if (pipe(ends) != 0 || errors_ < 0) {
    std::perror("orrery sim: pipe");
    std::exit(1);
  }
  board->slots[slot].seed.store(0);
  std::fflush(nullptr);
  process_ = fork();
  if (process_ < 0) {
    std::perror("orrery sim: fork");
    std::exit(1);
  }
  if (process_ == 0) {
    close(ends[0]);
    dup2(errors_, STDERR_FILENO);
    Work(options, board, slot, ends[1]);
  }
  close(ends[1]);
  pipe_ = ends[0];
}

Worker::Worker(Worker&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      pipe_(std::exchange(other.pipe_, -1)),
      errors_(std::exchange(other.errors_, -1)),
      slot_(other.slot_),
      unread_(std::move(other.unread_)) {}

Worker& Worker::operator=(Worker&& other) noexcept {
  Close();
  process_ = std::exchange(other.process_, -1);
  pipe_ = std::exchange(other.pipe_, -1);
  errors_ = std::exchange(other.errors_, -1);
  slot_ = other.slot_;
  unread_ = std::move(other.unread_);
  return *this;
}

Worker::~Worker() { Close(); }

void Worker::Close() {
  if (pipe_ >= 0) close(pipe_);
  if (errors_ >= 0) close(errors_);
  pipe_ = -1;
  errors_ = -1;
}

bool Worker::ReadSome() {
  char buffer[65536];
  const ssize_t got = read(pipe_, buffer, sizeof(buffer));
  if (got <= 0) return false;
  unread_.append(buffer, static_cast<size_t>(got));
  return true;
}

std::optional<SeedReport> Worker::NextReport() {
  const size_t end = unread_.find(kEndOfReport);
  if (end == std::string::npos) return std::nullopt;
  std::optional<SeedReport> report =
      DecodeReport(std::string_view(unread_).substr(0, end));
  unread_.erase(0, end + kEndOfReport.size());
  return report;
}

void Worker::Kill() { kill(process_, SIGKILL); }

Worker::Death Worker::Bury() {
  int status = 0;
  waitpid(process_, &status, 0);
  Death death;
  death.clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (death.clean) return death;
  std::string text(kErrorTextMax, '\0');
  const ssize_t got = pread(errors_, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  death.how = CauseIn(text);
  if (death.how.empty()) {
    death.how = WIFSIGNALED(status) ? Cat("signal ", WTERMSIG(status))
                                    : Cat("exit code ", WEXITSTATUS(status));
  }
  return death;
}

}  // namespace orrery::sim
