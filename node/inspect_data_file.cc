#include "node/inspect_data_file.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/coding.h"
#include "core/storage/segment_scan.h"
#include "node/printable.h"

namespace orrery {
namespace {

// What is left of a piece that cannot be read in one go.
constexpr uint64_t kCarefulBytes = 4096;
// Of so many gaps it is told what they were; of a gap so much is read: header,
// metadata and key.
constexpr size_t kGapsReadMax = 1000;
constexpr uint64_t kGapBytesMax = uint64_t{68} << 10;

class DataFileReader {
 public:
  DataFileReader(const InspectedPath& at, const DataFileOptions& options,
                 InspectContext& context)
      : at_(at), options_(options), context_(context) {}

  DataFileLook Look() {
    look_.seen.listed = options_.listed.value_or(ManifestFile{});
    // Rows are for a judgement that needs the manifest.
    if (!options_.listed.has_value()) look_.seen.listed.sealed = true;
    std::optional<ReadOnlyFile> file = context_.Open(at_);
    if (!file.has_value()) return std::move(look_);
    look_.seen.size = file->size();
    if (!ReadHeader(*file)) return std::move(look_);
    Scan(*file);
    return std::move(look_);
  }

 private:
  // Whether there is a salt to go on with.
  bool ReadHeader(const ReadOnlyFile& file) {
    const std::optional<ByteBuffer> block =
        context_.Read(at_, file, 0, kHeaderBlockBytes);
    if (block.has_value()) {
      look_.check = DecodeHeaderBlock(*block, FileMagic::kData, &look_.header);
    }
    switch (look_.check) {
      case HeaderCheck::kNewer:
        context_.OtherFormat(at_, look_.header.format);
        return false;
      case HeaderCheck::kDamaged:
        look_.seen.has_bad_header = true;
        // Of a sealed file the manifest tells how much is missing (IDV-1).
        if (file.size() < kHeaderBlockBytes && options_.listed.has_value() &&
            options_.listed->sealed) {
          break;
        }
        context_.Damage(at_, {0, kHeaderBlockBytes},
                        options_.listed.has_value()
                            ? "the header block: its checksum does not hold; "
                              "the manifest knows the salt"
                            : "the header block: its checksum does not hold; "
                              "without its salt no record can be verified, but "
                              "the manifest knows it: inspect the directory");
        break;
      case HeaderCheck::kValid:
        look_.header_crc = LoadU32(block->data() + kHeaderCrcAt);
        look_.seen.is_synced_mode =
            (look_.header.compatible & kFeatureSyncedAppends) != 0;
        CompareHeader();
        break;
    }
    if (options_.listed.has_value()) return true;
    look_.seen.listed.id = look_.header.number;
    look_.seen.listed.salt = look_.header.salt;
    return look_.check == HeaderCheck::kValid;
  }

  void CompareHeader() {
    const HeaderBlock& header = look_.header;
    const ByteSpan place{0, kHeaderBlockBytes};
    if (options_.id.has_value() && header.number != *options_.id) {
      context_.Damage(at_, place,
                      absl::StrCat("the header block is that of file ",
                                   HexText(header.number)));
    }
    if (options_.storage.has_value() && header.storage != *options_.storage) {
      context_.Damage(
          at_, place,
          absl::StrCat("the header block names another storage id, ",
                       HexText(header.storage)));
    }
    if (options_.listed.has_value() && header.salt != options_.listed->salt) {
      context_.Damage(at_, place,
                      "the header block has another salt than the manifest");
    }
  }

  void Scan(const ReadOnlyFile& file) {
    const ManifestFile& listed = look_.seen.listed;
    uint64_t upto = file.size();
    if (options_.listed.has_value() && listed.sealed) {
      upto = std::min(upto, listed.length);
    }
    if (listed.poison_offset.has_value()) {
      upto = std::min(upto, *listed.poison_offset);
    }
    look_.was_scanned = true;
    if (upto <= kHeaderBlockBytes) return;
    SegmentScan scan({.salt = listed.salt,
                      .from = kHeaderBlockBytes,
                      .upto = upto,
                      .key_bytes_max = options_.key_bytes_max});
    while (!scan.IsDone()) {
      const SegmentScan::Piece piece = scan.wanted();
      scan.Feed(ReadPiece(file, piece));
      context_.progress.Advance(piece.length);
      SegmentScan::Item item;
      while (scan.Next(&item)) Take(item);
    }
    const size_t told = std::min(look_.gaps.size(), kGapsReadMax);
    for (size_t i = 0; i < told; ++i) LookInto(file, &look_.gaps[i]);
  }

