#include "node/event_log.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(EventLogTest, WritesOneLineOfFields) {
  ::testing::internal::CaptureStderr();
  EventLog log("n 1");
  log.Write(EventLog::Level::kWarning, "thing", {{"a", "b"}, {"c", "d e"}});

  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              EndsWith("warning node=\"n 1\" event=thing a=b c=\"d e\"\n"));
}

TEST(EventLogTest, NotesOfTheCoreHaveNames) {
  ::testing::internal::CaptureStderr();
  EventLog log("a");
  log.WriteNote({.kind = Note::Kind::kMemberState,
                 .member = {5},
                 .detail = static_cast<uint32_t>(MemberState::kDead)},
                [](NodeId) { return "b"; });

  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("event=member_state member=b state=dead"));
}

TEST(LogValueTest, QuotesWhatWouldBreakALine) {
  EXPECT_EQ(LogValue("plain/1.2:3"), "plain/1.2:3");
  EXPECT_EQ(LogValue(""), "\"\"");
  EXPECT_EQ(LogValue("a\nb"), "\"a\\nb\"");
  EXPECT_EQ(LogValue("a=\"b\""), "\"a=\\\"b\\\"\"");
  EXPECT_EQ(LogValue("\xff"), "\"(not UTF-8)\"");
}

}  // namespace
}  // namespace orrery
