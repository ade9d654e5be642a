#include "transport/http/batch_envelope.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string WrongIn(const std::string& json) {
  BatchEnvelope envelope;
  return ParseBatchEnvelope(json, &envelope);
}

std::string Operations(size_t count) {
  std::string json = "{\"operations\":[{}";
  for (size_t i = 1; i < count; ++i) json += ",{}";
  return json + "]}";
}

TEST(BatchEnvelopeTest, TakesEveryMemberInAnyOrder) {
  BatchEnvelope envelope;

  ASSERT_THAT(ParseBatchEnvelope(
                  R"( {"operations":[{"op":"put","key":"k","value":"a\n"},)"
                  R"({"value_base64":"//4=","key_base64":"AA==","op":"put",)"
                  R"("consistency":"one","context":"YWJj","operation":"id"}],)"
                  R"("consistency":"all"} )",
                  &envelope),
              IsEmpty());

  ASSERT_EQ(envelope.operations.size(), 2u);
  EXPECT_EQ(envelope.consistency, "all");
  EXPECT_EQ(envelope.operations[0].op, "put");
  EXPECT_EQ(envelope.operations[0].key, "k");
  EXPECT_EQ(envelope.operations[0].value, "a\n");
  EXPECT_FALSE(envelope.operations[0].consistency.has_value());
  EXPECT_EQ(envelope.operations[1].key_base64, "AA==");
  EXPECT_EQ(envelope.operations[1].value_base64, "//4=");
  EXPECT_EQ(envelope.operations[1].consistency, "one");
  EXPECT_EQ(envelope.operations[1].context, "YWJj");
  EXPECT_EQ(envelope.operations[1].operation, "id");
}

TEST(BatchEnvelopeTest, SaysWhereAMemberIsWrong) {
  EXPECT_EQ(WrongIn(R"({"operations":[{},{"value":1}]})"),
            "operations[1].value: must be a string");
  EXPECT_EQ(WrongIn(R"({"operations":[{},{"value":{}}]})"),
            "operations[1].value: must be a string");
  EXPECT_EQ(WrongIn(R"({"operations":[{},{"vaule":"a"}]})"),
            "operations[1]: unknown member 'vaule'");
  EXPECT_EQ(WrongIn(R"({"operations":[{"op":"a","op":"a"}]})"),
            "operations[0]: member 'op' is given twice");
  EXPECT_EQ(WrongIn(R"({"operations":[{},"x"]})"),
            "operations[1]: must be an object");
  EXPECT_EQ(WrongIn(R"({"operations":[[]]})"),
            "operations[0]: must be an object");
}

TEST(BatchEnvelopeTest, SaysWhatIsWrongWithTheBody) {
  EXPECT_EQ(WrongIn("[]"), "the body is not a JSON object");
  EXPECT_EQ(WrongIn("7"), "the body is not a JSON object");
  EXPECT_THAT(WrongIn(""), StartsWith("not valid JSON: "));
  EXPECT_THAT(WrongIn(R"({"operations":[{}]} x)"),
              StartsWith("not valid JSON: "));
  EXPECT_THAT(WrongIn(R"({"operations":[{"value":"\ud83d"}]})"),
              StartsWith("not valid JSON: "));
  EXPECT_EQ(WrongIn(R"({"operations":"put"})"), "operations: must be an array");
  EXPECT_EQ(WrongIn(R"({"operations":{}})"), "operations: must be an array");
  EXPECT_EQ(WrongIn(R"({"consistency":[],"operations":[{}]})"),
            "consistency: must be a string");
  EXPECT_EQ(WrongIn(R"({"operations":[{}],"operations":[{}]})"),
            "member 'operations' is given twice");
  EXPECT_EQ(WrongIn(R"({"operations":[{}],"op":"put"})"),
            "unknown member 'op'");
}

TEST(BatchEnvelopeTest, HoldsOneTo256Operations) {
  EXPECT_THAT(WrongIn("{}"), HasSubstr("an array of 1 to 256 is needed"));
  EXPECT_THAT(WrongIn(R"({"operations":[]})"),
              HasSubstr("an array of 1 to 256 is needed"));
  EXPECT_THAT(WrongIn(Operations(kBatchOperationsMax)), IsEmpty());
  EXPECT_EQ(WrongIn(Operations(kBatchOperationsMax + 1)),
            "operations: there are more than 256");
}

TEST(BatchEnvelopeTest, TextsThatComeInPiecesAreWhole) {
  const std::string value(100'000, 'v');
  BatchEnvelope envelope;

  ASSERT_THAT(ParseBatchEnvelope(R"({"operations":[{"value":"\u00e9)" + value +
                                     R"("},{"value":"b"}]})",
                                 &envelope),
              IsEmpty());

  EXPECT_EQ(envelope.operations[0].value, "\xc3\xa9" + value);
  EXPECT_EQ(envelope.operations[1].value, "b");
}

}  // namespace
}  // namespace orrery
