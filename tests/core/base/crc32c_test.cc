#include "core/base/crc32c.h"

#include <string>

#include "core/base/coding.h"
#include "core/base/prng.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

std::string RandomText(Prng& prng, size_t size) {
  std::string text;
  while (text.size() < size) {
    text.push_back(static_cast<char>(prng.Next() & 0xff));
  }
  return text;
}

ByteBuffer FromHex(std::string_view hex) {
  ByteBuffer bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    const std::string digits(hex.substr(i, 2));
    bytes.push_back(static_cast<std::byte>(std::stoi(digits, nullptr, 16)));
  }
  return bytes;
}

TEST(Crc32cTest, NothingHasChecksumZero) { EXPECT_EQ(Crc32c({}), 0U); }

TEST(Crc32cTest, AgreesWithTheCheckValueOfTheCatalogue) {
  EXPECT_EQ(Crc32c(ViewOf("123456789")), 0xe3069283U);
}

// RFC 3720, appendix B.4.
TEST(Crc32cTest, AgreesWithTheVectorsOfIscsi) {
  EXPECT_EQ(Crc32c(ViewOf(std::string(32, '\0'))), 0x8a9136aaU);
  EXPECT_EQ(Crc32c(ViewOf(std::string(32, '\xff'))), 0x62a8ab43U);
}

// The worked example of the disk format: `user:1` = `hello`, sequence 42, at
// offset 4160 of a file with this salt.
TEST(Crc32cTest, AgreesWithTheWorkedExampleOfTheDiskFormat) {
  const ByteBuffer header =
      FromHex("01002a36fe9c9717060000000500000000010c002a00000000000000");
  const ByteBuffer rest =
      FromHex("46b8201f7e5a3c9d01020304757365723a3168656c6c6f");
  ByteBuffer place;
  PutU64(place, 0x1122334455667788);
  PutU64(place, 4160);

  const uint32_t header_crc = Crc32cExtend(Crc32c(header), place);
  ByteBuffer all = header;
  PutU32(all, header_crc);
  PutBytes(all, rest);

  EXPECT_EQ(header_crc, 0x54a9499fU);
  EXPECT_EQ(Crc32c(all), 0x618966a7U);
}

// Lengths around the borders of the three-stream loops, at odd addresses.
TEST(Crc32cTest, TheInstructionAndTheTableAgree) {
  Prng prng(1);
  const std::string text = RandomText(prng, 20'000);
  for (const size_t size :
       {0UL, 1UL, 7UL, 8UL, 9UL, 767UL, 768UL, 769UL, 1'535UL, 6'143UL, 6'144UL,
        6'145UL, 12'288UL, 19'990UL}) {
    for (size_t offset = 0; offset < 9; ++offset) {
      const ByteView bytes = ViewOf(text).subspan(offset, size);
      EXPECT_EQ(Crc32cExtend(7, bytes), Crc32cExtendByTable(7, bytes))
          << size << " bytes at " << offset;
    }
  }
}

TEST(Crc32cTest, ExtendingIsConcatenation) {
  Prng prng(2);
  const std::string text = RandomText(prng, 3'000);
  const ByteView all = ViewOf(text);

  for (size_t cut = 0; cut <= all.size(); cut += 97) {
    EXPECT_EQ(Crc32cExtend(Crc32c(all.first(cut)), all.subspan(cut)),
              Crc32c(all));
  }
}

TEST(Crc32cTest, CombiningIsConcatenation) {
  Prng prng(3);
  const std::string text = RandomText(prng, 3'000);
  const ByteView all = ViewOf(text);

  for (size_t cut = 0; cut <= all.size(); cut += 97) {
    EXPECT_EQ(Crc32cCombine(Crc32c(all.first(cut)), Crc32c(all.subspan(cut)),
                            all.size() - cut),
              Crc32c(all));
  }
}

// Lengths beyond 2^28 bytes pass the end of the row of powers.
TEST(Crc32cTest, CombiningHoldsForLengthsBeyondTheOrderOfX) {
  const uint32_t crc = Crc32c(ViewOf("orrery"));
  constexpr uint64_t kHalf = uint64_t{1} << 40;

  const uint32_t twice = Crc32cCombine(Crc32cCombine(crc, 0, kHalf), 0, kHalf);

  EXPECT_EQ(Crc32cCombine(crc, 0, 2 * kHalf), twice);
}

}  // namespace
}  // namespace orrery
