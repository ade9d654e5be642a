#include "node/inspect_index_snapshot.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/storage/index_snapshot.h"

namespace orrery {
namespace {

constexpr const char* kMadeAnew =
    "; the next start reads the data file instead and makes this one anew";

class IndexSnapshotInspector {
 public:
  IndexSnapshotInspector(const InspectedPath& at,
                         const IndexSnapshotOptions& options,
                         InspectContext& context)
      : at_(at), options_(options), context_(context) {}

  void Run() {
    const std::optional<ReadOnlyFile> file = context_.Open(at_);
    if (!file.has_value()) return;
    InspectedFile row{
        .path = at_.name, .kind = "index", .size = file->size(), .facts = {}};
    const std::optional<SnapshotSource> source = ReadHeader(*file);
    if (source.has_value()) {
      row.Say("of", HexText(source->file));
      row.Say("records", source->summary.record_count);
      row.Say("tombstones", source->summary.tombstone_count);
    }
    context_.report.AddFile(std::move(row));
    if (!source.has_value()) return;
    CompareWithManifest(*source);
    ReadBlocks(*file, *source);
  }

 private:
  void SayDamage(const ByteSpan& place, const std::string& what) {
    context_.Damage(at_, place, absl::StrCat(what, kMadeAnew));
  }

  std::optional<SnapshotSource> ReadHeader(const ReadOnlyFile& file) {
    header_ = context_.Read(at_, file, 0, kHeaderBlockBytes);
    if (!header_.has_value()) return std::nullopt;
    HeaderBlock header;
    switch (DecodeHeaderBlock(*header_, FileMagic::kIndex, &header)) {
      case HeaderCheck::kValid:
        return SnapshotSourceIn(header, *header_);
      case HeaderCheck::kNewer:
        context_.OtherFormat(at_, header.format);
        return std::nullopt;
      case HeaderCheck::kDamaged:
        SayDamage({0, kHeaderBlockBytes},
                  "the header block: its checksum does not hold");
        return std::nullopt;
    }
    return std::nullopt;
  }

  void CompareWithManifest(const SnapshotSource& source) {
    if (options_.id.has_value() && *options_.id != source.file) {
      return SayDamage({0, kHeaderBlockBytes},
                       absl::StrCat("the header block is that of file ",
                                    HexText(source.file)));
    }
    if (options_.storage.has_value() && *options_.storage != source.storage) {
      return SayDamage({0, kHeaderBlockBytes},
                       "the header block names another storage id");
    }
    if (!options_.listed.has_value()) return;
    const ManifestFile& listed = *options_.listed;
    if (listed.salt != source.salt || !(listed.summary == source.summary)) {
      SayDamage({0, kHeaderBlockBytes},
                "it is not of the data file that the manifest lists");
    }
  }

  void ReadBlocks(const ReadOnlyFile& file, const SnapshotSource& source) {
    SnapshotDecoder decoder(source);
    if (!decoder.TakeHeader(*header_)) {
      return SayDamage({0, kHeaderBlockBytes},
                       "the header block contradicts itself");
    }
    uint64_t offset = kHeaderBlockBytes;
    while (decoder.blocks_left() > 0) {
      const std::optional<ByteBuffer> block =
          context_.Read(at_, file, offset, kSnapshotBlockBytes);
      if (!block.has_value()) return;
      if (block->size() < kSnapshotBlockBytes) {
        return SayDamage({static_cast<size_t>(offset), block->size()},
                         "the file ends before its last block");
      }
      const ByteSpan place{static_cast<size_t>(offset), kSnapshotBlockBytes};
      if (!decoder.TakeBlock(*block)) {
        return SayDamage(place, "a block whose checksum does not hold");
      }
      SnapshotRow row;
      while (decoder.Next(&row)) {
      }
      if (decoder.IsBad()) {
        return SayDamage(place, "a row that no data file can have");
      }
      offset += kSnapshotBlockBytes;
    }
    if (!decoder.IsWhole()) {
      SayDamage({0, static_cast<size_t>(file.size())},
                "its rows are not those that its header counts");
    }
  }

  const InspectedPath& at_;
  const IndexSnapshotOptions& options_;
  InspectContext& context_;
  std::optional<ByteBuffer> header_;
};

}  // namespace

void InspectIndexSnapshot(const InspectedPath& at,
                          const IndexSnapshotOptions& options,
                          InspectContext& context) {
  IndexSnapshotInspector(at, options, context).Run();
}

}  // namespace orrery
