#include "sim/host/sim_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/checkers/all_checkers.h"
#include "sim/host/ablation.h"
#include "sim/host/campaign.h"
#include "sim/host/checkpoint.h"
#include "sim/host/diff.h"
#include "sim/host/exit_codes.h"
#include "sim/host/explain.h"
#include "sim/host/formats.h"
#include "sim/host/golden.h"
#include "sim/host/interrupt.h"
#include "sim/host/large_heap.h"
#include "sim/host/progress.h"
#include "sim/host/replay.h"
#include "sim/host/show.h"
#include "sim/host/shrink.h"
#include "sim/host/text.h"
#include "sim/host/trace_replay.h"
#include "sim/host/whole_file.h"
#include "sim/scenario_text.h"
#include "sim/settings.h"
#include "sim/swarm.h"

namespace orrery {
namespace {

using sim::Profile;

struct Arguments {
  std::string seeds = "1..100";
  std::string profile = "swarm";
  std::string check = "1/20";
  std::string from;
  std::string until;
  std::string file;
  std::vector<std::string> files;
  std::vector<std::string> without;
  std::string only;
  sim::CampaignOptions campaign;
  sim::ReplayOptions replay;
  sim::ShowOptions show;
  sim::ShrinkOptions shrink;
  bool resume = false;
  std::string minimal;  // Where the shrunk scenario goes.
  uint64_t seed = 0;
  std::optional<uint32_t> node;
};

int Usage(const std::string& what) {
  std::fprintf(stderr, "orrery sim: %s\n", what.c_str());
  return sim::kExitUsage;
}

// "A..B" or "A".
bool ReadSeeds(std::string_view text, sim::CampaignOptions* options) {
  const std::vector<std::string_view> ends = sim::Split(text, "..");
  if (ends.size() > 2) return false;
  if (!sim::ReadNumber(ends.front(), &options->first)) return false;
  if (!sim::ReadNumber(ends.back(), &options->last)) return false;
  return options->first > 0 && options->first <= options->last;
}

// False, and said: it is given and is no time.
bool ReadTimeOption(const char* flag, const std::string& text, Duration* time) {
  if (text.empty() || sim::ReadTime(text, time)) return true;
  Usage(std::string(flag) + " wants a time such as 12s, not " + text);
  return false;
}

uint32_t Cores() {
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores > 0 ? static_cast<uint32_t>(cores) : 1;
}

// False: there is one, and it cannot be used.
bool LoadCheckpoint(const sim::CampaignOptions& options,
                    std::optional<sim::Checkpoint>* checkpoint) {
  const std::string path = sim::CheckpointPath(options);
  const std::optional<std::string> text = sim::ReadWholeFile(path);
  if (!text.has_value()) {
    std::printf("There is no %s: beginning at seed %s.\n", path.c_str(),
                std::to_string(options.first).c_str());
    return true;
  }
  auto decoded = sim::DecodeCheckpoint(options, *text);
  if (const auto* wrong = std::get_if<std::string>(&decoded)) {
    Usage(path + " " + *wrong);
    return false;
  }
  *checkpoint = std::get<sim::Checkpoint>(std::move(decoded));
  std::printf("Going on at seed %s.\n",
              std::to_string((*checkpoint)->next_seed).c_str());
  return true;
}

std::string ProfileNames() {
  std::string names;
  for (const Profile profile : sim::AllProfiles()) {
    if (!names.empty()) names += ", ";
    names += sim::NameOf(profile);
  }
  return names;
}

int NoProfile(const std::string& name) {
  return Usage("no profile " + name + "; there are " + ProfileNames());
}

// False, and said: something is to be left out that no seed has.
bool ReadWithout(const std::vector<std::string>& names,
                 sim::CampaignOptions* options) {
  constexpr uint64_t kSeedsLookedAt = 200;
  if (names.empty()) return true;
  std::set<std::string> known;
  for (const sim::Checker& checker : sim::AllCheckers()) {
    known.insert(std::string(checker.oracle));
  }
  known.insert("O0");
  const uint64_t end =
      std::min(options->last, options->first + kSeedsLookedAt - 1);
  for (uint64_t seed = options->first; seed <= end; ++seed) {
    known.merge(
        sim::RemovableNames(sim::SwarmScenario(seed, options->profile)));
  }
  for (const std::string& name : names) {
    if (known.contains(name)) continue;
    std::string all;
    for (const std::string& each : known) all += " " + each;
    Usage("--without " + name +
          ": the first seeds have no such thing; they have" + all);
    return false;
  }
  options->without = sim::Ablation({names.begin(), names.end()});
  return true;
}

int RunSeeds(Arguments& arguments) {
  sim::CampaignOptions& options = arguments.campaign;
  const std::optional<Profile> profile = sim::ProfileOf(arguments.profile);
  if (!profile.has_value()) return NoProfile(arguments.profile);
  options.profile = *profile;
  if (!ReadSeeds(arguments.seeds, &options)) {
    return Usage("--seeds wants A..B, not " + arguments.seeds);
  }
  sim::Ratio check;
  if (!sim::ReadRatio(arguments.check, &check)) {
    return Usage("--check-determinism wants 1/N, not " + arguments.check);
  }
  options.check_every = check.num == 0 ? 0 : check.den / check.num;
  if (!ReadWithout(arguments.without, &options)) return sim::kExitUsage;
  std::optional<sim::Checkpoint> from;
  if (arguments.resume && !LoadCheckpoint(options, &from)) {
    return sim::kExitUsage;
  }
  const sim::CampaignSummary summary =
      sim::RunCampaign(options, from.has_value() ? &*from : nullptr);
  sim::PrintSummary(options, summary);
  if (options.shrink) sim::ExplainFindings(options, summary);
  return sim::ExitCodeOf(options, summary);
}

int ReplayOne(Arguments& arguments) {
  if (!ReadTimeOption("--until", arguments.until, &arguments.replay.until)) {
    return sim::kExitUsage;
  }
  arguments.replay.node = arguments.node;
  if (!arguments.file.empty() && sim::IsTraceFile(arguments.file)) {
    if (arguments.replay.step) {
      return Usage("--step is for scenarios; a trace has --log and --until");
    }
    return sim::ReplayTrace({.path = arguments.file,
                             .log = arguments.replay.log,
                             .until = arguments.replay.until});
  }
  if (!arguments.file.empty()) {
    const std::optional<sim::Scenario> scenario =
        sim::LoadScenario(arguments.file);
    if (!scenario.has_value()) return sim::kExitUsage;
    arguments.replay.name = arguments.file;
    return sim::Replay(*scenario, arguments.replay);
  }
  const std::optional<Profile> profile = sim::ProfileOf(arguments.profile);
  if (!profile.has_value()) return NoProfile(arguments.profile);
  if (arguments.seed == 0) return Usage("replay wants FILE or --seed N");
  arguments.replay.name = "seed " + std::to_string(arguments.seed);
  return sim::Replay(sim::SwarmScenario(arguments.seed, *profile),
                     arguments.replay);
}

// "x.txt" with ".min.txt" -> "x.min.txt"
std::string WithEnding(const std::string& file, std::string_view ending) {
  constexpr std::string_view kText = ".txt";
  const bool ends = file.ends_with(kText);
  return file.substr(0, file.size() - (ends ? kText.size() : 0)) +
         std::string(ending);
}

int ShrinkOne(Arguments& arguments) {
  const std::optional<sim::Scenario> scenario =
      sim::LoadScenario(arguments.file);
  if (!scenario.has_value()) return sim::kExitUsage;
  sim::CatchInterrupt();
  arguments.shrink.name = arguments.file;
  const std::optional<sim::Shrunk> shrunk =
      sim::Shrink(*scenario, "", arguments.shrink);
  if (!shrunk.has_value()) {
    return Usage(arguments.file + " fails no oracle: nothing to shrink");
  }
  const std::string path = arguments.minimal.empty()
                               ? WithEnding(arguments.file, ".min.txt")
                               : arguments.minimal;
  std::printf("%s\n", shrunk->signature.c_str());
  if (!sim::WriteMinimal(*shrunk, arguments.file, path)) {
    return sim::kExitUnexpected;
  }
  sim::PrintShrunk(*shrunk, path);
  return sim::kExitViolated;
}

int ShowOne(Arguments& arguments) {
  if (!ReadTimeOption("--from", arguments.from, &arguments.show.from) ||
      !ReadTimeOption("--until", arguments.until, &arguments.show.until)) {
    return sim::kExitUsage;
  }
  const std::optional<sim::Scenario> scenario =
      sim::LoadScenario(arguments.file);
  if (!scenario.has_value()) return sim::kExitUsage;
  arguments.show.name = arguments.file;
  if (arguments.show.out.empty()) {
    const sim::ShowFormat* format = sim::ShowFormatOf(arguments.show.format);
    arguments.show.out = WithEnding(
        arguments.file, format == nullptr ? ".html" : format->ending);
  }
  return sim::Show(*scenario, arguments.show);
}

int DiffTwo(const Arguments& arguments) {
  std::vector<sim::NamedScenario> named;
  for (const std::string& file : arguments.files) {
    std::optional<sim::Scenario> scenario = sim::LoadScenario(file);
    if (!scenario.has_value()) return sim::kExitUsage;
    named.push_back({file, *std::move(scenario)});
  }
  return sim::Diff(named[0], named[1]);
}

int PrintOne(const Arguments& arguments) {
  const std::optional<Profile> profile = sim::ProfileOf(arguments.profile);
  if (!profile.has_value()) return NoProfile(arguments.profile);
  const std::string text =
      sim::PrintScenario(sim::SwarmScenario(arguments.seed, *profile));
  std::fwrite(text.data(), 1, text.size(), stdout);
  return sim::kExitHeld;
}

void AddProfile(CLI::App* verb, Arguments& arguments, const char* what) {
  verb->add_option("--profile", arguments.profile,
                   std::string(what) + ": " + ProfileNames())
      ->capture_default_str();
}

CLI::App* AddRun(CLI::App& app, Arguments& arguments) {
  CLI::App* run = app.add_subcommand("run", "Run a range of seeds");
  run->add_option("--seeds", arguments.seeds, "A..B")->capture_default_str();
  AddProfile(run, arguments, "What the seeds are like");
  run->add_option("--jobs", arguments.campaign.jobs, "Forked workers")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  run->add_option("--check-determinism", arguments.check,
                  "Share of the seeds that are run twice, 1/N; 0/1: none")
      ->capture_default_str();
  run->add_option("--stop-after", arguments.campaign.stop_after,
                  "Stop after so many failing seeds");
  run->add_option("--time-limit", arguments.campaign.time_limit_s,
                  "Stop after so many seconds; --resume goes on")
      ->check(CLI::NonNegativeNumber);
  run->add_option("--hang-after", arguments.campaign.hang_after_s,
                  "A seed that takes so many seconds hangs, and fails")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  run->add_option("--without", arguments.without,
                  "Leave out: an oracle (O4), a kind of step (crash, "
                  "disk.stall), a kind of noise (udp.loss); can be repeated");
  run->add_option("--out", arguments.campaign.out,
                  "Directory for the scenarios of failing seeds")
      ->capture_default_str();
  run->add_flag("--resume", arguments.resume,
                "Go on where the same campaign was stopped");
  run->add_flag("!--no-shrink", arguments.campaign.shrink,
                "Do not make one seed of each failure small at the end");
  return run;
}

CLI::App* AddReplay(CLI::App& app, Arguments& arguments) {
  CLI::App* replay = app.add_subcommand("replay", "Run one scenario again");
  replay->add_option("file", arguments.file,
                     "Scenario text, or the trace of `orrery node --record`");
  replay->add_option("--seed", arguments.seed, "Instead of a file");
  AddProfile(replay, arguments, "Of --seed");
  replay->add_flag("--log", arguments.replay.log, "Print every event");
  replay->add_option("--node", arguments.node, "Log only this node");
  replay->add_option("--until", arguments.until, "Stop at this time");
  replay->add_flag("--step", arguments.replay.step,
                   "Print one event (of --node) at a time; Enter goes on");
  replay->add_flag("--twice", arguments.replay.twice,
                   "Run it twice and compare");
  return replay;
}

CLI::App* AddShrink(CLI::App& app, Arguments& arguments) {
  CLI::App* shrink = app.add_subcommand(
      "shrink", "Make a failing scenario small; it still fails the same way");
  shrink->add_option("file", arguments.file, "Scenario text")->required();
  shrink->add_option("--jobs", arguments.shrink.jobs, "Runs at a time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  shrink->add_option("--runs", arguments.shrink.runs_max, "At most so many")
      ->capture_default_str();
  shrink
      ->add_option_function<int64_t>(
          "--time-limit",
          [&arguments](int64_t seconds) {
            arguments.shrink.ms_max = seconds * 1000;
          },
          "Seconds, 60 if not said")
      ->check(CLI::Range(1, 86'400));
  shrink->add_option("--out", arguments.minimal,
                     "Where to write it; FILE with .min.txt if not said");
  return shrink;
}

CLI::App* AddShow(CLI::App& app, Arguments& arguments) {
  CLI::App* show = app.add_subcommand(
      "show", "Run a scenario and write what happened, to be looked at");
  show->add_option("file", arguments.file, "Scenario text")->required();
  show->add_option("--out", arguments.show.out,
                   "Where to write it; FILE with an ending of the format if "
                   "not said");
  show->add_option("--format", arguments.show.format,
                   "What for: " + sim::ShowFormatNames())
      ->capture_default_str();
  show->add_option("--from", arguments.from, "Show only from this time on");
  show->add_option("--until", arguments.until, "And only up to this one");
  return show;
}

CLI::App* AddDiff(CLI::App& app, Arguments& arguments) {
  CLI::App* diff = app.add_subcommand(
      "diff", "Find the first event at which two runs differ");
  diff->add_option("files", arguments.files, "Two scenario texts")
      ->required()
      ->expected(2);
  return diff;
}

CLI::App* AddPrint(CLI::App& app, Arguments& arguments) {
  CLI::App* print = app.add_subcommand(
      "print-scenario", "Print the scenario that a seed stands for");
  print->add_option("--seed", arguments.seed)->required();
  AddProfile(print, arguments, "Of the seed");
  return print;
}

CLI::App* AddGolden(CLI::App& app, Arguments& arguments) {
  CLI::App* golden = app.add_subcommand(
      "golden", "Print the digests of committed scenarios, one line each");
  golden->add_option("files", arguments.files, "Packs, as in tests/golden")
      ->required();
  golden->add_option("--only", arguments.only, "The golden of this name");
  return golden;
}

}  // namespace

int RunSimCommand(int argc, char** argv) {
  Arguments arguments;
  arguments.campaign.jobs = Cores();
  arguments.shrink.jobs = Cores();
  CLI::App app{"Runs simulated clusters under faults and judges them.",
               "orrery sim"};
  app.require_subcommand(1);

  const CLI::App* run = AddRun(app, arguments);
  const CLI::App* replay = AddReplay(app, arguments);
  const CLI::App* shrink = AddShrink(app, arguments);
  const CLI::App* show = AddShow(app, arguments);
  const CLI::App* diff = AddDiff(app, arguments);
  const CLI::App* print = AddPrint(app, arguments);
  AddGolden(app, arguments);

  if (argc >= 2 && argv[1][0] != '-') {
    const auto all = app.get_subcommands([](const CLI::App*) { return true; });
    const bool is_known = std::any_of(
        all.begin(), all.end(),
        [argv](const CLI::App* verb) { return verb->get_name() == argv[1]; });
    if (!is_known) {
      return Usage(std::string("there is no verb ") + argv[1] +
                   "; see orrery sim --help");
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : sim::kExitUsage;
  }
  sim::UseLargeHeap();
  if (run->parsed()) return RunSeeds(arguments);
  if (replay->parsed()) return ReplayOne(arguments);
  if (shrink->parsed()) return ShrinkOne(arguments);
  if (show->parsed()) return ShowOne(arguments);
  if (diff->parsed()) return DiffTwo(arguments);
  if (print->parsed()) return PrintOne(arguments);
  return sim::RunGoldens(arguments.files, arguments.only);
}

}  // namespace orrery
