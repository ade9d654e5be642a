#include "transport/http/chunk_decoder.h"

#include <string>

#include "gtest/gtest.h"

namespace orrery {
namespace {

using Verdict = ChunkDecoder::Verdict;

Verdict Decode(std::string_view input, std::string* decoded = nullptr,
               uint64_t bytes_max = 1000) {
  ChunkDecoder decoder(bytes_max);
  std::string scratch;
  return decoder.Feed(&input, decoded == nullptr ? &scratch : decoded);
}

TEST(ChunkDecoderTest, JoinsChunksAndLeavesWhatFollows) {
  ChunkDecoder decoder(1000);
  std::string decoded;
  std::string_view input = "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nT: v\r\n\r\nGET";

  EXPECT_EQ(decoder.Feed(&input, &decoded), Verdict::kComplete);

  EXPECT_EQ(decoded, "hello!");
  EXPECT_EQ(input, "GET");
}

TEST(ChunkDecoderTest, TheCutOfTheReadsChangesNothing) {  // CHK-1
  const std::string text = "A\r\n0123456789\r\n2\r\nab\r\n0\r\n\r\n";
  ChunkDecoder decoder(1000);
  std::string decoded;

  for (size_t i = 0; i + 1 < text.size(); ++i) {
    std::string_view one = std::string_view(text).substr(i, 1);
    ASSERT_EQ(decoder.Feed(&one, &decoded), Verdict::kNeedMore) << i;
  }
  std::string_view last = "\n";

  EXPECT_EQ(decoder.Feed(&last, &decoded), Verdict::kComplete);
  EXPECT_EQ(decoded, "0123456789ab");
}

TEST(ChunkDecoderTest, RefusesWhatTwoParsersCouldReadDifferently) {
  for (const char* text :
       {"5\nhello\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhelloX\r\n",
        " 5\r\nhello\r\n", "5 \r\nhello\r\n", "0x5\r\nhello\r\n", "-1\r\n",
        "\r\nhello\r\n", "000000005\r\nhello\r\n", "5;a\nb\r\nhello\r\n",
        "0\r\n\rX", "0\r\nT: v\n\r\n", "0\r\n folded\r\n\r\n",
        "0\r\n: v\r\n\r\n", "0\r\nT : v\r\n\r\n", "0\r\nT\r\n\r\n"}) {
    EXPECT_EQ(Decode(text), Verdict::kMalformed) << text;
  }
}

TEST(ChunkDecoderTest, BoundsBodyExtensionsAndTrailers) {  // CHK-2
  EXPECT_EQ(Decode("5\r\nhello\r\n", nullptr, 4), Verdict::kTooLarge);
  EXPECT_EQ(Decode("FFFFFFFF\r\n", nullptr, 4), Verdict::kTooLarge);
  EXPECT_EQ(Decode("1;" + std::string(kChunkLineBytesMax + 1, 'a')),
            Verdict::kMalformed);
  EXPECT_EQ(Decode("0\r\n" + std::string(kTrailerBytesMax + 1, 'a')),
            Verdict::kMalformed);
  EXPECT_EQ(Decode("0\r\na:" + std::string(kTrailerBytesMax - 1, 'a')),
            Verdict::kMalformed);
}

}  // namespace
}  // namespace orrery
