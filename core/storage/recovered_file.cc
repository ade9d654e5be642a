#include "core/storage/recovered_file.h"

#include <algorithm>

#include "core/storage/batch.h"

namespace orrery {

// Unless batches are padded to pages, each record begins where the one before
// it ended, or as far behind as it says: other zeros between them are a write
// that is not there.
void RecoveredFile::TakeZerosBefore(uint64_t from, uint64_t padding) {
  if (padding < kLogPageBytes) from -= padding;
  if (is_synced_mode || from <= last_end) return;
  if (!gaps.empty() && gaps.back().upto > last_end) {
    gaps.back().from = std::min(gaps.back().from, last_end);
    gaps.back().upto = std::max(gaps.back().upto, from);
    return;
  }
  TakeGap(last_end, from);
}

void RecoveredFile::TakeRow(const RecoveredRow& row) {
  TakeZerosBefore(row.offset);
  summary.Add(row.member());
  if (!first_begin.has_value()) first_begin = row.offset;
  last_end = row.offset + row.bytes;
  seal.reset();
  if (!listed.sealed) rows.push_back(row);
}

void RecoveredFile::TakeControl(const SegmentScan::Item& item,
                                ByteView payload) {
  const std::optional<Watermark> watermark = DecodeWatermark(payload);
  const std::optional<Seal> sealed = DecodeSeal(payload);
  TakeZerosBefore(item.from, watermark.has_value() ? watermark->padding
                             : sealed.has_value()  ? sealed->padding
                                                   : 0);
  if (!first_begin.has_value()) first_begin = item.from;
  last_end = item.upto;
  seal.reset();
  const std::optional<ControlKind> kind = ControlKindOf(payload);
  if (!kind.has_value()) return;
  switch (*kind) {
    case ControlKind::kWatermark:
      if (!watermark.has_value()) return;
      durable = std::max(durable.value_or(LogPlace{}), watermark->durable);
      return;
    case ControlKind::kSeal:
      seal = sealed;
      seal_end = item.upto;
      return;
    case ControlKind::kCell:
      has_cells = true;
      return;
  }
}

void RecoveredFile::TakeGap(uint64_t from, uint64_t upto) {
  gaps.push_back({.file = listed.id, .from = from, .upto = upto});
}

FileVerdict TailJudge::Keep(const RecoveredFile& file, size_t rows) const {
  FileVerdict verdict{
      .kept_rows = rows, .summary = {}, .cut_at = {}, .damages = {}};
  for (size_t i = 0; i < rows; ++i) {
    const RecoveredRow& row = file.rows[i];
    verdict.summary.Add(row.member());
    verdict.length = row.offset + row.bytes;
  }
  if (rows == file.rows.size()) verdict.length = file.last_end;
  verdict.summary.data_length = verdict.length;
  return verdict;
}

// The first byte that is no record, padding or end; in synced mode also where
// the file should begin and does not, and the first record that does not follow
// the one before it, because sectors before it may be lost.
std::optional<uint64_t> TailJudge::FirstBad(const RecoveredFile& file) {
  std::optional<uint64_t> first;
  if (!file.gaps.empty()) first = file.gaps.front().from;
  if (!file.is_synced_mode) return first;
  // Zeros that fill no page look like padding.
  if (file.first_begin.value_or(kHeaderBlockBytes) > kHeaderBlockBytes) {
    return kHeaderBlockBytes;
  }
  for (size_t i = 1; i < file.rows.size(); ++i) {
    const RecoveredRow& row = file.rows[i];
    if (first.has_value() && *first <= row.offset) break;
    if (row.seq != file.rows[i - 1].seq + 1) return row.offset;
  }
  return first;
}

FileVerdict TailJudge::Judge(const RecoveredFile& file) {
  const uint64_t id = file.listed.id;
  const bool is_complete = file.seal.has_value() && file.seal->file_id == id &&
                           file.seal->salt == file.listed.salt &&
                           file.seal->summary.HasRecordsOf(file.summary);
  const bool is_poisoned = file.listed.poison_offset.has_value();
  // Its name was durable before the manifest listed it: no tail was cut so far
  // back that it never was.
  if (file.is_missing) {
    FileVerdict verdict{.summary = {}, .cut_at = {}, .damages = {}};
    verdict.damages.push_back({.file = id, .from = 0, .upto = UINT64_MAX});
    return verdict;
  }
  if (is_cut_ && !is_poisoned) {
    FileVerdict verdict = Keep(file, 0);
    verdict.is_dropped = true;
    verdict.length = kHeaderBlockBytes;
    if (!file.rows.empty()) verdict.cut_at = file.rows.front().offset;
    return verdict;
  }
  if (is_complete) {
    FileVerdict verdict = Keep(file, file.rows.size());
    verdict.summary.data_length = file.seal->summary.data_length;
    return verdict;
  }

  const std::optional<uint64_t> bad = FirstBad(file);
  uint64_t durable_upto = 0;
  if (durable_.file == id) durable_upto = durable_.offset;
  if (durable_.file > id) durable_upto = UINT64_MAX;  // It was full, sealed.
  if (is_poisoned) durable_upto = *file.listed.poison_offset;
  const uint64_t whole = file.is_synced_mode
                             ? AlignUp(file.last_end, kLogPageBytes)
                             : file.last_end;
  const uint64_t good_upto = bad.value_or(whole);
  if (good_upto < durable_upto) {
    FileVerdict verdict = Keep(file, file.rows.size());
    verdict.damages.push_back(
        {.file = id, .from = good_upto, .upto = durable_upto});
    return verdict;
  }
  if (!file.is_synced_mode || is_poisoned) {
    FileVerdict verdict = Keep(file, file.rows.size());
    verdict.cut_at = bad;
    verdict.is_dropped = file.rows.empty() && !file.has_cells;
    return verdict;
  }
  is_cut_ = true;  // RCF-1: whatever the next files hold came after this.
  size_t rows = file.rows.size();
  while (bad.has_value() && rows > 0 && file.rows[rows - 1].offset >= *bad) {
    --rows;
  }
  FileVerdict verdict = Keep(file, rows);
  if (bad.has_value()) {
    verdict.cut_at = bad;
    verdict.length = std::min(verdict.length, *bad);
    verdict.summary.data_length = verdict.length;
  }
  verdict.is_dropped = rows == 0 && !file.has_cells;
  return verdict;
}

FileVerdict JudgeSealed(const RecoveredFile& file,
                        const std::vector<DamageRange>& known) {
  FileVerdict verdict{.length = file.listed.length,
                      .summary = file.listed.summary,
                      .cut_at = {},
                      .damages = {}};
  if (file.IsWhole()) return verdict;
  std::vector<DamageRange> gaps = file.gaps;
  if (file.is_missing) {
    gaps = {{.file = file.listed.id, .from = 0, .upto = file.listed.length}};
  } else if (file.last_end < file.listed.length) {
    gaps.push_back({.file = file.listed.id,
                    .from = file.last_end,
                    .upto = file.listed.length});
  }
  // Counts that disagree tell of damage, wherever it is.
  if (gaps.empty()) {
    gaps = {{.file = file.listed.id,
             .from = kHeaderBlockBytes,
             .upto = file.listed.length}};
  }
  for (const DamageRange& gap : gaps) {
    const bool is_known =
        std::any_of(known.begin(), known.end(),
                    [&gap](const DamageRange& range) { return range.Is(gap); });
    if (!is_known) verdict.damages.push_back(gap);
  }
  return verdict;
}

}  // namespace orrery
