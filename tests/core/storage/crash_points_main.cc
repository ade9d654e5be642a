// usage: crash_points [--histories A..B] [--pieces N] [--jobs N]
//                     [--done FILE] [--resume]
//
// `make crash-points`: every crash of short histories of a store
// (crash_points.h), one process a history.  What is done is noted in FILE; with
// --resume it is not done again.  Exit codes: 0 all held, 10 one did not, 2
// usage.

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/host/build_id.h"
#include "sim/host/child.h"
#include "sim/host/clock.h"
#include "sim/host/exit_codes.h"
#include "sim/host/interrupt.h"
#include "sim/host/text.h"
#include "tests/core/storage/crash_points.h"

namespace orrery {
namespace {

using sim::Cat;
using sim::Child;

struct Arguments {
  uint64_t first = 1;
  uint64_t last = 100;
  uint64_t pieces = 10;
  uint64_t jobs = 2;
  std::string done = "build/crash_points.done";
  bool resume = false;
};

struct Sums {
  uint64_t moments = 0;
  uint64_t sampled = 0;
  uint64_t recoveries = 0;

  void Add(const Sums& other) {
    moments += other.moments;
    sampled += other.sampled;
    recoveries += other.recoveries;
  }
};

bool ReadArguments(int argc, char** argv, Arguments* arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--resume") {
      arguments->resume = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const std::string_view value = argv[++i];
    if (name == "--done") {
      arguments->done = value;
    } else if (name == "--pieces") {
      if (!sim::ReadNumber(value, &arguments->pieces)) return false;
    } else if (name == "--jobs") {
      if (!sim::ReadNumber(value, &arguments->jobs)) return false;
    } else if (name == "--histories") {
      const auto ends = sim::Split(value, "..");
      if (!sim::ReadNumber(ends.front(), &arguments->first)) return false;
      if (!sim::ReadNumber(ends.back(), &arguments->last)) return false;
    } else {
      return false;
    }
  }
  return arguments->first >= 1 && arguments->first <= arguments->last &&
         arguments->pieces <= 16 && arguments->jobs >= 1 &&
         arguments->jobs <= 64;
}

// Lines "history moments sampled recoveries", behind one that says of what.
class DoneFile {
 public:
  DoneFile(const Arguments& arguments, std::map<uint64_t, Sums>* done)
      : path_(arguments.done),
        title_(Cat("crash-points 1 build ", sim::BuildId(), " pieces ",
                   arguments.pieces)) {
    if (arguments.resume && ReadOld(done)) return;
    std::ofstream(path_) << title_ << "\n";
  }

  void Note(uint64_t history, const Sums& sums) const {
    std::ofstream(path_, std::ios::app)
        << history << " " << sums.moments << " " << sums.sampled << " "
        << sums.recoveries << std::endl;
  }

 private:
  bool ReadOld(std::map<uint64_t, Sums>* done) const {
    std::ifstream file(path_);
    std::string title;
    std::getline(file, title);
    if (title != title_) {
      std::fprintf(stderr,
                   "crash points: %s is of another program or bound; all is "
                   "done again\n",
                   path_.c_str());
      return false;
    }
    uint64_t history = 0;
    Sums sums;
    while (file >> history >> sums.moments >> sums.sampled >> sums.recoveries) {
      (*done)[history] = sums;
    }
    return true;
  }

  std::string path_;
  std::string title_;
};

// A report as one line: moments, sampled, recoveries, failure.
void PlayInto(int out, uint64_t history, uint64_t pieces) {
  CrashPoints points(
      {.history = history, .pieces_max = static_cast<size_t>(pieces)});
  const CrashPoints::Report report = points.Play();
  sim::WriteAll(
      out, Cat(report.moments, "\t", report.sampled, "\t", report.recoveries,
               "\t", sim::OneLine(report.failure), "\n"));
}

class Campaign {
 public:
  explicit Campaign(const Arguments& arguments)
      : arguments_(arguments), done_file_(arguments, &done_) {
    started_ms_ = sim::MonotonicMs();
    for (const auto& [history, sums] : done_) sums_.Add(sums);
    resumed_ = done_.size();
  }

