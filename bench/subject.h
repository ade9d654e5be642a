// bench/subject.h
//
// What is measured, a class each.  Each takes its turn in every repeat, so that
// what else the machine does meets all of them, and measures the raw loop that
// it is compared with beside itself.

#ifndef ORRERY_BENCH_SUBJECT_H_
#define ORRERY_BENCH_SUBJECT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "bench/measurement.h"

namespace orrery::bench {

struct BenchOptions {
  std::string directory;  // For all files; empty at first.
  double scale = 1;       // Of the amount of data and of operations.
  uint64_t index_keys = 1'000'000;

  // At least `least`, so that every row has something to say.
  uint64_t Scaled(uint64_t count, uint64_t least) const {
    const auto scaled = static_cast<uint64_t>(static_cast<double>(count) * scale);
    return scaled < least ? least : scaled;
  }
};

class Subject {
 public:
  virtual ~Subject() = default;
  // REQUIRES: called with 0, 1, 2, ...
  virtual void Repeat(int repeat, Measurement& results) = 0;
};

// Puts that are acknowledged when written: large and small ones, and the
// longest wait for one.
std::unique_ptr<Subject> MakeUnsyncedWrites(const BenchOptions& options);
// Puts that are acknowledged when synced: many writers, and one.
std::unique_ptr<Subject> MakeSyncedWrites(const BenchOptions& options);
// Starts: by scanning data, and after a clean stop; memory of the index.
std::unique_ptr<Subject> MakeRecovery(const BenchOptions& options);
// Gets, with and without compaction beside them; disk reads per get.
std::unique_ptr<Subject> MakeReads(const BenchOptions& options);
// Bytes written and kept per byte put, once: they are counts.
std::unique_ptr<Subject> MakeAmplification(const BenchOptions& options);

}  // namespace orrery::bench

#endif  // ORRERY_BENCH_SUBJECT_H_
