#include "node/inspect_manifest.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

std::string_view NameOf(SuspectReason reason) {
  switch (reason) {
    case SuspectReason::kNone:
      return "none";
    case SuspectReason::kPowerLoss:
      return "a power loss may have taken unsynced writes";
    case SuspectReason::kPoison:
      return "a failed sync was not made good";
    case SuspectReason::kDamage:
      return "records were lost whose keys are unknown";
    case SuspectReason::kManifestLost:
      return "the manifest was rebuilt from the files";
    case SuspectReason::kMoved:
      return "the directory was copied or restored";
  }
  return "";
}

void SayState(const ManifestState& state, InspectedFile* file) {
  size_t sealed = 0;
  size_t open_damages = 0;
  for (const auto& [id, listed] : state.files) sealed += listed.sealed ? 1 : 0;
  for (const DamageRange& range : state.damages) {
    open_damages += range.state == DamageRange::State::kOpen ? 1 : 0;
  }
  file->Say("files", state.files.size());
  file->Say("sealed", sealed);
  file->Say("next_id", HexText(state.next_id));
  file->Say("open_damages", open_damages);
  file->Say("repaired_damages", state.damages.size() - open_damages);
  file->Say("dropped_ranges", state.dropped.size());
  const bool is_suspect = !state.suspect.intervals.empty();
  file->Say("in_doubt",
            is_suspect ? std::string(NameOf(state.suspect.reason)) : "no");
}

void ReportDamage(const InspectedPath& at, uint64_t size,
                  const DecodedManifest& decoded, InspectContext& context) {
  if (decoded.upto == 0) {
    return context.Damage(
        at, {0, kHeaderBlockBytes},
        "the header block: its checksum does not hold; "
        "recovery will rebuild the store from its data files, "
        "all of it in doubt");
  }
  const uint64_t end = decoded.found_behind.value_or(size);
  const char* what = "BASE does not hold";
  if (decoded.found_behind.has_value()) {
    what = "an edit does not hold, and a later one does";
  } else if (decoded.has_unfinished) {
    what = "the last edit does not hold, and the node was stopped cleanly";
  }
  context.Damage(at, {decoded.upto, end - std::min(end, decoded.upto)},
                 absl::StrCat(what,
                              ": recovery will rebuild the store from its data "
                              "files, all of it in doubt"));
}

// An edit that was being written when the process died never happened (MAN-1).
void LookForTornEdit(const InspectedPath& at, ByteView bytes,
                     const DecodedManifest& decoded, InspectContext& context) {
  const ByteView rest =
      bytes.subspan(std::min(bytes.size(), static_cast<size_t>(decoded.upto)));
  const bool is_zero = std::all_of(
      rest.begin(), rest.end(), [](std::byte b) { return b == std::byte{0}; });
  if (is_zero) return;
  context.Note(at, absl::StrCat("at ", decoded.upto,
                                ": an edit that was not finished, and so never "
                                "happened"));
}

}  // namespace

std::optional<DecodedManifest> InspectManifest(
    const InspectedPath& at, std::optional<uint64_t> generation,
    InspectContext& context) {
  const std::optional<ReadOnlyFile> file = context.Open(at);
  if (!file.has_value()) return std::nullopt;
  const std::optional<ByteBuffer> bytes =
      context.ReadAll(at, *file, kInspectedManifestBytesMax);
  if (!bytes.has_value()) return std::nullopt;
  DecodedManifest decoded = DecodeManifest(*bytes);
  // As recovery takes it.
  if (decoded.has_unfinished && context.was_clean_stop) {
    decoded.verdict = DecodedManifest::Verdict::kDamaged;
  }
  InspectedFile row{
      .path = at.name, .kind = "manifest", .size = file->size(), .facts = {}};
  switch (decoded.verdict) {
    case DecodedManifest::Verdict::kNewer:
      context.OtherFormat(at, decoded.header.format);
      break;
    case DecodedManifest::Verdict::kDamaged:
      ReportDamage(at, file->size(), decoded, context);
      break;
    case DecodedManifest::Verdict::kValid:
      row.Say("generation", decoded.header.number);
      row.Say("last_edit", decoded.last_edit);
      SayState(decoded.state, &row);
      LookForTornEdit(at, *bytes, decoded, context);
      if (generation.has_value() && decoded.header.number != *generation) {
        context.Damage(at, {0, kHeaderBlockBytes},
                       absl::StrCat("the header block is that of generation ",
                                    HexText(decoded.header.number)));
      }
      break;
  }
  context.report.AddFile(std::move(row));
  if (decoded.verdict != DecodedManifest::Verdict::kValid) return std::nullopt;
  return decoded;
}

}  // namespace orrery
