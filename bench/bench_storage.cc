// usage: bench_storage [--scale F] [--repeats N] [--index-keys N]
//                      [--subjects a,b] [--directory DIR]
//
// The storage engine (core/storage over transport/disk) against raw loops of
// the same disk, in one run.  What was measured goes to stdout as JSON, how far
// it is to stderr; scripts/bench_storage.py makes the table of it.  DIR is
// where a directory for all files is made and removed again.  Exit codes: 0
// measured, 1 something failed, 2 usage.

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "bench/measurement.h"
#include "bench/raw_file.h"
#include "bench/subject.h"

namespace orrery::bench {
namespace {

struct Choice {
  const char* name;
  std::unique_ptr<Subject> (*make)(const BenchOptions& options);
};
constexpr Choice kChoices[] = {
    {"unsynced", MakeUnsyncedWrites}, {"synced", MakeSyncedWrites},
    {"recovery", MakeRecovery},       {"reads", MakeReads},
    {"amplification", MakeAmplification},
};

class ScratchDirectory {
 public:
  explicit ScratchDirectory(const std::string& parent)
      : path_(parent + "/bench-storage-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) {
      Fail("cannot make a directory in " + parent +
           "; name another with --directory");
    }
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void Run(BenchOptions options, const std::vector<std::string>& names,
         int repeats) {
  const ScratchDirectory scratch(options.directory);
  options.directory = scratch.path();
  std::vector<std::pair<std::string, std::unique_ptr<Subject>>> subjects;
  for (const Choice& choice : kChoices) {
    const bool is_wanted =
        names.empty() ||
        std::find(names.begin(), names.end(), choice.name) != names.end();
    if (is_wanted) subjects.emplace_back(choice.name, choice.make(options));
  }
  Measurement results;
  // On a terminal one line that is written over.
  const bool is_terminal = ::isatty(STDERR_FILENO) != 0;
  const char* begin = is_terminal ? "\r\033[K" : "";
  const char* end = is_terminal ? "" : "\n";
  const Stopwatch watch;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (auto& [name, subject] : subjects) {
      std::fprintf(stderr, "%s%4.0f s: repeat %d of %d, %s%s", begin,
                   watch.Seconds(), repeat + 1, repeats, name.c_str(), end);
      subject->Repeat(repeat, results);
    }
  }
  std::fprintf(stderr, "%s%4.0f s\n", begin, watch.Seconds());
  std::fputs(results.Json().c_str(), stdout);
}

int Main(int argc, char** argv) {
  BenchOptions options{.directory = "."};
  std::vector<std::string> names;
  int repeats = 5;
  std::vector<std::string> known;
  for (const Choice& choice : kChoices) known.emplace_back(choice.name);
  CLI::App app{"The storage engine against raw loops of the same disk."};
  app.add_option("--scale", options.scale, "times the usual amount of data")
      ->check(CLI::Range(0.001, 1000.0));
  app.add_option("--repeats", repeats)->check(CLI::Range(1, 100));
  app.add_option("--index-keys", options.index_keys,
                 "keys of the index whose memory and start are measured")
      ->check(CLI::Range(uint64_t{1000}, uint64_t{100'000'000}));
  app.add_option("--subjects", names)
      ->delimiter(',')
      ->check(CLI::IsMember(known));
  app.add_option("--directory", options.directory,
                 "where files are made and removed again");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  Run(options, names, repeats);
  return 0;
}

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) { return orrery::bench::Main(argc, argv); }
