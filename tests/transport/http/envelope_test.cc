#include "transport/http/envelope.h"

#include <string>

#include "gtest/gtest.h"

namespace orrery {
namespace {

EnvelopeError ErrorOf(std::string_view json) {
  WriteEnvelope envelope;
  return ParseEnvelope(json, &envelope).error;
}

TEST(EnvelopeTest, TakesEveryMember) {
  WriteEnvelope envelope;

  ASSERT_EQ(ParseEnvelope(R"( {"value":"a\u00e9\ud83d\ude00\n",)"
                          R"("consistency":"all","context":"YWJj"} )",
                          &envelope)
                .error,
            EnvelopeError::kNone);

  EXPECT_EQ(envelope.value->text(), "a\xc3\xa9\xf0\x9f\x98\x80\n");
  EXPECT_EQ(envelope.consistency, "all");
  EXPECT_EQ(envelope.context, "YWJj");
}

TEST(EnvelopeTest, TakesBase64AndEmptyValues) {
  WriteEnvelope envelope;

  ASSERT_EQ(ParseEnvelope(R"({"value_base64":"//4="})", &envelope).error,
            EnvelopeError::kNone);
  EXPECT_EQ(envelope.value->text(), "\xff\xfe");
  ASSERT_EQ(ParseEnvelope(R"({"value":""})", &envelope).error,
            EnvelopeError::kNone);
  EXPECT_TRUE(envelope.value->empty());
}

TEST(EnvelopeTest, TakesLongValuesInOnePiece) {
  std::string value(300000, 'x');
  WriteEnvelope envelope;

  ASSERT_EQ(ParseEnvelope("{\"value\":\"" + value + "\\\"\"}", &envelope).error,
            EnvelopeError::kNone);

  EXPECT_EQ(envelope.value->text(), value + "\"");
}

TEST(EnvelopeTest, RefusesWhatIsNotAnObjectOfStrings) {
  EXPECT_EQ(ErrorOf(""), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf("plain"), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf("[]"), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf("\"text\""), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf("5"), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf("null"), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf(R"({"value":"a"} x)"), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf(R"({"value":"a"}{})"), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf(R"({"value":"a")"), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf(R"({"value":"a",})"), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf(R"({"value":5})"), EnvelopeError::kNotAString);
  EXPECT_EQ(ErrorOf(R"({"value":1.5})"), EnvelopeError::kNotAString);
  EXPECT_EQ(ErrorOf(R"({"value":null})"), EnvelopeError::kNotAString);
  EXPECT_EQ(ErrorOf(R"({"value":true})"), EnvelopeError::kNotAString);
  EXPECT_EQ(ErrorOf(R"({"value":{}})"), EnvelopeError::kNotAString);
  EXPECT_EQ(ErrorOf(R"({"value":["a"]})"), EnvelopeError::kNotAString);
}

TEST(EnvelopeTest, RefusesMembersItDoesNotKnowOrKnowsAlready) {
  EXPECT_EQ(ErrorOf(R"({"value":"a","x":"b"})"), EnvelopeError::kUnknownMember);
  EXPECT_EQ(ErrorOf(R"({"Value":"a"})"), EnvelopeError::kUnknownMember);
  EXPECT_EQ(ErrorOf(R"({"":"a"})"), EnvelopeError::kUnknownMember);
  EXPECT_EQ(ErrorOf(R"({"value":"a","value":"a"})"),
            EnvelopeError::kRepeatedMember);
  EXPECT_EQ(ErrorOf(R"({"value":"a","v\u0061lue":"a"})"),
            EnvelopeError::kRepeatedMember);
  EXPECT_EQ(ErrorOf(R"({"value":"a","value_base64":"YQ=="})"),
            EnvelopeError::kTwoValues);
  EXPECT_EQ(ErrorOf(R"({"value_base64":"YQ"})"), EnvelopeError::kBadBase64);
}

TEST(EnvelopeTest, RefusesTextThatIsNotUnicode) {
  EXPECT_EQ(ErrorOf(R"({"value":"\ud800"})"), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf(R"({"value":"\udc00"})"), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf(R"({"value":"\ud800\ud800"})"), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf("{\"value\":\"\xff\"}"), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf("{\"value\":\"\xed\xa0\x80\"}"), EnvelopeError::kMalformed);
  EXPECT_EQ(ErrorOf("{\"value\":\"a\nb\"}"), EnvelopeError::kMalformed);
}

}  // namespace
}  // namespace orrery
