#include "sim/host/page.h"

#include <cstdint>
#include <set>
#include <string>
#include <variant>

#include "boost/json/parse.hpp"
#include "gmock/gmock.h"
#include "sim/scenario_text.h"

namespace orrery::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Recording RecordingOf(const std::string& text) {
  auto parsed = ParseScenario(text);
  if (const auto* error = std::get_if<ParseError>(&parsed)) {
    ADD_FAILURE() << "line " << error->line << ": " << error->what;
    return {};
  }
  return Record("a <test>", std::get<Scenario>(std::move(parsed)));
}

constexpr char kText[] =
    "orrery-sim 1\n"
    "cfg nodes=3 n=3 r=2 w=2 vnodes=8 keys=4 clients=2 sync=on seed=3 end=12s\n"
    "noise udp.loss=1/4\n"
    "at 5s op 1 put c0 k1 via=n0\n"
    "at 6s split n0,n1 | n2\n"
    "at 6s pause n1\n"
    "at 6100ms resume n1\n"
    "at 7s crash n2\n"
    "at 8s restart n2\n"
    "at 9s heal all\n"
    "expect value op=1 is=op9\n";

TEST(PageTest, MessagesGoFromWhoSentToWhoReceived) {
  const Recording recording = RecordingOf(kText);
  size_t received = 0;
  size_t lost = 0;
  for (const Recording::Message& message : recording.messages) {
    ASSERT_LT(message.sent_by, recording.events.size());
    if (!message.lost.empty()) ++lost;
    if (!message.received_by.has_value()) continue;
    ++received;
    EXPECT_TRUE(message.lost.empty());
    const Recording::Happened& sender = recording.events[message.sent_by];
    const Recording::Happened& receipt = recording.events[*message.received_by];
    EXPECT_EQ(receipt.node, message.to);
    EXPECT_GE(receipt.at, sender.at);
    EXPECT_THAT(receipt.text, HasSubstr("< n"));
    EXPECT_THAT(sender.effects, HasSubstr("> n" + std::to_string(message.to)));
    EXPECT_THAT(receipt.text, HasSubstr("< n" + std::to_string(sender.node)));
  }
  EXPECT_GT(received, 100u);
  EXPECT_GT(lost, 10u);
}

TEST(PageTest, WhatWasBrokenHasABeginningAndAnEnd) {
  const Recording recording = RecordingOf(kText);
  ASSERT_EQ(recording.link_faults.size(), 4u);  // Two pairs, both ways.
  for (const Recording::LinkFault& fault : recording.link_faults) {
    EXPECT_EQ(fault.kind, "cut");
    EXPECT_EQ(fault.from_us, 6'000'000);
    EXPECT_EQ(fault.until_us, 9'000'000);
  }
  ASSERT_EQ(recording.outages.size(), 2u);
  EXPECT_EQ(recording.outages[0].kind, "frozen");
  EXPECT_EQ(recording.outages[0].node, 1u);
  EXPECT_EQ(recording.outages[0].until_us, 6'100'000);
  EXPECT_EQ(recording.outages[1].kind, "down");
  EXPECT_EQ(recording.outages[1].node, 2u);
  EXPECT_EQ(recording.outages[1].from_us, 7'000'000);
  EXPECT_GE(recording.outages[1].until_us, 8'000'000);
  EXPECT_LT(recording.outages[1].until_us, 8'100'000);
}

TEST(PageTest, EveryOwnerCameToHoldTheValue) {
  const Recording recording = RecordingOf(kText);
  std::set<uint32_t> nodes;
  for (const Recording::Held& held : recording.values) {
    EXPECT_EQ(held.key, 1u);
    nodes.insert(held.node);
  }
  EXPECT_EQ(nodes.size(), 3u);
}

TEST(PageTest, ARecordedRunHasTheDigestOfAnyOther) {
  const Recording recording = RecordingOf(kText);
  const RunResult plain = World(recording.scenario, RunOptions{}).Run();
  EXPECT_EQ(recording.result.digest, plain.digest);
}

TEST(PageTest, ThePageIsWholeAndItsDataIsJson) {
  const Recording recording = RecordingOf(kText);
  const Window window = WindowOf(recording);
  EXPECT_EQ(window.from, 0);
  const std::string page = PageOf(recording, window);
  EXPECT_THAT(page, HasSubstr("<!doctype html>"));
  EXPECT_THAT(page, HasSubstr("'use strict'"));
  EXPECT_THAT(page, HasSubstr("--paper"));
  EXPECT_THAT(page, Not(HasSubstr("a <test>")));  // Escaped.
  EXPECT_THAT(page, Not(HasSubstr("/*DATA*/")));

  boost::json::error_code error;
  const auto data = boost::json::parse(PageJson(recording, window), error);
  ASSERT_FALSE(error.failed());
  EXPECT_EQ(data.at("nodes").to_number<int>(), 3);
  EXPECT_EQ(data.at("events").at("t").as_array().size(),
            recording.events.size());
  EXPECT_EQ(data.at("violations").as_array().size(), 1u);
}

TEST(PageTest, AWindowLeavesOutWhatIsOutside) {
  const Recording recording = RecordingOf(kText);
  const Window window{4'900'000, 5'500'000};
  boost::json::error_code error;
  const auto data = boost::json::parse(PageJson(recording, window), error);
  ASSERT_FALSE(error.failed());
  const auto& times = data.at("events").at("t").as_array();
  ASSERT_GT(times.size(), 10u);
  EXPECT_LT(times.size(), recording.events.size());
  const auto count = static_cast<int64_t>(times.size());
  for (const auto& time : times) {
    EXPECT_GE(time.to_number<int64_t>(), window.from);
    EXPECT_LE(time.to_number<int64_t>(), window.until);
  }
  for (const auto& index : data.at("messages").at("s").as_array()) {
    EXPECT_LT(index.to_number<int64_t>(), count);
  }
  for (const auto& index : data.at("messages").at("r").as_array()) {
    EXPECT_LT(index.to_number<int64_t>(), count);
  }
}

}  // namespace
}  // namespace orrery::sim
