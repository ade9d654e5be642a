#include "transport/http/json_writer.h"

#include <string>

#include "gtest/gtest.h"

namespace orrery {
namespace {

TEST(JsonWriterTest, PutsCommasWhereTheyBelong) {
  std::string out;
  JsonWriter json(&out);

  json.BeginObject().Member("a", "b").Name("c").BeginArray();
  json.Number(uint64_t{18446744073709551615u}).Null().Bool(true).EndArray();
  json.Name("d").BeginObject().EndObject().Member("e", uint64_t{0}).EndObject();

  EXPECT_EQ(out,
            R"({"a":"b","c":[18446744073709551615,null,true],"d":{},"e":0})");
}

TEST(JsonWriterTest, EscapesWhatMustBeEscapedAndNothingElse) {
  std::string out;

  JsonWriter(&out).Text(std::string_view("q\"b\\n\n\r\t\0\x1f/\xc3\xa9", 13));

  EXPECT_EQ(out, "\"q\\\"b\\\\n\\n\\r\\t\\u0000\\u001f/\xc3\xa9\"");
}

TEST(JsonWriterTest, BytesThatAreNotUtf8AreNamedSo) {
  std::string out;
  JsonWriter json(&out);

  json.BeginObject().TextOrBase64("value", "\xff\xfe").EndObject();

  EXPECT_EQ(out, R"({"value_base64":"//4="})");
}

TEST(IsUtf8Test, KnowsTheEdges) {
  for (const char* good :
       {"", "plain ascii of more than eight bytes", "\xc2\x80", "\xdf\xbf",
        "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf", "12345678\xc3\xa9"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80",
        "\xe2\x82", "12345678\xff", "\xf0\x90\x80"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace orrery
