// The worked example of docs/disk-format.md, read out of the page: its bytes
// are decoded, its words are compared with what they say, and the deletion that
// it describes is encoded.  Whoever edits the page wrongly hears of it here.

#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/coding.h"
#include "core/protocol/limits.h"
#include "core/storage/control_record.h"
#include "core/storage/record.h"
#include "core/storage/segment_scan.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

constexpr size_t kBytesOfLine = 16;

// A line of the dump: "4096  16 86 67 15|00 ..   what it says".
struct DumpLine {
  uint64_t offset = 0;
  ByteBuffer bytes;
  std::string words;
};

class WorkedExampleTest : public testing::Test {
 protected:
  WorkedExampleTest() {
    std::ifstream in("docs/disk-format.md");
    std::ostringstream text;
    text << in.rdbuf();
    const std::string page = text.str();
    const size_t begin = page.find("\n## Worked example\n");
    const size_t end = page.find("\n## ", begin + 1);
    section_ =
        begin == std::string::npos ? "" : page.substr(begin, end - begin);
    ReadDump();
  }

  void ReadDump() {
    const std::regex line(
        R"(^(\d+)  ((?:[0-9a-f]{2}[ |])+[0-9a-f]{2})   (.*)$)");
    std::istringstream lines(section_);
    for (std::string text; std::getline(lines, text);) {
      std::smatch parts;
      if (!std::regex_match(text, parts, line)) continue;
      DumpLine& found = dump_.emplace_back();
      found.offset = std::stoull(parts[1]);
      const std::string hex = parts[2];
      for (size_t at = 0; at < hex.size(); at += 3) {
        found.bytes.push_back(
            static_cast<std::byte>(std::stoi(hex.substr(at, 2), nullptr, 16)));
      }
      found.words = parts[3];
      bytes_.insert(bytes_.end(), found.bytes.begin(), found.bytes.end());
    }
  }

  // The number behind `words` on the page, from there on; decimal or 0x.
  uint64_t NumberAfter(const std::string& words, size_t from = 0) const {
    const size_t at = section_.find(words, from);
    if (at == std::string::npos) {
      ADD_FAILURE() << "the page does not say \"" << words << "\"";
      return 0;
    }
    const std::string rest = section_.substr(at + words.size(), 40);
    const size_t digit = rest.find_first_of("0123456789");
    return std::stoull(rest.substr(digit), nullptr, 0);
  }

  // "name number" in the words of the lines from `line` on, four of them.
  std::map<std::string, uint64_t> SaidFrom(size_t line) const {
    std::map<std::string, uint64_t> said;
    const std::regex pair(R"(([a-z_]+) (\d+))");
    for (size_t i = line; i < line + 4 && i < dump_.size(); ++i) {
      const std::string& words = dump_[i].words;
      for (std::sregex_iterator it(words.begin(), words.end(), pair), end;
           it != end; ++it) {
        said[(*it)[1]] = std::stoull((*it)[2]);
      }
    }
    return said;
  }

  static void ExpectSaid(const RecordHeader& header,
                         const std::map<std::string, uint64_t>& said) {
    const std::map<std::string, uint64_t> is = {
        {"timestamp", header.timestamp}, {"key_len", header.key_len},
        {"value_len", header.value_len}, {"deleted", header.deleted ? 1u : 0u},
        {"meta_len", header.meta_len},   {"seq", header.seq}};
    for (const auto& [name, value] : is) {
      ASSERT_TRUE(said.contains(name)) << name;
      EXPECT_EQ(said.at(name), value) << name;
    }
  }

  std::string section_;
  std::vector<DumpLine> dump_;
  ByteBuffer bytes_;
};

TEST_F(WorkedExampleTest, ItsLinesFollowEachOther) {
  ASSERT_EQ(dump_.size(), 8u);
  for (size_t i = 0; i < dump_.size(); ++i) {
    EXPECT_EQ(dump_[i].bytes.size(), kBytesOfLine);
    EXPECT_EQ(dump_[i].offset, 4096 + i * kBytesOfLine);
  }
}

TEST_F(WorkedExampleTest, ItsBytesAreTheRecordsThatItsWordsTellOf) {
  const uint64_t salt = NumberAfter("File salt ");
  ASSERT_EQ(NumberAfter("a watermark at "), 4096u);
  ASSERT_EQ(NumberAfter("` = `hello` at "), 4160u);
  SegmentScan scan({.salt = salt,
                    .from = 4096,
                    .upto = 4096 + bytes_.size(),
                    .key_bytes_max = kKeyBytesMax});
  scan.Feed(bytes_);
  SegmentScan::Item item;

  ASSERT_TRUE(scan.Next(&item));
  ASSERT_EQ(item.kind, SegmentScan::Item::Kind::kRecord);
  EXPECT_EQ(item.from, 4096u);
  const std::map<std::string, uint64_t> first = SaidFrom(0);
  ExpectSaid(item.header, first);
  const std::optional<Watermark> watermark =
      DecodeWatermark(ViewRecord(item.header, item.record).value);
  ASSERT_TRUE(watermark.has_value());
  EXPECT_EQ(first.at("kind"), static_cast<uint64_t>(ControlKind::kWatermark));
  EXPECT_EQ(first.at("flags"), watermark->acknowledged_after_sync ? 1u : 0u);
  EXPECT_EQ(first.at("batch_bytes"), watermark->batch_bytes);
  EXPECT_EQ(first.at("file"), watermark->durable.file);
  EXPECT_EQ(first.at("offset"), watermark->durable.offset);

  ASSERT_TRUE(scan.Next(&item));
  ASSERT_EQ(item.kind, SegmentScan::Item::Kind::kRecord);
  EXPECT_EQ(item.from, 4160u);
  ExpectSaid(item.header, SaidFrom(4));
  const RecordView view = ViewRecord(item.header, item.record);
  EXPECT_EQ(TextOf(view.key), "user:1");
  EXPECT_EQ(TextOf(view.value), "hello");
  EXPECT_EQ(TextOf(view.meta), "\x01\x02\x03\x04");
  EXPECT_EQ(view.digest, NumberAfter("version digest\n"));
  EXPECT_EQ(item.header.bytes(), NumberAfter("the record takes "));
  EXPECT_FALSE(scan.Next(&item));
  EXPECT_TRUE(scan.IsDone());
}

TEST_F(WorkedExampleTest, ItsDeletionHasTheChecksumsThatItNames) {
  const size_t told = section_.find("Its deletion at ");
  ASSERT_NE(told, std::string::npos);
  const std::string meta("\x01\x02\x03\x04");
  const std::map<std::string, uint64_t> put = SaidFrom(4);
  const RecordFields fields{
      .timestamp = put.at("timestamp") + NumberAfter("timestamp +", told),
      .deleted = true,
      .seq = NumberAfter("seq ", told),
      .digest = NumberAfter("digest `", told),
      .meta = ViewOf(meta),
      .key = ViewOf("user:1"),
      .value = {}};
  ByteBuffer bytes(fields.bytes());

  EncodeRecord(fields,
               {.salt = NumberAfter("File salt "),
                .offset = NumberAfter("Its deletion at ")},
               bytes.data());

  EXPECT_EQ(bytes.size(), NumberAfter("takes ", told));
  EXPECT_EQ(LoadU32(bytes.data() + 32), NumberAfter("header_crc `", told));
  EXPECT_EQ(LoadU32(bytes.data()), NumberAfter(", crc `", told));
}

}  // namespace
}  // namespace orrery
