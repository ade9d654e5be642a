#include "sim/host/checkpoint.h"

#include <string>
#include <variant>

#include "gmock/gmock.h"

namespace orrery::sim {
namespace {

using ::testing::HasSubstr;

CampaignOptions Options() {
  CampaignOptions options;
  options.first = 5;
  options.last = 500;
  options.profile = Profile::kLight;
  return options;
}

Checkpoint Sample() {
  Checkpoint checkpoint;
  checkpoint.next_seed = 40;
  checkpoint.ahead = {42, 43};
  CampaignSummary& sums = checkpoint.summary;
  sums.seeds = 37;
  sums.run_twice = 2;
  sums.events = 1234567;
  sums.simulated_ns = 61'000'000'000;
  sums.elapsed_ms = 4321;
  sums.slowest_seed = 17;
  sums.slowest_ms = 250;
  Finding finding{.seed = 17,
                  .digest = 99,
                  .violation = {.oracle = "O4",
                                .property = "quorum-recency",
                                .sentence = "The get 7 of k1 went back.",
                                .op = 7,
                                .key = 1,
                                .at = {12'000'000}},
                  .others = 3};
  sums.findings.push_back(finding);
  finding.seed = 18;
  sums.divergences.push_back(finding);
  sums.properties["O4 quorum-recency"] = {
      .checked = 10, .excused = 1, .failed = 2, .vacuous_seeds = 3};
  sums.tally["fault.crash"] = {.fired = 8, .seeds = 5};
  sums.marks["put.answered"] = {.fired = 80, .seeds = 37};
  return checkpoint;
}

std::string ErrorOf(const CampaignOptions& options, std::string_view text) {
  const auto decoded = DecodeCheckpoint(options, text);
  const auto* wrong = std::get_if<std::string>(&decoded);
  return wrong == nullptr ? "was accepted" : *wrong;
}

TEST(CheckpointTest, ComesBackAsItWas) {
  const std::string text = EncodeCheckpoint(Options(), Sample());
  const auto decoded = DecodeCheckpoint(Options(), text);
  ASSERT_TRUE(std::holds_alternative<Checkpoint>(decoded))
      << std::get<std::string>(decoded);
  // Equal texts: every field is in the text.
  EXPECT_EQ(EncodeCheckpoint(Options(), std::get<Checkpoint>(decoded)), text);
  const auto& back = std::get<Checkpoint>(decoded);
  EXPECT_EQ(back.next_seed, 40u);
  EXPECT_EQ(back.ahead, Sample().ahead);
  EXPECT_EQ(back.summary.seeds, 37u);
  EXPECT_EQ(back.summary.findings.at(0).violation.sentence,
            "The get 7 of k1 went back.");
  EXPECT_EQ(back.summary.marks.at("put.answered").seeds, 37u);
  EXPECT_EQ(back.summary.properties.at("O4 quorum-recency").failed, 2u);
}

TEST(CheckpointTest, AnotherCampaignsIsRefused) {
  const std::string text = EncodeCheckpoint(Options(), Sample());
  CampaignOptions other = Options();
  other.last = 501;
  EXPECT_THAT(ErrorOf(other, text), HasSubstr("another campaign"));
  other = Options();
  other.profile = Profile::kSwarm;
  EXPECT_THAT(ErrorOf(other, text), HasSubstr("another campaign"));
  other = Options();
  other.check_every = 1;
  EXPECT_THAT(ErrorOf(other, text), HasSubstr("another campaign"));
}

TEST(CheckpointTest, ACampaignWithSomethingLeftOutIsAnother) {
  CampaignOptions without = Options();
  without.without = Ablation({"crash", "O4"});

  EXPECT_THAT(ErrorOf(without, EncodeCheckpoint(Options(), Sample())),
              HasSubstr("of another campaign"));
  EXPECT_TRUE(std::holds_alternative<Checkpoint>(
      DecodeCheckpoint(without, EncodeCheckpoint(without, Sample()))));
}

TEST(CheckpointTest, EveryCutIsNoticed) {
  const std::string text = EncodeCheckpoint(Options(), Sample());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_NE(ErrorOf(Options(), text.substr(0, size)), "was accepted") << size;
  }
}

TEST(CheckpointTest, AMalformedLineIsNamed) {
  std::string text = EncodeCheckpoint(Options(), Sample());
  const size_t at = text.find("sums\t37");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 7, "sums\tx7");
  EXPECT_THAT(ErrorOf(Options(), text), HasSubstr("malformed line 6"));
}

}  // namespace
}  // namespace orrery::sim
