#include "sim/scenario_text.h"

#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "sim/settings.h"
#include "sim/swarm.h"

namespace orrery::sim {
namespace {

Scenario Parsed(std::string_view text) {
  std::variant<Scenario, ParseError> parsed = ParseScenario(text);
  if (const auto* error = std::get_if<ParseError>(&parsed)) {
    ADD_FAILURE() << "line " << error->line << ": " << error->what;
    return {};
  }
  return std::get<Scenario>(std::move(parsed));
}

ParseError ErrorOf(std::string_view text) {
  std::variant<Scenario, ParseError> parsed = ParseScenario(text);
  const auto* error = std::get_if<ParseError>(&parsed);
  if (error == nullptr) {
    ADD_FAILURE() << "was accepted";
    return {};
  }
  return *error;
}

// Every kind of line and step, in canonical form.
constexpr std::string_view kEverything =
    "orrery-sim 1\n"
    "# A comment is kept.\n"
    "cfg nodes=3 n=3 r=2 w=2 vnodes=8 keys=16 clients=2 sync=on seed=0x5f3a\n"
    "cfg file=8192 gossip=200ms limits.key_segments=16 end=20s\n"
    "noise udp.dup=1/50 delay=1ms..20ms disk.torn=1/4\n"
    "cfg seeds=others\n"
    "noise udp.flip=1/9 udp.cut=1/9 udp.replay=1/9 udp.tail=1/9 udp.mtu=300\n"
    "noise tcp.pieces=1/9 tcp.queue=16 tick.grain=50ms\n"
    "at 120ms op 1 put c1 k7 via=n0 size=300\n"
    "at 121ms cut n0->n2\n"
    "at 122ms clog n0--n1\n"
    "at 400ms op 2 del c2 k7 via=n1 ctx=last w=3 sloppy\n"
    "at 401ms op 3 get c2 k7 r=1\n"
    "at 402ms op 4 put c2 k7 ctx=op1 retry=op2\n"
    "at 403ms op 5 del c2 k7 sloppy own patience=20ms\n"
    "at 450ms powerloss n1 keep=2 torn=1\n"
    "at 451ms powerloss n2\n"
    "at 500ms crash n0\n"
    "at 501ms pause n0\n"
    "at 502ms resume n0\n"
    "at 503ms wipe n0\n"
    "at 503ms stop n0\n"
    "at 503ms storm n0\n"
    "at 503ms deaf n0\n"
    "at 503ms mute n1\n"
    "at 503ms heard n0\n"
    "at 504ms reset n0->n1\n"
    "at 505ms halfopen n0->n1\n"
    "at 506ms hold n0->n1\n"
    "at 507ms release n0->n1\n"
    "at 507ms choke n0->n1\n"
    "at 508ms split n0 | n1,n2\n"
    "at 900ms clock n2 step=-5s\n"
    "at 901ms clock n2 drift=-200ppm\n"
    "at 902ms clock n2 freeze=10ms\n"
    "at 1s disk n1 stall for=2s\n"
    "at 1001ms disk n1 slow by=5ms\n"
    "at 1002ms disk n1 full\n"
    "at 1003ms disk n1 sync_fails\n"
    "at 1004ms disk n1 read_fails\n"
    "at 1005ms disk n1 write_fails\n"
    "at 1006ms disk n1 ok\n"
    "at 1006ms disk n1 read_fails_once\n"
    "at 1006ms disk n1 write_fails_once\n"
    "at 1006ms disk n1 read_only\n"
    "at 1006ms disk n1 no_handles\n"
    "at 1006ms disk n1 room bytes=65536\n"
    "at 1006ms disk n1 rot of=k7 at=500\n"
    "at 1006ms disk n1 rot of=hints at=0\n"
    "at 1006ms disk n1 rot of=manifest at=1\n"
    "at 1006ms disk n1 rot of=identity at=2\n"
    "at 1006ms disk n1 rot of=ring at=999\n"
    "at 1006ms disk n1 rot of=index at=4\n"
    "at 1006ms disk n1 lose_write of=data\n"
    "at 1006ms disk n1 misdirect of=data at=250\n"
    "at 1006ms disk n1 lose_file of=data at=3\n"
    "at 1007ms knob udp.loss 1/2\n"
    "at 2s restart n1\n"
    "at 2500us heal n0--n1\n"
    "at 3s heal all\n"
    "expect converge within=10s\n"
    "expect outcome op=1 is=ok\n"
    "expect value op=3 is=absent\n"
    "expect acks op=2 owners=1 hints=1\n"
    "expect mark name=hint.delivered\n";

TEST(ScenarioTextTest, ACanonicalTextPrintsToTheSameBytes) {
  EXPECT_EQ(PrintScenario(Parsed(kEverything)), kEverything);  // SCN-2
}

TEST(ScenarioTextTest, WhatIsPrintedParsesToTheSameScenario) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const Scenario scenario = SwarmScenario(seed, Profile::kGolden);

