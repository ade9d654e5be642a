#include "core/base/bytes.h"

#include <cstring>

#include "gtest/gtest.h"

namespace orrery {
namespace {

TEST(BytesTest, ACopyEqualsItsSourceAndSharesItsBuffer) {
  const Bytes original = Bytes::CopyOf("orrery");

  const Bytes copy = original;

  EXPECT_EQ(copy, original);
  EXPECT_EQ(copy.data(), original.data());
}

TEST(BytesTest, ASliceOutlivesTheBytesItWasCutFrom) {
  Bytes slice;
  {
    const Bytes whole = Bytes::CopyOf("the sun, the moon");
    slice = whole.Slice(4, 3);
  }

  EXPECT_EQ(slice.text(), "sun");
}

TEST(BytesTest, AnAllocatedBufferIsFilledInPlace) {
  std::byte* data = nullptr;
  const Bytes bytes = Bytes::Allocate(3, &data);
  std::memcpy(data, "abc", 3);

  EXPECT_EQ(bytes.text(), "abc");
}

TEST(BytesTest, NothingIsEmptyAndEqualToNothing) {
  std::byte* data = nullptr;
  const Bytes none = Bytes::Allocate(0, &data);

  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none, Bytes());
  EXPECT_EQ(none, Bytes::CopyOf(""));
}

TEST(BytesTest, AssigningToItselfKeepsTheContent) {
  Bytes bytes = Bytes::CopyOf("kept");
  const Bytes& alias = bytes;

  bytes = alias;

  EXPECT_EQ(bytes.text(), "kept");
}

TEST(BytesDeathTest, ASliceBeyondTheEndIsAnInvariantFailure) {
  const Bytes bytes = Bytes::CopyOf("abc");

  EXPECT_DEATH(static_cast<void>(bytes.Slice(2, 2)), "invariant failed");
}

}  // namespace
}  // namespace orrery