  int Run() {
    sim::CatchInterrupt();
    next_ = arguments_.first;
    while (!sim::Interrupted()) {
      StartSome();
      if (running_.empty()) break;
      HearSome();
      Show(false);
    }
    Show(true);
    std::printf("%zu histories, %" PRIu64 " moments (%" PRIu64
                " with more than %" PRIu64 " pieces, sampled), %" PRIu64
                " recoveries, %zu histories failed\n",
                done_.size() + failed_, sums_.moments, sums_.sampled,
                arguments_.pieces, sums_.recoveries, failed_);
    if (sim::Interrupted()) {
      std::printf("interrupted; go on with: make crash-points RESUME=1\n");
    }
    return failed_ == 0 ? sim::kExitHeld : sim::kExitViolated;
  }

 private:
  struct Running {
    uint64_t history;
    Child child;
  };

  void StartSome() {
    while (running_.size() < arguments_.jobs && next_ <= arguments_.last) {
      const uint64_t history = next_++;
      if (done_.contains(history)) continue;
      const uint64_t pieces = arguments_.pieces;
      running_.push_back({history, Child([history, pieces](int out) {
                            PlayInto(out, history, pieces);
                          })});
    }
  }

  void HearSome() {
    std::vector<pollfd> polls;
    polls.reserve(running_.size());
    for (const Running& one : running_) {
      polls.push_back({one.child.fd(), POLLIN, 0});
    }
    poll(polls.data(), polls.size(), 500);
    for (size_t i = polls.size(); i > 0; --i) {
      if (polls[i - 1].revents == 0) continue;
      if (running_[i - 1].child.ReadSome()) continue;
      Finish(running_[i - 1]);
      running_.erase(running_.begin() + static_cast<ptrdiff_t>(i - 1));
    }
  }

  void Finish(Running& one) {
    const std::string line = one.child.unread();
    const Child::Death death = one.child.Bury();
    if (!death.clean) {
      return Fail(
          Cat("history ", one.history, ": the process died: ", death.how));
    }
    const auto words = sim::Split(sim::Split(line, "\n").front(), "\t");
    Sums sums;
    if (words.size() != 4 || !sim::ReadNumber(words[0], &sums.moments) ||
        !sim::ReadNumber(words[1], &sums.sampled) ||
        !sim::ReadNumber(words[2], &sums.recoveries)) {
      return Fail(Cat("history ", one.history, ": no report"));
    }
    sums_.Add(sums);
    if (!words[3].empty()) return Fail(std::string(words[3]));
    done_[one.history] = sums;
    done_file_.Note(one.history, sums);
  }

  void Fail(const std::string& what) {
    ++failed_;
    std::printf("%sFAIL %s\n", isatty(STDOUT_FILENO) != 0 ? "\r" : "",
                what.c_str());
  }

  void Show(bool last) {
    const int64_t now = sim::MonotonicMs();
    const bool terminal = isatty(STDOUT_FILENO) != 0;
    const int64_t every = terminal ? 500 : 60'000;
    if (!last && now - shown_ms_ < every) return;
    shown_ms_ = now;
    const size_t all = arguments_.last - arguments_.first + 1;
    const size_t done = done_.size() + failed_;
    const size_t fresh = done - resumed_;
    const int64_t seconds = (now - started_ms_) / 1000;
    std::string bar(24, '-');
    std::fill_n(bar.begin(), std::min<size_t>(24, 24 * done / all), '#');
    std::string eta = "?";
    if (fresh > 0) {
      eta = Cat(
          static_cast<uint64_t>(seconds) * (all - std::min(all, done)) / fresh,
          "s");
    }
    std::printf("%s[%s] %zu/%zu histories  %" PRIu64 " recoveries  %" PRId64
                "s  ETA %s  failed %zu%s",
                terminal ? "\r" : "", bar.c_str(), done, all, sums_.recoveries,
                seconds, eta.c_str(), failed_,
                terminal && !last ? "   " : "\n");
    std::fflush(stdout);
  }

  Arguments arguments_;
  std::map<uint64_t, Sums> done_;
  DoneFile done_file_;
  std::vector<Running> running_;
  Sums sums_;
  uint64_t next_ = 1;
  size_t failed_ = 0;
  size_t resumed_ = 0;
  int64_t started_ms_ = 0;
  int64_t shown_ms_ = 0;
};

}  // namespace
}  // namespace orrery

int main(int argc, char** argv) {
  orrery::Arguments arguments;
  if (!orrery::ReadArguments(argc, argv, &arguments)) {
    std::fprintf(stderr,
                 "usage: %s [--histories A..B] [--pieces N, at most 16] "
                 "[--jobs N] [--done FILE] [--resume]\n",
                 argv[0]);
    return orrery::sim::kExitUsage;
  }
  return orrery::Campaign(arguments).Run();
}