  // A record whose body is damaged still says whose it was, if the key is not
  // what is damaged.
  void LookInto(const ReadOnlyFile& file, InspectedGap* gap) {
    const uint64_t at = gap->place.from;
    absl::StatusOr<ByteBuffer> bytes =
        file.Read(at, std::min<uint64_t>(gap->place.size, kGapBytesMax));
    if (!bytes.ok()) return;
    const std::optional<RecordHeader> header = ParseRecordHeader(
        *bytes, {look_.seen.listed.salt, at}, options_.key_bytes_max);
    if (!header.has_value()) return;
    gap->says =
        absl::StrCat(": a record of seq ", header->seq, ", ",
                     header->deleted ? "deleted, " : "", "value of ",
                     header->value_len, " bytes, whose checksum does not hold");
    const size_t key_at = kRecordHeaderBytes + header->meta_len;
    if (header->IsControl() || key_at + header->key_len > bytes->size()) return;
    absl::StrAppend(
        &gap->says, "; its key now reads ",
        Printable(TextOf(ByteView(*bytes).subspan(key_at, header->key_len))));
  }

  // What cannot be read is zeros to the scan, and a finding.
  ByteBuffer ReadPiece(const ReadOnlyFile& file,
                       const SegmentScan::Piece& piece) {
    absl::StatusOr<ByteBuffer> whole = file.Read(piece.offset, piece.length);
    if (whole.ok()) return *std::move(whole);
    ByteBuffer bytes;
    while (bytes.size() < piece.length) {
      const uint64_t length =
          std::min(kCarefulBytes, piece.length - bytes.size());
      const std::optional<ByteBuffer> page =
          context_.Read(at_, file, piece.offset + bytes.size(), length);
      const size_t end = bytes.size() + static_cast<size_t>(length);
      if (page.has_value())
        bytes.insert(bytes.end(), page->begin(), page->end());
      bytes.resize(end);
    }
    return bytes;
  }

  void Take(const SegmentScan::Item& item) {
    RecoveredFile& seen = look_.seen;
    switch (item.kind) {
      case SegmentScan::Item::Kind::kHole:
        return seen.TakeGap(item.from, item.upto);
      case SegmentScan::Item::Kind::kDamage:
        look_.gaps.push_back({{item.from, item.upto - item.from}, ""});
        return seen.TakeGap(item.from, item.upto);
      case SegmentScan::Item::Kind::kRecord:
        break;
    }
    const RecordView view = ViewRecord(item.header, item.record);
    if (item.header.IsControl()) return seen.TakeControl(item, view.value);
    seen.TakeRow(RecoveredRow::Of(item, view, {}));
    if (context_.records == nullptr) return;
    context_.records->Take({.file = at_.name,
                            .offset = item.from,
                            .header = item.header,
                            .view = view,
                            .is_hint = options_.is_hints});
  }

  const InspectedPath& at_;
  const DataFileOptions& options_;
  InspectContext& context_;
  DataFileLook look_;
};

}  // namespace

DataFileLook LookAtDataFile(const InspectedPath& at,
                            const DataFileOptions& options,
                            InspectContext& context) {
  return DataFileReader(at, options, context).Look();
}

void ReportDataFile(const InspectedPath& at, const DataFileLook& look,
                    std::string state, InspectContext& context) {
  InspectedFile file{
      .path = at.name, .kind = "data", .size = look.seen.size, .facts = {}};
  file.Say("state", std::move(state));
  if (look.check == HeaderCheck::kValid) {
    const bool is_compacted = look.header.data_kind == DataFileKind::kCompacted;
    file.Say("data_kind", is_compacted ? "compacted" : "user");
    if (!is_compacted) {
      file.Say("acknowledged",
               look.seen.is_synced_mode ? "after a sync" : "after a write");
    }
    file.Say("generation", look.header.generation);
  }
  if (look.was_scanned) {
    const FileSummary& summary = look.seen.summary;
    file.Say("records", summary.record_count);
    file.Say("tombstones", summary.tombstone_count);
    if (summary.record_count > 0) {
      file.Say("min_seq", summary.min_seq);
      file.Say("max_seq", summary.max_seq);
    }
    file.Say("seal_record", look.seen.seal.has_value() ? "yes" : "no");
  }
  context.report.AddFile(std::move(file));
}

}  // namespace orrery
