#include "sim/host/checkpoint.h"

#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/host/build_id.h"
#include "sim/host/text.h"

namespace orrery::sim {
namespace {

constexpr std::string_view kFirstLine = "orrery-campaign 1";
constexpr std::string_view kLastLine = "end";

// What a checkpoint must have in common with the campaign that goes on.
std::string IdentityLine(const CampaignOptions& options) {
  return Cat("campaign\t", NameOf(options.profile), "\t", options.first, "\t",
             options.last, "\t", options.check_every, "\t", BuildId(),
             options.without.empty() ? "" : "\twithout ",
             options.without.Text());
}

std::string FindingLine(std::string_view kind, const Finding& finding) {
  const Violation& violation = finding.violation;
  return Cat(kind, "\t", finding.seed, "\t", finding.digest, "\t",
             violation.oracle, "\t", violation.property, "\t", violation.op,
             "\t", violation.key, "\t", violation.at.ns, "\t", finding.others,
             "\t", OneLine(violation.sentence), "\n");
}

void MarkLines(std::string_view kind,
               const std::map<std::string, MarkCount>& counts,
               std::string* text) {
  for (const auto& [name, count] : counts) {
    *text += Cat(kind, "\t", name, "\t", count.fired, "\t", count.seeds, "\n");
  }
}

using Words = std::vector<std::string_view>;

// Reads words as numbers; false if one is none.
bool ReadNumbers(const Words& words, size_t first,
                 const std::vector<uint64_t*>& numbers) {
  if (words.size() < first + numbers.size()) return false;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (!ReadNumber(words[first + i], numbers[i])) return false;
  }
  return true;
}

bool ReadFinding(const Words& words, std::vector<Finding>* findings) {
  if (words.size() != 10) return false;
  Finding finding;
  uint64_t op = 0;
  uint64_t key = 0;
  uint64_t at = 0;
  uint64_t others = 0;
  if (!ReadNumbers(words, 1, {&finding.seed, &finding.digest}) ||
      !ReadNumbers(words, 5, {&op, &key, &at, &others})) {
    return false;
  }
  finding.violation = {.oracle = std::string(words[3]),
                       .property = std::string(words[4]),
                       .sentence = std::string(words[9]),
                       .op = static_cast<uint32_t>(op),
                       .key = static_cast<uint32_t>(key),
                       .at = {static_cast<int64_t>(at)}};
  finding.others = others;
  findings->push_back(std::move(finding));
  return true;
}

bool ReadMark(const Words& words, std::map<std::string, MarkCount>* counts) {
  MarkCount& count = (*counts)[std::string(words[1])];
  return words.size() == 4 &&
         ReadNumbers(words, 2, {&count.fired, &count.seeds});
}

bool ReadSums(const Words& words, CampaignSummary* summary) {
  uint64_t simulated = 0;
  uint64_t elapsed = 0;
  uint64_t slowest = 0;
  if (words.size() != 8 ||
      !ReadNumbers(words, 1,
                   {&summary->seeds, &summary->run_twice, &summary->events,
                    &simulated, &elapsed, &summary->slowest_seed, &slowest})) {
    return false;
  }
  summary->simulated_ns = static_cast<int64_t>(simulated);
  summary->elapsed_ms = static_cast<int64_t>(elapsed);
  summary->slowest_ms = static_cast<int64_t>(slowest);
  return true;
}

bool ReadLine(const Words& words, Checkpoint* checkpoint) {
  CampaignSummary& summary = checkpoint->summary;
  const std::string_view kind = words[0];
  if (words.size() < 2) return false;
  if (kind == "sums") return ReadSums(words, &summary);
  if (kind == "next") return ReadNumbers(words, 1, {&checkpoint->next_seed});
  if (kind == "ahead") {
    uint64_t seed = 0;
    if (!ReadNumbers(words, 1, {&seed})) return false;
    checkpoint->ahead.insert(seed);
    return true;
  }
  if (kind == "finding") return ReadFinding(words, &summary.findings);
  if (kind == "divergence") return ReadFinding(words, &summary.divergences);
  if (kind == "property") {
    PropertyCount& count = summary.properties[std::string(words[1])];
    return ReadNumbers(
        words, 2,
        {&count.checked, &count.excused, &count.failed, &count.vacuous_seeds,
         &count.deviations, &count.measured});
  }
  if (kind == "tally") return ReadMark(words, &summary.tally);
  if (kind == "mark") return ReadMark(words, &summary.marks);
  if (kind == "excuse") return ReadMark(words, &summary.excuses);
  return false;
}

}  // namespace

std::string EncodeCheckpoint(const CampaignOptions& options,
                             const Checkpoint& checkpoint) {
  const CampaignSummary& sums = checkpoint.summary;
  std::string text = Cat(kFirstLine, "\n", IdentityLine(options), "\n");
  text += Cat("next\t", checkpoint.next_seed, "\n");
  for (const uint64_t seed : checkpoint.ahead) {
    text += Cat("ahead\t", seed, "\n");
  }
  text += Cat("sums\t", sums.seeds, "\t", sums.run_twice, "\t", sums.events,
              "\t", sums.simulated_ns, "\t", sums.elapsed_ms, "\t",
              sums.slowest_seed, "\t", sums.slowest_ms, "\n");
  for (const Finding& finding : sums.findings) {
    text += FindingLine("finding", finding);
  }
  for (const Finding& finding : sums.divergences) {
    text += FindingLine("divergence", finding);
  }
  for (const auto& [name, count] : sums.properties) {
    text += Cat("property\t", name, "\t", count.checked, "\t", count.excused,
                "\t", count.failed, "\t", count.vacuous_seeds, "\t",
                count.deviations, "\t", count.measured, "\n");
  }
  MarkLines("tally", sums.tally, &text);
  MarkLines("mark", sums.marks, &text);
  MarkLines("excuse", sums.excuses, &text);
  text += Cat(kLastLine, "\n");
  return text;
}

std::variant<Checkpoint, std::string> DecodeCheckpoint(
    const CampaignOptions& options, std::string_view text) {
  const std::vector<std::string_view> lines = Split(text, "\n");
  if (lines[0] != kFirstLine) return "is no checkpoint of a campaign";
  if (lines.size() < 4 || lines[lines.size() - 2] != kLastLine) {
    return "is cut short";
  }
  const std::string identity = IdentityLine(options);
  if (lines[1] != identity) {
    return Cat("is of another campaign or another build: it has \"",
               OneLine(lines[1]), "\", this is \"", OneLine(identity), "\"");
  }
  Checkpoint checkpoint;
  for (size_t i = 2; i + 2 < lines.size(); ++i) {
    if (!ReadLine(Split(lines[i], "\t"), &checkpoint)) {
      return Cat("has a malformed line ", i + 1);
    }
  }
  if (checkpoint.next_seed < options.first)
    return "does not say where to go on";
  return checkpoint;
}

std::string CheckpointPath(const CampaignOptions& options) {
  return Cat(options.out, "/campaign-", NameOf(options.profile), "-",
             options.first, "-", options.last, ".checkpoint");
}

bool SaveCheckpoint(const CampaignOptions& options,
                    const Checkpoint& checkpoint) {
  mkdir(options.out.c_str(), 0777);
  const std::string path = CheckpointPath(options);
  const std::string fresh = path + ".new";
  {
    std::ofstream file(fresh, std::ios::trunc);
    file << EncodeCheckpoint(options, checkpoint);
    file.flush();
    if (!file.good()) return false;
  }
  return std::rename(fresh.c_str(), path.c_str()) == 0;
}

}  // namespace orrery::sim
