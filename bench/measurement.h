// bench/measurement.h
//
// What was measured: for each row the value of every repeat and, where there is
// one, the value that a raw loop of the disk reached in the same repeat.

#ifndef ORRERY_BENCH_MEASUREMENT_H_
#define ORRERY_BENCH_MEASUREMENT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace orrery::bench {

// Monotonic, and processor time of the calling thread.
int64_t NowNs();
int64_t ThreadCpuNs();

class Stopwatch {
 public:
  double Seconds() const {
    return static_cast<double>(NowNs() - begin_ns_) / 1e9;
  }

 private:
  int64_t begin_ns_ = NowNs();
};

// Durations of many like things.
class Latencies {
 public:
  void Add(int64_t ns) { ns_.push_back(ns); }
  size_t count() const { return ns_.size(); }
  // The least that `share` of them did not exceed; 1: the longest.
  // REQUIRES: there is one.
  double Microseconds(double share);

 private:
  std::vector<int64_t> ns_;
};

class Measurement {
 public:
  // One repeat's value of a row, in the unit that its name ends with.
  void Add(const std::string& row, double value,
           std::optional<double> raw = std::nullopt);
  // {"row": {"value": [..], "raw": [..]}, ..}
  std::string Json() const;

 private:
  struct Row {
    std::vector<double> value;
    std::vector<double> raw;
  };
  std::map<std::string, Row> rows_;
};

}  // namespace orrery::bench

#endif  // ORRERY_BENCH_MEASUREMENT_H_
