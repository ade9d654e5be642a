// The runner itself: a transcript that is wrong must not pass.

#include "tests/transcripts/rehearsal.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orrery::transcripts {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A room that repeats what it hears.
class Echo : public Interpreter {
 public:
  Lines Run(Command& command) override {
    constexpr Verb<Echo> kVerbs[] = {{"say", &Echo::Say},
                                     {"hush", &Echo::Hush}};
    return RunVerb<Echo>(*this, kVerbs, command);
  }

 private:
  Lines Say(Command& command) {
    const std::string word = command.Word("word");
    const uint64_t times = command.Number("times", 1);
    if (!command.IsComplete()) return {};
    return Lines(times, word);
  }
  Lines Hush(Command& command) {
    command.IsComplete();
    return {};
  }
};

std::unique_ptr<Interpreter> MakeEcho(Command& heading) {
  heading.Word("room");
  if (!heading.IsComplete()) return nullptr;
  return std::make_unique<Echo>();
}

Rehearsal RehearseEcho(const std::string& text) {
  return Rehearse("echo.txt", text, MakeEcho);
}

TEST(RehearsalTest, ATranscriptThatComesOutAsWrittenPasses) {
  const std::string text =
      "transcript echo\n\n# Prose.\nsay a times=2\n----\na\na\n\n"
      "hush\n----\nnothing\n";

  const Rehearsal rehearsal = RehearseEcho(text);

  EXPECT_TRUE(rehearsal.Passed());
  EXPECT_EQ(rehearsal.rewritten, text);
}

TEST(RehearsalTest, AWrongExpectationFailsWithItsPlaceAndBothSides) {
  const Rehearsal rehearsal =
      RehearseEcho("transcript echo\n\nsay b times=2\n----\nb\nc\n");

  EXPECT_FALSE(rehearsal.Passed());
  EXPECT_THAT(rehearsal.differences,
              ElementsAre("echo.txt:3: `say b times=2`, expected (-) and got "
                          "(+):\n    b\n  - c\n  + b\n"));
}

TEST(RehearsalTest, AMissingOrSuperfluousLineFails) {
  const std::string heading = "transcript echo\n\n";
  EXPECT_FALSE(RehearseEcho(heading + "say a times=2\n----\na\n").Passed());
  EXPECT_FALSE(RehearseEcho(heading + "say a\n----\na\na\n").Passed());
  EXPECT_FALSE(RehearseEcho(heading + "say a\n----\n").Passed());
  EXPECT_FALSE(RehearseEcho(heading + "hush\n----\n").Passed());
}

TEST(RehearsalTest, AnUnknownCommandFailsAndSaysWhichThereAre) {
  const Rehearsal rehearsal =
      RehearseEcho("transcript echo\n\nshout a\n----\na\n");

  EXPECT_EQ(rehearsal.error,
            "echo.txt:3: unknown command `shout`; this room knows say and "
            "hush");
  EXPECT_EQ(rehearsal.rewritten, "");
}

TEST(RehearsalTest, AnUnknownArgumentFailsAndSaysWhichThereAre) {
  const Rehearsal rehearsal =
      RehearseEcho("transcript echo\n\nsay a loudly=1\n----\na\n");

  EXPECT_EQ(rehearsal.error,
            "echo.txt:3: unknown argument `loudly=1`; `say` takes word and "
            "times=");
}

TEST(RehearsalTest, AMissingArgumentFails) {
  EXPECT_EQ(RehearseEcho("transcript echo\n\nsay\n----\n").error,
            "echo.txt:3: `say` needs a word");
}

TEST(RehearsalTest, ACommandWithoutItsSeparatorFails) {
  EXPECT_EQ(RehearseEcho("transcript echo\n\nsay a\na\n").error,
            "echo.txt:3: `say a` is not followed by `----`");
  EXPECT_EQ(RehearseEcho("transcript echo\n\nsay a").error,
            "echo.txt:3: `say a` is not followed by `----`");
}

TEST(RehearsalTest, BlocksThatRunIntoEachOtherFail) {
  EXPECT_EQ(
      RehearseEcho("transcript echo\n\nsay a\n----\na\nsay b\n----\nb\n").error,
      "echo.txt:7: a blank line must end the block before");
  EXPECT_EQ(RehearseEcho("transcript echo\n\n----\na\n").error,
            "echo.txt:3: no command stands before `----`");
}

TEST(RehearsalTest, ATranscriptThatTestsNothingFails) {
  EXPECT_EQ(RehearseEcho("transcript echo\n\n# Prose.\n").error,
            "echo.txt:1: there is no command");
  EXPECT_EQ(RehearseEcho("").error,
            "echo.txt:1: the first line must be `transcript <room>`");
}

TEST(RehearsalTest, AnUnknownRoomOrSettingFails) {
  Command attic("transcript attic");
  EXPECT_EQ(MakeRoom(attic), nullptr);
  EXPECT_THAT(attic.error(), HasSubstr("membership, quorum and storage"));
  for (const char* room : {"membership", "quorum", "storage"}) {
    Command heading(std::string("transcript ") + room + " colour=red");
    EXPECT_EQ(MakeRoom(heading), nullptr) << room;
    EXPECT_THAT(heading.error(), HasSubstr("unknown argument `colour=red`"));
  }
}

TEST(RehearsalTest, AnArgumentThatCannotBeReadFails) {
  const std::string heading = "transcript quorum\n\n";
  EXPECT_EQ(Rehearse("q.txt", heading + "believe B ?\n----\n", MakeRoom).error,
            "q.txt:3: `?` is none of alive, suspect, dead and left");
  EXPECT_EQ(Rehearse("q.txt", heading + "advance soon\n----\n", MakeRoom).error,
            "q.txt:3: `soon` is no duration, such as 5s or 200ms");
  EXPECT_EQ(Rehearse("q.txt", heading + "put v*many\n----\n", MakeRoom).error,
            "q.txt:3: `v*many` is no value, such as v1 or x*3000");
  EXPECT_EQ(Rehearse("q.txt", heading + "deliver A\n----\n", MakeRoom).error,
            "q.txt:3: `A` is no peer");
}

TEST(RehearsalTest, RewritingChangesExpectationsAndNothingElse) {
  const Rehearsal rehearsal = RehearseEcho(
      "transcript echo\n# Prose.\n\nsay a times=2\n----\nwrong\n\n# More.\n"
      "say b\n----\n\nhush\n----\nwrong\nwrong\n\n# The end.\n");

  EXPECT_EQ(
      rehearsal.rewritten,
      "transcript echo\n# Prose.\n\nsay a times=2\n----\na\na\n\n# More.\n"
      "say b\n----\nb\n\nhush\n----\nnothing\n\n# The end.\n");
}

}  // namespace
}  // namespace orrery::transcripts
