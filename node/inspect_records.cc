#include "node/inspect_records.h"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "core/hint/hint_record.h"
#include "node/printable.h"
#include "transport/http/json_writer.h"

namespace orrery {
namespace {

bool HasTarget(const InspectedRecord& record) {
  return record.is_hint && record.view.key.size() > kHintKeyPrefixBytes;
}

std::string TargetOf(const InspectedRecord& record) {
  return HexText(StorageOf(TextOf(record.view.key)));
}

}  // namespace

RecordPrinter::RecordPrinter(Options options, InspectProgress& progress)
    : options_(std::move(options)), progress_(progress) {
  if (options_.json) {
    std::printf("{\"records\":[");
  } else {
    std::printf("%-10s %-20s %-20s %7s %8s %9s %-7s  %s\n", "OFFSET", "SEQ",
                "TIMESTAMP", "KEY_LEN", "META_LEN", "VALUE_LEN", "", "KEY");
  }
}

void RecordPrinter::Take(const InspectedRecord& record) {
  std::string_view key = TextOf(record.view.key);
  if (HasTarget(record)) key.remove_prefix(kHintKeyPrefixBytes);
  if (options_.key.has_value() && key != *options_.key) return;
  progress_.Clear();
  if (options_.json) {
    PrintJson(record, key);
  } else {
    PrintRow(record, key);
  }
  ++printed_;
}

void RecordPrinter::PrintRow(const InspectedRecord& record,
                             std::string_view key) {
  const RecordHeader& header = record.header;
  std::string where = Printable(record.file);
  if (HasTarget(record)) where += " for " + TargetOf(record);
  std::printf("%-10" PRIu64 " %-20" PRIu64 " %-20" PRIu64
              " %7u %8u %9u %-7s  %s  (%s)\n",
              record.offset, header.seq, header.timestamp, header.key_len,
              unsigned{header.meta_len}, header.value_len,
              header.deleted ? "deleted" : "", Printable(key).c_str(),
              where.c_str());
}

void RecordPrinter::PrintJson(const InspectedRecord& record,
                              std::string_view key) {
  const RecordHeader& header = record.header;
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  json.TextOrBase64("file", record.file);
  json.Member("offset", record.offset).Member("seq", header.seq);
  json.Member("timestamp", header.timestamp);
  json.TextOrBase64("key", key);
  if (HasTarget(record)) json.Member("target", TargetOf(record));
  json.Member("digest", HexText(record.view.digest));
  json.Member("key_bytes", uint64_t{header.key_len});
  json.Member("meta_bytes", uint64_t{header.meta_len});
  json.Member("value_bytes", uint64_t{header.value_len});
  json.Name("deleted").Bool(header.deleted).EndObject();
  std::printf("%s\n%s", printed_ == 0 ? "" : ",", text.c_str());
}

void RecordPrinter::Finish() {
  if (options_.json) {
    std::printf("\n],");
  } else {
    std::printf("%" PRIu64 " records\n\n", printed_);
  }
}

}  // namespace orrery
