#include "node/response_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace orrery {
namespace {

std::optional<int> Feed(ResponseReader& reader, std::string_view bytes) {
  std::optional<int> status;
  while (!bytes.empty()) {
    const std::span<char> space = reader.Space();
    const size_t take = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), take);
    status = reader.OnRead(take);
    bytes.remove_prefix(take);
  }
  return status;
}

TEST(ResponseReaderTest, KnowsWhenAResponseIsWhole) {
  ResponseReader reader;
  EXPECT_EQ(Feed(reader, "HTTP/1.1 200 OK\r\ncontent-length:  5\r\n"),
            std::nullopt);
  EXPECT_EQ(Feed(reader, "\r\nhel"), std::nullopt);
  EXPECT_EQ(Feed(reader, "lo"), 200);
  EXPECT_EQ(Feed(reader, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            404);
  EXPECT_FALSE(reader.is_broken());
}

TEST(ResponseReaderTest, TakesLargeBodies) {
  ResponseReader reader;
  EXPECT_EQ(Feed(reader, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" +
                             std::string(100000, 'x')),
            200);
}

TEST(ResponseReaderTest, IsBrokenByWhatItDoesNotSpeak) {
  for (const char* bytes :
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nextra"}) {
    ResponseReader reader;
    Feed(reader, bytes);
    EXPECT_TRUE(reader.is_broken()) << bytes;
  }
}

}  // namespace
}  // namespace orrery
