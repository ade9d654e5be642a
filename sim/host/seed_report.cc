#include "sim/host/seed_report.h"

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "sim/host/text.h"

namespace orrery::sim {
namespace {

uint64_t NumberOf(std::string_view text) {
  uint64_t number = 0;
  return ReadNumber(text, &number) ? number : 0;
}

}  // namespace

Violation DeathOf(const std::string& how, bool hung) {
  return {.oracle = "O0",
          .property = "invariant-or-crash",
          .sentence = hung ? "The run does not end." : how,
          .op = 0,
          .key = 0,
          .at = {}};
}

SeedReport ReportOf(uint64_t seed, const RunResult& result) {
  SeedReport report;
  report.seed = seed;
  report.digest = result.digest;
  report.events = result.events;
  report.simulated_ns = result.ended.ns;
  report.violations = result.violations;
  for (const PropertyResult& property : result.properties) {
    PropertyCount& count =
        report.properties[Cat(property.oracle, " ", property.property)];
    count.checked = property.checked;
    count.excused = property.excused;
    count.failed = property.failed;
    count.vacuous_seeds = property.checked == 0 ? 1 : 0;
    count.deviations = property.deviations;
    count.measured = property.measured ? 1 : 0;
  }
  for (const auto& [name, count] : result.tally.counts()) {
    report.tally[std::string(name)] = count;
  }
  for (const auto& [name, count] : result.marks.counts()) {
    report.marks[std::string(name)] = count;
  }
  for (const auto& [name, count] : result.excuses.counts()) {
    report.excuses[std::string(name)] = count;
  }
  return report;
}

std::string EncodeReport(const SeedReport& report) {
  std::string text =
      Cat("run\t", report.seed, "\t", report.digest, "\t", report.events, "\t",
          report.simulated_ns, "\t", report.run_twice ? 1 : 0, "\n");
  if (!report.divergence.empty()) {
    text += Cat("divergence\t", OneLine(report.divergence), "\n");
  }
  for (const Violation& violation : report.violations) {
    text += Cat("violation\t", violation.oracle, "\t", violation.property, "\t",
                violation.op, "\t", violation.key, "\t", violation.at.ns, "\t",
                violation.other, "\t", OneLine(violation.sentence), "\n");
  }
  for (const auto& [name, count] : report.properties) {
    text += Cat("property\t", name, "\t", count.checked, "\t", count.excused,
                "\t", count.failed, "\t", count.vacuous_seeds, "\t",
                count.deviations, "\t", count.measured, "\n");
  }
  for (const auto& [name, count] : report.tally) {
    text += Cat("tally\t", name, "\t", count, "\n");
  }
  for (const auto& [name, count] : report.marks) {
    text += Cat("mark\t", name, "\t", count, "\n");
  }
  for (const auto& [name, count] : report.excuses) {
    text += Cat("excuse\t", name, "\t", count, "\n");
  }
  return text;
}

std::optional<SeedReport> DecodeReport(std::string_view text) {
  SeedReport report;
  bool complete = false;
  for (const std::string_view line : Split(text, "\n")) {
    const std::vector<std::string_view> words = Split(line, "\t");
    if (words[0] == "run" && words.size() == 6) {
      report.seed = NumberOf(words[1]);
      report.digest = NumberOf(words[2]);
      report.events = NumberOf(words[3]);
      report.simulated_ns = static_cast<int64_t>(NumberOf(words[4]));
      report.run_twice = words[5] == "1";
      complete = true;
    } else if (words[0] == "divergence" && words.size() == 2) {
      report.divergence = words[1];
    } else if (words[0] == "violation" && words.size() == 8) {
      report.violations.push_back(
          {.oracle = std::string(words[1]),
           .property = std::string(words[2]),
           .sentence = std::string(words[7]),
           .op = static_cast<uint32_t>(NumberOf(words[3])),
           .key = static_cast<uint32_t>(NumberOf(words[4])),
           .at = {static_cast<int64_t>(NumberOf(words[5]))},
           .other = static_cast<uint32_t>(NumberOf(words[6]))});
    } else if (words[0] == "property" && words.size() == 8) {
      PropertyCount& count = report.properties[std::string(words[1])];
      count.checked = NumberOf(words[2]);
      count.excused = NumberOf(words[3]);
      count.failed = NumberOf(words[4]);
      count.vacuous_seeds = NumberOf(words[5]);
      count.deviations = NumberOf(words[6]);
      count.measured = NumberOf(words[7]);
    } else if (words[0] == "tally" && words.size() == 3) {
      report.tally[std::string(words[1])] = NumberOf(words[2]);
    } else if (words[0] == "mark" && words.size() == 3) {
      report.marks[std::string(words[1])] = NumberOf(words[2]);
    } else if (words[0] == "excuse" && words.size() == 3) {
      report.excuses[std::string(words[1])] = NumberOf(words[2]);
    }
  }
  if (!complete) return std::nullopt;
  return report;
}

}  // namespace orrery::sim