    EXPECT_EQ(Parsed(PrintScenario(scenario)), scenario) << seed;  // SCN-1
  }
}

TEST(ScenarioTextTest, BlanksAndUnitsAreMadeCanonical) {
  const Scenario scenario =
      Parsed("orrery-sim 1\n\nat  2000ms   crash n1\nat 1000000ns heal all\n");

  EXPECT_EQ(PrintScenario(scenario),
            "orrery-sim 1\nat 2s crash n1\nat 1ms heal all\n");
}

TEST(ScenarioTextTest, AnErrorNamesItsLineAndWord) {
  const ParseError error =
      ErrorOf("orrery-sim 1\ncfg nodes=3\nat 1s melt n1\n");

  EXPECT_EQ(error.line, 3u);
  EXPECT_THAT(error.what, ::testing::HasSubstr("melt"));
}

TEST(ScenarioTextTest, MalformedTextsAreRefused) {
  for (const std::string_view line : {"frobnicate",
                                      "at",
                                      "at soon crash n1",
                                      "at 1s crash",
                                      "at 1s crash x1",
                                      "at 1s crash n1 n2",
                                      "at 1s cut n1",
                                      "at 1s split n1 n2",
                                      "at 1s op 1 put c1",
                                      "at 1s op 1 eat c1 k1",
                                      "at 1s op 1 put c1 k1 x=1",
                                      "at 1s clock n1 step=fast",
                                      "at 1s clock n1 drift=5",
                                      "at 1s disk n1 melt",
                                      "at 1s disk n1 stall",
                                      "at 1s disk n1 rot",
                                      "at 1s disk n1 rot of=nothing at=1",
                                      "at 1s disk n1 rot of=data",
                                      "at 1s disk n1 rot of=data at=1000",
                                      "at 1s disk n1 lose_write of=k1",
                                      "at 1s disk n1 misdirect of=data",
                                      "cfg budget=ample",
                                      "at 1s knob nothing 1/2",
                                      "at 1s knob udp.loss lots",
                                      "at -1s crash n1",
                                      "cfg nodes=0",
                                      "cfg nodes=many",
                                      "cfg nothing=1",
                                      "cfg nodes",
                                      "cfg limits.nothing=1",
                                      "noise udp.loss=2/1",
                                      "noise udp.loss=1/0",
                                      "noise delay=2ms..1ms",
                                      "noise nothing=1/2",
                                      "noise udp.mtu=0",
                                      "noise tcp.queue=many",
                                      "noise tick.grain=-1ms",
                                      "cfg seeds=some",
                                      "at 1s storm n0->n1",
                                      "expect happiness",
                                      "expect converge within=soon",
                                      "expect converge core=n0,",
                                      "expect converge core=0,1",
                                      "expect value op=1 core=n0",
                                      "expect value op=x is=op1"}) {
    const ParseError error =
        ErrorOf("orrery-sim 1\n" + std::string(line) + "\n");
    EXPECT_EQ(error.line, 2u) << line;
    EXPECT_FALSE(error.what.empty()) << line;
  }
  EXPECT_EQ(ErrorOf("").line, 1u);
  EXPECT_EQ(ErrorOf("orrery-sim 2\n").line, 1u);
}

TEST(ScenarioTextTest, SettingsMeanWhatTheySay) {
  const Settings settings = SettingsOf(Parsed(kEverything));

  EXPECT_EQ(settings.config.nodes, 3u);
  EXPECT_EQ(settings.config.seed, 0x5f3au);
  EXPECT_TRUE(settings.config.engine.sync_writes);
  EXPECT_EQ(settings.config.engine.gossip_interval, 200 * kMillisecond);
  EXPECT_EQ(settings.config.engine.limits.key_segments, 16u);
  EXPECT_EQ(settings.config.end, 20 * kSecond);
  EXPECT_EQ(settings.config.seed_lists, SeedLists::kOthers);
  EXPECT_EQ(settings.noise.udp_mtu, 300u);
  EXPECT_EQ(settings.noise.tcp_queue, 16u);
  EXPECT_EQ(settings.noise.tick_grain, 50 * kMillisecond);
  EXPECT_EQ(settings.noise.udp_dup, (Ratio{1, 50}));
  EXPECT_EQ(settings.noise.delay, (Range{kMillisecond, 20 * kMillisecond}));
  EXPECT_EQ(settings.expectations.size(), 5u);
}

}  // namespace
}  // namespace orrery::sim
