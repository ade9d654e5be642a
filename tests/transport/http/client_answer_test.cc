#include "transport/http/client_answer.h"

#include <string>

#include "gtest/gtest.h"

namespace orrery {
namespace {

Answer Fill(const ClientReply& reply, bool raw = false) {
  Answer answer;
  FillClientAnswer(reply, {ClientVerb::kGet, raw, "k"}, &answer);
  return answer;
}

TEST(ClientAnswerTest, AWriteSaysVersionContextAndAcks) {
  const Answer answer = Fill(
      WriteDone{.version = 7,
                .context = Bytes::CopyOf("abc"),
                .acks = {.owners = 2, .hints = 1, .synced = 0, .nodes = 3}});

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"status":"ok","key":"k","version":7,"context":"YWJj",)"
            R"("acks":{"owners":2,"hints":1,"synced":0,"nodes":3}})"
            "\n");
  EXPECT_EQ(answer.headers, "ETag: \"7\"\r\nX-Causal-Context: YWJj\r\n");
}

TEST(ClientAnswerTest, AnOutrankedWriteIsToldSo) {
  const Answer answer = Fill(WriteDone{.version = 7, .superseded_by = 9});

  EXPECT_NE(answer.body.find(R"("superseded_by":9)"), std::string::npos);
}

TEST(ClientAnswerTest, AReadGivesTheValue) {
  const ReadDone done{.found = true,
                      .version = 7,
                      .context = Bytes::CopyOf("abc"),
                      .value = Bytes::CopyOf("v\"")};

  EXPECT_EQ(Fill(done).body,
            R"({"key":"k","value":"v\"","version":7,"context":"YWJj"})"
            "\n");
  EXPECT_EQ(Fill(done, true).body, "v\"");
  EXPECT_EQ(Fill(done, true).content_type, kBytesType);
  EXPECT_EQ(Fill(done, true).headers.find("ETag: \"7\"\r\n"), 0u);
}

TEST(ClientAnswerTest, SeveralValuesAreAllShown) {
  const ReadDone done{
      .found = true,
      .version = 9,
      .context = Bytes::CopyOf("abc"),
      .value = Bytes::CopyOf("b"),
      .siblings = {{9, Bytes::CopyOf("b")}, {7, Bytes::CopyOf("\xff")}}};

  EXPECT_EQ(Fill(done).body,
            R"({"key":"k","value":"b","version":9,"siblings":[)"
            R"({"value":"b","version":9},{"value_base64":"/w==","version":7}],)"
            R"("context":"YWJj"})"
            "\n");
  EXPECT_EQ(Fill(done, true).body, "b");
  EXPECT_NE(Fill(done, true).headers.find("X-Siblings: 2\r\n"),
            std::string::npos);
}

TEST(ClientAnswerTest, AFullKeyIsAConflictWithWhatEndsIt) {
  const Answer answer = Fill(Refused{.why = Refused::Why::kTooManySiblings,
                                     .context = Bytes::CopyOf("abc")});

  EXPECT_EQ(answer.status, 409);
  EXPECT_NE(answer.body.find(R"("context":"YWJj","applied":"no"})"),
            std::string::npos)
      << answer.body;
  EXPECT_EQ(answer.headers, "X-Causal-Context: YWJj\r\n");
}

TEST(ClientAnswerTest, AKeyReportSaysWhoHoldsWhat) {
  const KeyCopy::Version kept{.stamp = 7,
                              .keep = true,
                              .dot = {{.storage = 0xab, .generation = 3}, 5},
                              .checksum = 0x1f};
  KeyReport report{.token = 12, .epoch = {1, 4}};
  report.owners = {{.node = {},
                    .name = "a",
                    .answer = KeyCopy::Answer::kHolds,
                    .digest = 0xcd,
                    .versions = {kept}},
                   {.node = {},
                    .name = "b",
                    .answer = KeyCopy::Answer::kHolds,
                    .suspect = true,
                    .digest = 0xcd,
                    .versions = {}}};

  EXPECT_EQ(Fill(report).body,
            R"({"key":"k","token":"12","epoch":"1.4","agree":true,"owners":[)"
            R"({"node":"a","answer":"holds","digest":"00000000000000cd",)"
            R"("versions":[{"version":7,"siblings":true,)"
            R"("dot":"00000000000000ab.3.5","checksum":"0000001f"}]},)"
            R"({"node":"b","answer":"absent","digest":"00000000000000cd",)"
            R"("suspect":true,"versions":[]}],"hints":[]})"
            "\n");
  report.owners[1].digest = 0;
  EXPECT_NE(Fill(report).body.find(R"("agree":false)"), std::string::npos);
  report.owners[1] = report.owners[0];
  report.owners[1].answer = KeyCopy::Answer::kSilent;
  EXPECT_NE(Fill(report).body.find(R"("agree":false)"), std::string::npos);
  EXPECT_NE(Fill(report).body.find(R"("answer":"silent")"), std::string::npos);
}

