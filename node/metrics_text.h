// node/metrics_text.h
//
// MetricsText appends metrics in Prometheus' text exposition format, version
// 0.0.4.  The numbers live where they are counted; a scrape copies them here.

#ifndef ORRERY_NODE_METRICS_TEXT_H_
#define ORRERY_NODE_METRICS_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transport/http/latency_histogram.h"

namespace orrery {

class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  // Begins a family; its samples follow.
  void Counter(std::string_view name, std::string_view help);
  void Gauge(std::string_view name, std::string_view help);
  void Histogram(std::string_view name, std::string_view help);

  void Sample(uint64_t value, const Labels& labels = {});
  // In seconds.  REQUIRES: the family is a histogram.
  void Latency(const LatencyHistogram& latency, const Labels& labels);

  // A family of one sample.
  void OneCounter(std::string_view name, std::string_view help, uint64_t value);
  void OneGauge(std::string_view name, std::string_view help, uint64_t value);
  void OneSignedGauge(std::string_view name, std::string_view help,
                      int64_t value);

  std::string Take() { return std::move(text_); }

 private:
  void Begin(std::string_view name, std::string_view help,
             std::string_view type);
  void Name(std::string_view suffix, const Labels& labels,
            std::string_view less_or_equal);

  std::string family_;
  std::string text_;
};

}  // namespace orrery

#endif  // ORRERY_NODE_METRICS_TEXT_H_
