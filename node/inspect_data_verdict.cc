#include "node/inspect_data_verdict.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

std::string CountsText(const FileSummary& summary) {
  return absl::StrCat(summary.record_count, " records, ",
                      summary.tombstone_count, " tombstones, seqs ",
                      summary.min_seq, " to ", summary.max_seq, ", digest ",
                      summary.digest);
}

// All but where the SEAL stands.
bool SameRecords(const FileSummary& a, FileSummary b) {
  b.data_length = a.data_length;
  return a == b;
}

// What a count says is damage in itself only where no place is known.
void TellOfCounts(const InspectedPath& at, const DataFileLook& look,
                  bool is_told, const std::string& what,
                  InspectContext& context) {
  if (is_told) return context.Note(at, what);
  // Zeros where records were.
  const std::vector<DamageRange>& holes = look.seen.gaps;
  if (holes.empty()) return context.Damage(at, {}, what);
  for (const DamageRange& hole : holes) {
    context.Damage(at, {hole.from, hole.upto - hole.from}, what);
  }
}

void CompareWithSeal(const InspectedPath& at, const DataFileLook& look,
                     bool is_told, InspectContext& context) {
  const Seal& seal = *look.seen.seal;
  const ByteSpan place{look.seen.seal_end - kSealBytes, kSealBytes};
  if (seal.salt != look.seen.listed.salt ||
      seal.file_id != look.seen.listed.id) {
    context.Damage(at, place, "the SEAL is that of another file");
  }
  if (look.check == HeaderCheck::kValid && seal.header_crc != look.header_crc) {
    context.Damage(at, place,
                   "the SEAL does not agree with the header block's checksum");
  }
  if (SameRecords(seal.summary, look.seen.summary)) return;
  TellOfCounts(at, look, is_told,
               absl::StrCat("the SEAL counts ", CountsText(seal.summary),
                            "; the file holds ", CountsText(look.seen.summary)),
               context);
}

void DamageGap(const InspectedPath& at, const InspectedGap& gap,
               const char* more, InspectContext& context) {
  context.Damage(at, gap.place,
                 absl::StrCat("neither a record whose checksums hold nor zeros",
                              gap.says, more));
}

DamageRange RangeOf(const DataFileLook& look, const ByteSpan& place) {
  return {.file = look.seen.listed.id,
          .from = place.from,
          .upto = place.from + place.size};
}

const DamageRange* FindKnown(const std::vector<DamageRange>& known,
                             const DamageRange& range) {
  const auto found =
      std::find_if(known.begin(), known.end(),
                   [&range](const auto& one) { return one.Is(range); });
  return found == known.end() ? nullptr : &*found;
}

}  // namespace

void JudgeAlone(const InspectedPath& at, const DataFileLook& look,
                InspectContext& context) {
  const bool has_seal = look.seen.seal.has_value();
  for (const InspectedGap& gap : look.gaps) {
    DamageGap(at, gap,
              has_seal ? ""
                       : ": damage, or a torn tail; which, the manifest tells: "
                         "inspect the directory",
              context);
  }
  if (has_seal) CompareWithSeal(at, look, !look.gaps.empty(), context);
}

void JudgeListedSealed(const InspectedPath& at, const DataFileLook& look,
                       const std::vector<DamageRange>& known,
                       InspectContext& context) {
  const ManifestFile& listed = look.seen.listed;
  const bool is_whole = JudgeSealed(look.seen, {}).damages.empty();
  // Sealed by its writer, it ends in a SEAL record.  Recovery seals what a
  // crash left by an edit alone, and gaps that it cut stay where they are.
  const bool has_seal = look.seen.seal.has_value();
  const bool lacks_seal =
      !has_seal && listed.summary.data_length < listed.length;
  for (const InspectedGap& gap : look.gaps) {
    const DamageRange* range = FindKnown(known, RangeOf(look, gap.place));
    if (range != nullptr && range->state == DamageRange::State::kRepaired) {
      context.Note(at, absl::StrCat("at ", gap.place.from, ", ", gap.place.size,
                                    " bytes: damaged, and repaired since"));
    } else if (range != nullptr) {
      DamageGap(at, gap, ": known to the manifest, not repaired yet", context);
    } else if (is_whole && !has_seal && !lacks_seal) {
      context.Note(at, absl::StrCat("at ", gap.place.from, ", ", gap.place.size,
                                    " bytes: cut when it was recovered; no "
                                    "record that counts is missing"));
    } else {
      DamageGap(at, gap, "", context);
    }
  }
  const bool is_short = look.seen.size < listed.length;
  if (is_short) {
    context.Damage(at, {look.seen.size, listed.length - look.seen.size},
                   "the file is shorter than the manifest says");
  }
  bool is_told = is_short || !look.gaps.empty();
  if (!SameRecords(listed.summary, look.seen.summary)) {
    TellOfCounts(
        at, look, is_told,
        absl::StrCat("the manifest counts ", CountsText(listed.summary),
                     "; the file holds ", CountsText(look.seen.summary)),
        context);
    is_told = true;
  }
  if (has_seal) CompareWithSeal(at, look, is_told, context);
  if (lacks_seal && !is_told) {
    const uint64_t from = listed.summary.data_length;
    context.Damage(at, {from, listed.length - from},
                   "the SEAL that the manifest counts is not there");
  }
}

void JudgeTail(const InspectedPath& at, const DataFileLook& look,
               const FileVerdict& verdict, InspectContext& context) {
  for (const DamageRange& range : verdict.damages) {
    context.Damage(at, {range.from, range.upto - range.from},
                   "lies before what was durable (W), and holds no record");
  }
  const auto is_damage = [&verdict](const InspectedGap& gap) {
    return std::any_of(verdict.damages.begin(), verdict.damages.end(),
                       [&gap](const DamageRange& range) {
                         return range.from <= gap.place.from &&
                                gap.place.from < range.upto;
                       });
  };
  for (const InspectedGap& gap : look.gaps) {
    if (is_damage(gap)) continue;
    context.Note(at, absl::StrCat("at ", gap.place.from, ", ", gap.place.size,
                                  " bytes: a torn tail"));
  }
  if (verdict.cut_at.has_value()) {
    context.Note(at, absl::StrCat("the next start cuts what is torn, from ",
                                  *verdict.cut_at, " on"));
  }
  if (verdict.is_dropped) {
    context.Note(at, "holds nothing acknowledged: removed at the next start");
  }
}

}  // namespace orrery
