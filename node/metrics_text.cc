#include "node/metrics_text.h"

#include <array>
#include <charconv>

namespace orrery {
namespace {

struct Bound {
  std::string_view text;  // Seconds.
  Duration limit;
};
// From a cached local read to a request that gave up.
constexpr std::array<Bound, 14> kBounds = {{{"0.00005", 50 * kMicrosecond},
                                            {"0.0001", 100 * kMicrosecond},
                                            {"0.00025", 250 * kMicrosecond},
                                            {"0.0005", 500 * kMicrosecond},
                                            {"0.001", kMillisecond},
                                            {"0.0025", 2500 * kMicrosecond},
                                            {"0.005", 5 * kMillisecond},
                                            {"0.01", 10 * kMillisecond},
                                            {"0.025", 25 * kMillisecond},
                                            {"0.05", 50 * kMillisecond},
                                            {"0.1", 100 * kMillisecond},
                                            {"0.5", 500 * kMillisecond},
                                            {"1", kSecond},
                                            {"5", 5 * kSecond}}};

void AppendEscaped(std::string_view value, std::string* out) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out->push_back('\\');
    if (c == '\n') {
      out->append("\\n");
    } else {
      out->push_back(c);
    }
  }
}

}  // namespace

void MetricsText::Begin(std::string_view name, std::string_view help,
                        std::string_view type) {
  family_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help);
  text_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void MetricsText::Counter(std::string_view name, std::string_view help) {
  Begin(name, help, "counter");
}
void MetricsText::Gauge(std::string_view name, std::string_view help) {
  Begin(name, help, "gauge");
}
void MetricsText::Histogram(std::string_view name, std::string_view help) {
  Begin(name, help, "histogram");
}

void MetricsText::Name(std::string_view suffix, const Labels& labels,
                       std::string_view less_or_equal) {
  text_.append(family_).append(suffix);
  char separator = '{';
  const auto append = [&](std::string_view name, std::string_view value) {
    text_.push_back(separator);
    text_.append(name).append("=\"");
    AppendEscaped(value, &text_);
    text_.push_back('"');
    separator = ',';
  };
  for (const auto& [name, value] : labels) append(name, value);
  if (!less_or_equal.empty()) append("le", less_or_equal);
  if (separator == ',') text_.push_back('}');
  text_.push_back(' ');
}

void MetricsText::Sample(uint64_t value, const Labels& labels) {
  Name("", labels, "");
  text_.append(std::to_string(value)).append("\n");
}

void MetricsText::Latency(const LatencyHistogram& latency,
                          const Labels& labels) {
  for (const Bound& bound : kBounds) {
    Name("_bucket", labels, bound.text);
    text_.append(std::to_string(latency.CountUpTo(bound.limit))).append("\n");
  }
  Name("_bucket", labels, "+Inf");
  text_.append(std::to_string(latency.count())).append("\n");
  Name("_sum", labels, "");
  std::array<char, 32> digits;
  const double seconds =
      static_cast<double>(latency.sum().ns) / static_cast<double>(kSecond.ns);
  const auto result =
      std::to_chars(digits.data(), digits.data() + digits.size(), seconds);
  text_.append(digits.data(), result.ptr).append("\n");
  Name("_count", labels, "");
  text_.append(std::to_string(latency.count())).append("\n");
}

void MetricsText::OneCounter(std::string_view name, std::string_view help,
                             uint64_t value) {
  Counter(name, help);
  Sample(value);
}

void MetricsText::OneGauge(std::string_view name, std::string_view help,
                           uint64_t value) {
  Gauge(name, help);
  Sample(value);
}

void MetricsText::OneSignedGauge(std::string_view name, std::string_view help,
                                 int64_t value) {
  Gauge(name, help);
  Name("", {}, "");
  text_.append(std::to_string(value)).append("\n");
}

}  // namespace orrery
