#include "transport/http/base64.h"

#include <string>

#include "gtest/gtest.h"

namespace orrery {
namespace {

std::string Encode(std::string_view text) {
  std::string out;
  AppendBase64(ViewOf(text), &out);
  return out;
}

TEST(Base64Test, MatchesTheVectorsOfTheRfc) {
  EXPECT_EQ(Encode(""), "");
  EXPECT_EQ(Encode("f"), "Zg==");
  EXPECT_EQ(Encode("fo"), "Zm8=");
  EXPECT_EQ(Encode("foo"), "Zm9v");
  EXPECT_EQ(Encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64Url(ViewOf("\xfb\xff")), "-_8");
}

TEST(Base64Test, DecodesWhatItEncodes) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(DecodeBase64(Encode(bytes))->text(), bytes);
    EXPECT_EQ(DecodeBase64Url(Base64Url(ViewOf(bytes)))->text(), bytes);
    bytes.push_back(static_cast<char>(i * 7));
  }
}

TEST(Base64Test, RefusesAllButOneFormOfAValue) {
  for (const char* text : {"Zg", "Zg=", "Zh==", "Zg==\n", "Zm-v",
                           "====", "Z===", "Zm9v====", "Z g="}) {
    EXPECT_FALSE(DecodeBase64(text).has_value()) << text;
  }
  for (const char* text : {"Zg==", "Zh", "Z", "Zm+v", "Zm/v", "Zm9 v"}) {
    EXPECT_FALSE(DecodeBase64Url(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace orrery