TEST(ClientAnswerTest, AbsentAndDeletedAreTwoThings) {
  EXPECT_EQ(Fill(ReadDone{}).body,
            R"({"error":"Not Found","code":404,"message":"key not found"})"
            "\n");
  const Answer deleted = Fill(
      ReadDone{.deleted = true, .version = 7, .context = Bytes::CopyOf("abc")});
  EXPECT_EQ(deleted.status, 404);
  EXPECT_EQ(deleted.body,
            R"({"error":"Not Found","code":404,"message":"key not found",)"
            R"("deleted":true,"version":7,"context":"YWJj"})"
            "\n");
}

TEST(ClientAnswerTest, ARefusalPromisesThatNothingApplied) {
  const Answer few =
      Fill(Refused{Refused::Why::kTooFewOwners, /*required=*/2, 1});
  EXPECT_EQ(few.status, 503);
  EXPECT_EQ(few.headers, "Retry-After: 1\r\n");
  EXPECT_NE(few.body.find(R"("required":2,"received":1,"applied":"no")"),
            std::string::npos);
  EXPECT_EQ(Fill(Refused{Refused::Why::kDiskFull}).status, 507);
  EXPECT_EQ(Fill(Refused{Refused::Why::kBadContext}).status, 400);
  EXPECT_EQ(Fill(Refused{Refused::Why::kBadOperation}).status, 400);
  EXPECT_EQ(Fill(Refused{Refused::Why::kBadCursor}).status, 400);
  EXPECT_EQ(Fill(Refused{Refused::Why::kOperationReused}).status, 409);
  for (const Refused::Why why :
       {Refused::Why::kNotReady, Refused::Why::kRingClosed,
        Refused::Why::kOverloaded, Refused::Why::kReadQuorumFailed,
        Refused::Why::kReadOnly, Refused::Why::kShuttingDown,
        Refused::Why::kDamaged, Refused::Why::kClockUnknown,
        Refused::Why::kClockAhead}) {
    EXPECT_EQ(Fill(Refused{why}).status, 503);
  }
}

TEST(ClientAnswerTest, AnUnknownOutcomeSaysMaybeAndHowToRepeat) {
  const Answer answer = Fill(OutcomeUnknown{
      .required = 2, .received = 1, .operation = Bytes::CopyOf("abc")});

  EXPECT_EQ(answer.status, 504);
  EXPECT_NE(answer.body.find(R"("required":2,"received":1,"applied":"maybe",)"
                             R"("operation":"op1.YWJj")"),
            std::string::npos);
  EXPECT_NE(
      Fill(OutcomeUnknown{.expired = true}).body.find(R"("expired":true)"),
      std::string::npos);
}

TEST(ClientAnswerTest, AKeyListingNamesKeysThatAreNotText) {
  EXPECT_EQ(Fill(KeysPage{{"a", "\xff"}, Bytes::CopyOf("abc")}).body,
            R"({"keys":["a",{"key_base64":"/w=="}],"cursor":"YWJj"})"
            "\n");
  EXPECT_EQ(Fill(KeysPage{}).body, "{\"keys\":[],\"cursor\":null}\n");
}

TEST(ClientAnswerTest, AnOperatorIsToldWhatGoesOn) {
  EXPECT_EQ(Fill(TaskAnswer{TaskAnswer::State::kStarted, 3, 4096}).body,
            R"({"status":"started","files":3,"bytes":4096})"
            "\n");
  EXPECT_EQ(Fill(TaskAnswer{}).body,
            R"({"status":"nothing to do","files":0,"bytes":0})"
            "\n");
}

TEST(ClientAnswerTest, ASnapshotIsNamedAndItsRefusalsAreTold) {
  EXPECT_EQ(
      Fill(SnapshotDone{.name = "a", .path = "s/a", .files = 2, .bytes = 9})
          .body,
      R"({"status":"ok","name":"a","files":2,"bytes":9,"path":"s/a"})"
      "\n");
  EXPECT_EQ(Fill(Refused{Refused::Why::kBadName}).status, 400);
  EXPECT_EQ(Fill(Refused{Refused::Why::kNameTaken}).status, 409);
  EXPECT_EQ(Fill(Refused{Refused::Why::kDiskFailed}).status, 500);
  EXPECT_EQ(Fill(Refused{Refused::Why::kSnapshotRunning}).status, 503);
  EXPECT_EQ(Fill(Refused{Refused::Why::kDiskFull}).status, 507);
}

}  // namespace
}  // namespace orrery
