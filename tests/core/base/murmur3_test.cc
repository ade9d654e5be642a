#include "core/base/murmur3.h"

#include <string>

#include "core/base/coding.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

TEST(Murmur3Test, TheEmptyKeyHashesToZero) {
  EXPECT_EQ(Murmur3x64_128(""), Hash128{});
}

TEST(Murmur3Test, AgreesWithPublishedValues) {
  EXPECT_EQ(Murmur3x64_128("hello"),
            (Hash128{.h1 = 0xcbd8a7b341bd9b02, .h2 = 0x5b1e906a48ae1d19}));
  EXPECT_EQ(Murmur3x64_128("The quick brown fox jumps over the lazy dog"),
            (Hash128{.h1 = 0xe34bbc7bbc071b6c, .h2 = 0x7a433ca9c49a9347}));
}

// Bytes above 0x7f catch a sign extension that text does not.
TEST(Murmur3Test, TreatsBytesAsUnsigned) {
  EXPECT_NE(Murmur3x64_128("\x80"), Murmur3x64_128("\xff"));
}

// The verification value of the author's test suite: the hash of the hashes
// of 0, 1, ... 255 bytes, each under its own seed.
TEST(Murmur3Test, PassesTheVerificationOfItsReferenceSuite) {
  std::string key;
  ByteBuffer hashes;
  for (uint32_t i = 0; i < 256; ++i) {
    const Hash128 hash = Murmur3x64_128(key, 256 - i);
    PutU64(hashes, hash.h1);
    PutU64(hashes, hash.h2);
    key.push_back(static_cast<char>(i));
  }

  const Hash128 verification = Murmur3x64_128(TextOf(hashes));

  EXPECT_EQ(verification.h1 & 0xffffffff, 0x6384ba69);
}

}  // namespace
}  // namespace orrery
