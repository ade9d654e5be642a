#include "node/config_value.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Form = GivenValue::Form;

GivenValue Given(const std::string& text, Form form = Form::kText) {
  GivenValue given;
  given.text = text;
  given.form = form;
  return given;
}

int64_t NanosOf(const std::string& text, Form form = Form::kText) {
  Duration duration;
  return ReadDuration(Given(text, form), &duration).empty() ? duration.ns : -1;
}

TEST(ReadDurationTest, TakesUnitsAndSecondsExactly) {
  EXPECT_EQ(NanosOf("250ms"), 250 * kMillisecond.ns);
  EXPECT_EQ(NanosOf("5s"), 5 * kSecond.ns);
  EXPECT_EQ(NanosOf("2m"), 2 * kMinute.ns);
  EXPECT_EQ(NanosOf("24h"), 24 * kHour.ns);
  EXPECT_EQ(NanosOf("10us"), 10 * kMicrosecond.ns);
  EXPECT_EQ(NanosOf("300"), 300 * kSecond.ns);
  EXPECT_EQ(NanosOf("0.1"), 100 * kMillisecond.ns);
  EXPECT_EQ(NanosOf("1.5h"), 90 * kMinute.ns);
  EXPECT_EQ(NanosOf("0.000000001"), 1);
  EXPECT_EQ(NanosOf("5", Form::kNumber), 5 * kSecond.ns);
  EXPECT_EQ(NanosOf("0.25", Form::kNumber), 250 * kMillisecond.ns);
}

TEST(ReadDurationTest, RefusesWhatIsNoDurationAboveZero) {
  for (const char* text :
       {"", "0", "0s", "-1s", "s", "5 s", "5sec", "5d", "1s5", ".5s", "5.s",
        "1.0000000001", "1e3", "99999999999999999999s", "1000000000000h"}) {
    EXPECT_EQ(NanosOf(text), -1) << text;
  }
  EXPECT_EQ(NanosOf("true", Form::kBool), -1);
}

TEST(DurationTextTest, IsReadBackAsTheSame) {
  EXPECT_EQ(DurationText(kSecond), "1s");
  EXPECT_EQ(DurationText(250 * kMillisecond), "250ms");
  EXPECT_EQ(DurationText(24 * kHour), "24h");
  for (const int64_t ns : {int64_t{1}, int64_t{1'000'000'001}, int64_t{90'000},
                           90 * kMinute.ns, 61 * kSecond.ns}) {
    EXPECT_EQ(NanosOf(DurationText({ns})), ns);
  }
}

TEST(ReadNumberTest, HasARange) {
  uint64_t number = 0;
  EXPECT_THAT(ReadNumber(Given("5"), {1, 5}, &number), IsEmpty());
  EXPECT_EQ(number, 5u);
  for (const char* text : {"0", "6", "-1", "1.0", "x", " 1", "1e0"}) {
    EXPECT_THAT(ReadNumber(Given(text), {1, 5}, &number),
                HasSubstr("from 1 to 5"))
        << text;
  }
  EXPECT_THAT(ReadNumber(Given("3", Form::kString), {1, 5}, &number),
              HasSubstr("whole number"));
}

TEST(ReadBoolTest, IsTrueOrFalse) {
  bool value = false;
  EXPECT_THAT(ReadBool(Given("true"), &value), IsEmpty());
  EXPECT_TRUE(value);
  EXPECT_THAT(ReadBool(Given("false", Form::kBool), &value), IsEmpty());
  EXPECT_FALSE(value);
  EXPECT_THAT(ReadBool(Given("yes"), &value), HasSubstr("true or false"));
  EXPECT_THAT(ReadBool(Given("true", Form::kString), &value),
              HasSubstr("true or false"));
}

TEST(ReadSeedsTest, TakesTextAndLists) {
  std::vector<std::string> seeds;
  EXPECT_THAT(ReadSeeds(Given("a:1,[::1]:2"), &seeds), IsEmpty());
  EXPECT_THAT(seeds, ElementsAre("a:1", "[::1]:2"));
  GivenValue list = Given("", Form::kList);
  list.list = {"b:3"};
  EXPECT_THAT(ReadSeeds(list, &seeds), IsEmpty());
  EXPECT_THAT(seeds, ElementsAre("b:3"));
  for (const char* text : {"a", "a:", ":1", "a:0", "a:65536", "a:1,",
                           "a:1,,b:2", "::1:2", "a b:1", "[]:1"}) {
    EXPECT_THAT(ReadSeeds(Given(text), &seeds), HasSubstr("host:port")) << text;
  }
  EXPECT_THAT(ReadSeeds(Given("a:1", Form::kString), &seeds),
              HasSubstr("array"));
}

}  // namespace
}  // namespace orrery
