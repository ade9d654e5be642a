#include "transport/http/framing_guard.h"

#include <string>

#include "gtest/gtest.h"
#include "transport/http/request_head.h"

namespace orrery {
namespace {

Framing Scan(const std::string& bytes) {
  FramingGuard guard;
  return guard.Scan(bytes);
}

std::string Head(const std::string& headers) {
  return "PUT /kv/a HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
}

TEST(FramingGuardTest, PassesAPlainRequestAndKnowsItsFraming) {
  FramingGuard guard;
  const std::string head = Head("Content-Length: 5\r\n");

  ASSERT_EQ(guard.Scan(head + "hello"), Framing::kComplete);

  EXPECT_EQ(guard.head_bytes(), head.size());
  EXPECT_EQ(guard.content_length(), 5u);
  EXPECT_FALSE(guard.is_chunked());
  EXPECT_TRUE(guard.is_http11());
}

TEST(FramingGuardTest, PassesExactlyChunked) {
  FramingGuard guard;

  ASSERT_EQ(guard.Scan(Head("Transfer-Encoding: Chunked\r\n")),
            Framing::kComplete);

  EXPECT_TRUE(guard.is_chunked());
}

struct Form {
  const char* name;
  std::string bytes;
};

TEST(FramingGuardTest, RefusesEverySmugglingForm) {
  const Form kForms[] = {
      {"chunked on 1.0",
       "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"gzip, chunked", Head("Transfer-Encoding: gzip, chunked\r\n")},
      {"gzip alone", Head("Transfer-Encoding: gzip\r\n")},
      {"identity", Head("Transfer-Encoding: identity\r\n")},
      {"chunked twice in one", Head("Transfer-Encoding: chunked, chunked\r\n")},
      {"chunked twice", Head("Transfer-Encoding: chunked\r\n"
                             "Transfer-Encoding: chunked\r\n")},
      {"obscured chunked", Head("Transfer-Encoding: xchunked\r\n")},
      {"chunked with a parameter", Head("Transfer-Encoding: chunked;q=1\r\n")},
      {"empty transfer encoding", Head("Transfer-Encoding:\r\n")},
      {"TE then CL",
       Head("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")},
      {"CL then TE",
       Head("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")},
      {"gzip then CL",
       Head("Transfer-Encoding: gzip\r\nContent-Length: 3\r\n")},
      {"two unequal lengths",
       Head("Content-Length: 3\r\nContent-Length: 4\r\n")},
      {"two equal lengths", Head("Content-Length: 3\r\nContent-Length: 3\r\n")},
      {"a list of lengths", Head("Content-Length: 3, 3\r\n")},
      {"a signed length", Head("Content-Length: +3\r\n")},
      {"a negative length", Head("Content-Length: -3\r\n")},
      {"a hex length", Head("Content-Length: 0x3\r\n")},
      {"an empty length", Head("Content-Length:\r\n")},
      {"an endless length", Head("Content-Length: 99999999999999999999\r\n")},
      {"space in a length", Head("Content-Length: 1 2\r\n")},
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: x\r\n\r\n"},
      {"bare LF after a header", "GET / HTTP/1.1\r\nHost: x\n\r\n"},
      {"bare LF at the end", "GET / HTTP/1.1\r\nHost: x\r\n\n"},
      {"bare CR in a value", Head("A: b\rc\r\n")},
      {"NUL in a value", Head(std::string("A: b\0c\r\n", 8))},
      {"DEL in a value", Head("A: b\x7f\r\n")},
      {"a folded line", Head("A: b\r\n c\r\n")},
      {"a folded first line", "GET / HTTP/1.1\r\n Host: x\r\n\r\n"},
      {"space before the colon", Head("Content-Length : 3\r\n")},
      {"tab before the colon", Head("Content-Length\t: 3\r\n")},
      {"no colon", Head("Nonsense\r\n")},
      {"no name", Head(": x\r\n")},
      {"a name with a bracket", Head("A(b): x\r\n")},
      {"no host", "GET / HTTP/1.1\r\n\r\n"},
      {"two hosts", Head("Host: y\r\n")},
      {"two spaces in the request line", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"a space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"a tab in the target", "GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"no version", "GET /\r\nHost: x\r\n\r\n"},
      {"a lower-case version", "GET / http/1.1\r\nHost: x\r\n\r\n"},
      {"an odd method", "G(T / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"an empty line first", "\r\n"},
  };

  for (const Form& form : kForms) {
    EXPECT_EQ(Scan(form.bytes), Framing::kMalformed) << form.name;
  }
}

TEST(FramingGuardTest, RefusesOtherVersions) {
  EXPECT_EQ(Scan("GET / HTTP/2.0\r\n"), Framing::kVersionUnsupported);
  EXPECT_EQ(Scan("GET / HTTP/0.9\r\n"), Framing::kVersionUnsupported);
}

TEST(FramingGuardTest, RefusesALongRequestLineBeforeItEnds) {
  const std::string line = "GET /" + std::string(kRequestLineBytesMax, 'a');

  EXPECT_EQ(Scan(line), Framing::kRequestLineTooLong);
  EXPECT_EQ(Scan(line + " HTTP/1.1\r\n"), Framing::kRequestLineTooLong);
}

TEST(FramingGuardTest, RefusesLargeHeadersBeforeTheyEnd) {
  EXPECT_EQ(Scan("GET / HTTP/1.1\r\nA: " + std::string(kHeadBytesMax, 'a')),
            Framing::kHeadTooLarge);
}

TEST(FramingGuardTest, CountsHeaders) {
  std::string headers;
  for (size_t i = 1; i < kHeadersMax; ++i) headers += "A: b\r\n";

  EXPECT_EQ(Scan(Head(headers)), Framing::kComplete);
  EXPECT_EQ(Scan(Head(headers + "A: b\r\n")), Framing::kHeadTooLarge);
}

// FRG-1
TEST(FramingGuardTest, TheCutOfTheReadsChangesNothing) {
  const std::string head = Head("Content-Length: 12\r\nAccept: */*\r\n");
  FramingGuard guard;

  for (size_t i = 1; i < head.size(); ++i) {
    ASSERT_EQ(guard.Scan(head.substr(0, i)), Framing::kNeedMore) << i;
  }

  ASSERT_EQ(guard.Scan(head), Framing::kComplete);
  EXPECT_EQ(guard.head_bytes(), head.size());
  EXPECT_EQ(guard.content_length(), 12u);
}

TEST(ParseHeadTest, ReadsWhatTheRouterNeeds) {
  const std::string bytes =
      "DELETE /kv/a%2Fb?w=2 HTTP/1.1\r\nhost: x\r\n"
      "content-type: application/json\r\nX-Operation-Id: 7\r\n"
      "x-causal-context: YWJj\r\nIf-None-Match: *\r\nConnection: close\r\n"
      "Content-Length: 3\r\n\r\n";
  RequestHead head;

  ASSERT_TRUE(ParseHead(bytes, &head));

  EXPECT_EQ(head.method, HttpMethod::kDelete);
  EXPECT_EQ(head.target, "/kv/a%2Fb?w=2");
  EXPECT_EQ(head.content_type, "application/json");
  EXPECT_EQ(head.operation_id, "7");
  EXPECT_EQ(head.causal_context, "YWJj");
  EXPECT_TRUE(head.conditional);
  EXPECT_FALSE(head.keep_alive);
  EXPECT_FALSE(head.repeated);
  EXPECT_EQ(head.content_length, 3u);
}

TEST(ParseHeadTest, TakesTargetsAsLongAsTheGuardAllows) {
  const std::string bytes =
      "GET /kv/" + std::string(12000, 'a') +
      " HTTP/1.1\r\nHost: x\r\nA: " + std::string(40000, 'b') + "\r\n\r\n";
  RequestHead head;

  ASSERT_EQ(Scan(bytes), Framing::kComplete);
  ASSERT_TRUE(ParseHead(bytes, &head));

  EXPECT_EQ(head.target.size(), 12004u);
}

TEST(ParseHeadTest, TakesUnescapedUtf8InTargets) {
  RequestHead head;

  ASSERT_TRUE(ParseHead("GET /kv/\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n", &head));

  EXPECT_EQ(head.target, "/kv/\xc3\xa9");
}

}  // namespace
}  // namespace orrery
