#include "core/storage/record.h"

#include <string>
#include <vector>

#include "core/base/coding.h"
#include "core/storage/control_record.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

constexpr uint64_t kRecordSalt = 0x1122334455667788;

std::vector<uint8_t> FromHex(std::string_view text) {
  std::vector<uint8_t> bytes;
  int digits = 0;
  uint8_t value = 0;
  for (const char c : text) {
    if (c == ' ' || c == '|' || c == '\n') continue;
    value =
        static_cast<uint8_t>(value << 4 | (c <= '9' ? c - '0' : c - 'a' + 10));
    if (++digits % 2 == 0) bytes.push_back(value);
  }
  return bytes;
}

std::vector<uint8_t> ToVector(ByteView bytes) {
  std::vector<uint8_t> out;
  for (const std::byte b : bytes) out.push_back(static_cast<uint8_t>(b));
  return out;
}

Bytes Example() {
  std::byte* to = nullptr;
  Bytes bytes = Bytes::Allocate(128, &to);
  const auto payload = EncodeWatermark({.acknowledged_after_sync = true,
                                        .batch_bytes = 128,
                                        .durable = {7, 4096}});
  EncodeRecord({.timestamp = 1700000000000000000,
                .seq = 41,
                .meta = {},
                .key = {},
                .value = payload},
               {kRecordSalt, 4096}, to);
  const std::string meta("\x01\x02\x03\x04", 4);
  EncodeRecord({.timestamp = 1700000000000000001,
                .seq = 42,
                .digest = 0x9d3c5a7e1f20b846,
                .meta = ViewOf(meta),
                .key = ViewOf("user:1"),
                .value = ViewOf("hello")},
               {kRecordSalt, 4160}, to + 64);
  return bytes;
}

TEST(RecordTest, TheWorkedExampleOfTheFormatIsReproducedByteForByte) {
  const Bytes bytes = Example();

  EXPECT_EQ(ToVector(bytes.view()), FromHex(R"(
16 86 67 15|00 00 2a 36 fe 9c 97 17|00 00 00 00
1c 00 00 00|00|01|00 00|29 00 00 00 00 00 00 00
0d ff 68 92|01|01|00 00|80 00 00 00|00 00 00 00
07 00 00 00 00 00 00 00|00 10 00 00 00 00 00 00
a7 66 89 61|01 00 2a 36 fe 9c 97 17|06 00 00 00
05 00 00 00|00|01|0c 00|2a 00 00 00 00 00 00 00
9f 49 a9 54|46 b8 20 1f 7e 5a 3c 9d|01 02 03 04
75 73 65 72 3a 31|68 65 6c 6c 6f|00 00 00 00 00)"));
}

TEST(RecordTest, TheDeletionOfTheWorkedExampleHasTheDocumentedChecksums) {
  const std::string meta("\x01\x02\x03\x04", 4);
  const RecordFields fields{.timestamp = 1700000000000000002,
                            .deleted = true,
                            .seq = 43,
                            .digest = 0x27c1e80b64f5930a,
                            .meta = ViewOf(meta),
                            .key = ViewOf("user:1"),
                            .value = {}};
  std::vector<std::byte> bytes(fields.bytes());
  EncodeRecord(fields, {kRecordSalt, 4224}, bytes.data());

  EXPECT_EQ(bytes.size(), 56u);
  EXPECT_EQ(LoadU32(bytes.data()), 0x94260549u);
  EXPECT_EQ(LoadU32(bytes.data() + 32), 0x093ca2d5u);
}

TEST(RecordTest, WhatWasEncodedIsReadBack) {
  const Bytes bytes = Example();
  const ByteView record = bytes.view().subspan(64);

  const auto header = ParseRecordHeader(record, {kRecordSalt, 4160}, 1024);

  ASSERT_TRUE(header.has_value());
  EXPECT_TRUE(RecordHolds(*header, record));
  EXPECT_EQ(header->seq, 42u);
  EXPECT_EQ(header->timestamp, 1700000000000000001u);
  EXPECT_FALSE(header->deleted);
  const RecordView view = ViewRecord(*header, record);
  EXPECT_EQ(TextOf(view.key), "user:1");
  EXPECT_EQ(TextOf(view.value), "hello");
  EXPECT_EQ(TextOf(view.meta), std::string("\x01\x02\x03\x04", 4));
  EXPECT_EQ(view.digest, 0x9d3c5a7e1f20b846u);
}

// Catalogue C1.
TEST(RecordTest, EveryFlippedBitIsCaught) {
  const Bytes good = Example();
  for (size_t bit = 64 * 8; bit < (64 + 59) * 8; ++bit) {
    ByteBuffer bytes(good.view().begin(), good.view().end());
    bytes[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    const ByteView record = ByteView(bytes).subspan(64);

    const auto header = ParseRecordHeader(record, {kRecordSalt, 4160}, 1024);

    const bool holds = header.has_value() &&
                       header->body_bytes() <= record.size() &&
                       RecordHolds(*header, record);
    EXPECT_FALSE(holds) << "bit " << bit;
  }
}

TEST(RecordTest, ARecordOfAnotherPlaceOrFileIsNone) {
  const Bytes bytes = Example();
  const ByteView record = bytes.view().subspan(64);

  EXPECT_FALSE(
      ParseRecordHeader(record, {kRecordSalt, 4168}, 1024).has_value());
  EXPECT_FALSE(
      ParseRecordHeader(record, {kRecordSalt + 1, 4160}, 1024).has_value());
}

TEST(RecordTest, AKeyBeyondTheLimitIsNotBelieved) {
  const Bytes bytes = Example();
  const ByteView record = bytes.view().subspan(64);

  EXPECT_FALSE(ParseRecordHeader(record, {kRecordSalt, 4160}, 5).has_value());
}

TEST(RecordTest, ZerosAreNoRecord) {
  const std::vector<std::byte> zeros(128);

  EXPECT_FALSE(ParseRecordHeader(zeros, {0, 0}, 1024).has_value());
}

TEST(ControlRecordTest, WatermarkAndSealAreReadBack) {
  const Watermark watermark{
      .acknowledged_after_sync = true, .batch_bytes = 77, .durable = {3, 8192}};
  const Seal seal{.summary = {.data_length = 1,
                              .record_count = 2,
                              .tombstone_count = 3,
                              .min_seq = 4,
                              .max_seq = 5,
                              .min_timestamp = 6,
                              .max_timestamp = 7,
                              .digest = 8},
                  .header_crc = 9,
                  .file_id = 10,
                  .salt = 11};

  EXPECT_EQ(DecodeWatermark(EncodeWatermark(watermark)), watermark);
  EXPECT_EQ(DecodeSeal(EncodeSeal(seal)), seal);
}

}  // namespace
}  // namespace orrery
