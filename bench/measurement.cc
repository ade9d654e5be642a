#include "bench/measurement.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/invariant.h"

namespace orrery::bench {
namespace {

int64_t ReadClockNs(clockid_t clock) {
  timespec now{};
  ORRERY_INVARIANT(::clock_gettime(clock, &now) == 0);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string List(const std::vector<double>& values) {
  return absl::StrCat("[", absl::StrJoin(values, ", "), "]");
}

}  // namespace

int64_t NowNs() { return ReadClockNs(CLOCK_MONOTONIC); }
int64_t ThreadCpuNs() { return ReadClockNs(CLOCK_THREAD_CPUTIME_ID); }

double Latencies::Microseconds(double share) {
  ORRERY_INVARIANT(!ns_.empty());
  const double count = static_cast<double>(ns_.size());
  const auto rank = static_cast<size_t>(std::ceil(share * count));
  const size_t index = std::clamp<size_t>(rank, 1, ns_.size()) - 1;
  const auto place = ns_.begin() + static_cast<ptrdiff_t>(index);
  std::nth_element(ns_.begin(), place, ns_.end());
  return static_cast<double>(*place) / 1e3;
}

void Measurement::Add(const std::string& row, double value,
                      std::optional<double> raw) {
  Row& found = rows_[row];
  found.value.push_back(value);
  if (raw.has_value()) found.raw.push_back(*raw);
}

std::string Measurement::Json() const {
  std::vector<std::string> rows;
  for (const auto& [name, row] : rows_) {
    rows.push_back(absl::StrCat("  \"", name, "\": {\"value\": ",
                                List(row.value), ", \"raw\": ", List(row.raw),
                                "}"));
  }
  return absl::StrCat("{\n", absl::StrJoin(rows, ",\n"), "\n}\n");
}

}  // namespace orrery::bench
