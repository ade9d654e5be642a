#include "core/storage/whole_transfer.h"

#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace orrery {
namespace {

DiskDone ReadDone(const std::string& bytes) {
  return {.verb = DiskVerb::kRead,
          .count = bytes.size(),
          .data = Bytes::CopyOf(bytes),
          .names = {}};
}

DiskDone WriteDone(uint64_t count) {
  return {.verb = DiskVerb::kWrite, .count = count, .data = {}, .names = {}};
}

DiskEffect ReadOf(uint64_t offset, uint64_t length) {
  return {.verb = DiskVerb::kRead,
          .file = {7},
          .path = {},
          .path2 = {},
          .offset = offset,
          .length = length,
          .data = {}};
}

std::string TextOfParts(const DiskEffect& effect) {
  std::string text;
  for (const Bytes& part : effect.data) text += part.text();
  return text;
}

TEST(WholeTransferTest, AWholeReadPassesAsItIs) {
  WholeTransfer transfer;
  transfer.Begin(ReadOf(100, 5));
  DiskDone done = ReadDone("hello");

  EXPECT_FALSE(transfer.Continue(&done).has_value());

  EXPECT_EQ(done.data.text(), "hello");
}

// Catalogue B3.
TEST(WholeTransferTest, AShortReadIsCompletedByFurtherOnes) {
  WholeTransfer transfer;
  transfer.Begin(ReadOf(100, 5));
  DiskDone first = ReadDone("he");
  DiskDone second = ReadDone("l");
  DiskDone third = ReadDone("lo");

  const std::optional<DiskEffect> after_first = transfer.Continue(&first);
  ASSERT_TRUE(after_first.has_value());
  const std::optional<DiskEffect> after_second = transfer.Continue(&second);
  ASSERT_TRUE(after_second.has_value());
  EXPECT_FALSE(transfer.Continue(&third).has_value());

  EXPECT_EQ(after_first->file.value, 7U);
  EXPECT_EQ(after_first->offset, 102U);
  EXPECT_EQ(after_first->length, 3U);
  EXPECT_EQ(after_second->offset, 103U);
  EXPECT_EQ(third.data.text(), "hello");
  EXPECT_EQ(third.count, 5U);
}

TEST(WholeTransferTest, AReadEndsWhereTheFileDoes) {  // WHT-1, WHT-2
  WholeTransfer transfer;
  transfer.Begin(ReadOf(0, 5));
  DiskDone first = ReadDone("he");
  DiskDone end = ReadDone("");

  ASSERT_TRUE(transfer.Continue(&first).has_value());
  EXPECT_FALSE(transfer.Continue(&end).has_value());

  EXPECT_EQ(end.data.text(), "he");
}

// Catalogue D4.
TEST(WholeTransferTest, AShortWriteIsCompletedAcrossItsParts) {
  WholeTransfer transfer;
  transfer.Begin({.verb = DiskVerb::kWrite,
                  .path = {},
                  .path2 = {},
                  .offset = 10,
                  .data = {Bytes::CopyOf("abc"), Bytes::CopyOf("def")}});
  DiskDone first = WriteDone(4);
  DiskDone second = WriteDone(2);

  const std::optional<DiskEffect> rest = transfer.Continue(&first);
  ASSERT_TRUE(rest.has_value());
  EXPECT_FALSE(transfer.Continue(&second).has_value());

  EXPECT_EQ(rest->offset, 14U);
  EXPECT_EQ(TextOfParts(*rest), "ef");
  EXPECT_EQ(second.count, 6U);
}

TEST(WholeTransferTest, AWriteThatMovesNothingIsNotTriedForEver) {  // WHT-2
  WholeTransfer transfer;
  transfer.Begin({.verb = DiskVerb::kWrite,
                  .path = {},
                  .path2 = {},
                  .data = {Bytes::CopyOf("abc")}});
  DiskDone first = WriteDone(1);
  DiskDone none = WriteDone(0);

  ASSERT_TRUE(transfer.Continue(&first).has_value());
  EXPECT_FALSE(transfer.Continue(&none).has_value());

  EXPECT_EQ(none.count, 1U);
}

TEST(WholeTransferTest, AnErrorEndsIt) {
  WholeTransfer transfer;
  transfer.Begin(ReadOf(0, 5));
  DiskDone first = ReadDone("he");
  DiskDone error = ReadDone("");
  error.error = DiskError::kIo;

  ASSERT_TRUE(transfer.Continue(&first).has_value());
  EXPECT_FALSE(transfer.Continue(&error).has_value());

  EXPECT_EQ(error.error, DiskError::kIo);
  EXPECT_EQ(error.data.text(), "he");  // What came before it counts.
  EXPECT_EQ(error.count, 2u);
  EXPECT_TRUE(transfer.read().empty());
}

}  // namespace
}  // namespace orrery
