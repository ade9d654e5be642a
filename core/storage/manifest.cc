#include "core/storage/manifest.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/storage/record.h"

namespace orrery {

namespace {

constexpr size_t kEditHeaderBytes = 24;

// ---- Encoding ----

void PutSummary(ByteBuffer& out, const FileSummary& summary) {
  PutU64(out, summary.data_length);
  PutU32(out, summary.record_count);
  PutU32(out, summary.tombstone_count);
  PutU64(out, summary.min_seq);
  PutU64(out, summary.max_seq);
  PutU64(out, summary.min_timestamp);
  PutU64(out, summary.max_timestamp);
  PutU32(out, summary.digest);
}

void PutFile(ByteBuffer& out, const ManifestFile& file) {
  PutU64(out, file.id);
  PutU8(out, static_cast<uint8_t>(file.kind));
  PutU64(out, file.salt);
  PutU64(out, file.base_seq);
  PutU8(out, file.sealed ? 1 : 0);
  PutSummary(out, file.summary);
  PutU64(out, file.length);
  PutU8(out, file.poison_offset.has_value() ? 1 : 0);
  PutU64(out, file.poison_offset.value_or(0));
}

void PutDamage(ByteBuffer& out, const DamageRange& range) {
  PutU64(out, range.file);
  PutU64(out, range.from);
  PutU64(out, range.upto);
  PutU8(out, static_cast<uint8_t>(range.state));
}

void PutSuspect(ByteBuffer& out, const SuspectState& suspect) {
  PutU8(out, static_cast<uint8_t>(suspect.reason));
  PutU32(out, static_cast<uint32_t>(suspect.intervals.size()));
  for (const TokenInterval& interval : suspect.intervals) {
    PutU64(out, interval.after);
    PutU64(out, interval.upto);
  }
}

void PutDropped(ByteBuffer& out, const DroppedRange& dropped) {
  PutU64(out, dropped.interval.after);
  PutU64(out, dropped.interval.upto);
  PutU64(out, dropped.seq);
}

void PutIds(ByteBuffer& out, const std::vector<uint64_t>& ids) {
  PutU32(out, static_cast<uint32_t>(ids.size()));
  for (const uint64_t id : ids) PutU64(out, id);
}

struct Encoder {
  ByteBuffer& out;

  EditType operator()(const BaseEdit& edit) const {
    const ManifestState& state = edit.state;
    PutU32(out, static_cast<uint32_t>(state.files.size()));
    for (const auto& [id, file] : state.files) PutFile(out, file);
    PutU64(out, state.next_id);
    PutU32(out, static_cast<uint32_t>(state.damages.size()));
    for (const DamageRange& range : state.damages) PutDamage(out, range);
    PutSuspect(out, state.suspect);
    PutU32(out, static_cast<uint32_t>(state.dropped.size()));
    for (const DroppedRange& dropped : state.dropped) PutDropped(out, dropped);
    PutU64(out, state.scrubbed_upto);
    return EditType::kBase;
  }
  EditType operator()(const AddEdit& edit) const {
    PutFile(out, edit.file);
    return EditType::kAdd;
  }
  EditType operator()(const SealEdit& edit) const {
    PutU64(out, edit.file);
    PutU64(out, edit.length);
    PutSummary(out, edit.summary);
    return EditType::kSeal;
  }
  EditType operator()(const SwapEdit& edit) const {
    PutU32(out, static_cast<uint32_t>(edit.outputs.size()));
    for (const ManifestFile& file : edit.outputs) PutFile(out, file);
    PutIds(out, edit.inputs);
    return EditType::kSwap;
  }
  EditType operator()(const DropEdit& edit) const {
    PutIds(out, edit.files);
    return EditType::kDrop;
  }
  EditType operator()(const PoisonEdit& edit) const {
    PutU64(out, edit.file);
    PutU64(out, edit.offset);
    return EditType::kPoison;
  }
  EditType operator()(const DamageEdit& edit) const {
    PutDamage(out, edit.range);
    return EditType::kDamage;
  }
  EditType operator()(const SuspectEdit& edit) const {
    PutSuspect(out, edit.state);
    return EditType::kSuspect;
  }
  EditType operator()(const DropRangeEdit& edit) const {
    PutDropped(out, edit.range);
    return EditType::kDropRange;
  }
  EditType operator()(const NextIdEdit& edit) const {
    PutU64(out, edit.next_id);
    return EditType::kNextId;
  }
  EditType operator()(const ScrubEdit& edit) const {
    PutU64(out, edit.upto);
    return EditType::kScrub;
  }
};

uint32_t EditCrc(ByteView rest, uint64_t salt, uint64_t offset) {
  std::array<std::byte, 16> place;
  StoreU64(place.data(), salt);
  StoreU64(place.data() + 8, offset);
  return Crc32cExtend(Crc32c(rest), place);
}

// ---- Decoding: every Read bounds what it believes ----

bool ReadSummary(Reader& reader, FileSummary* summary) {
  return reader.ReadU64(&summary->data_length) &&
         reader.ReadU32(&summary->record_count) &&
         reader.ReadU32(&summary->tombstone_count) &&
         reader.ReadU64(&summary->min_seq) &&
         reader.ReadU64(&summary->max_seq) &&
         reader.ReadU64(&summary->min_timestamp) &&
         reader.ReadU64(&summary->max_timestamp) &&
         reader.ReadU32(&summary->digest);
}

bool ReadFile(Reader& reader, ManifestFile* file) {
  uint8_t kind = 0;
  uint8_t sealed = 0;
  uint8_t poisoned = 0;
  uint64_t poison_offset = 0;
  const bool read = reader.ReadU64(&file->id) && reader.ReadU8(&kind) &&
                    reader.ReadU64(&file->salt) &&
                    reader.ReadU64(&file->base_seq) && reader.ReadU8(&sealed) &&
                    ReadSummary(reader, &file->summary) &&
                    reader.ReadU64(&file->length) && reader.ReadU8(&poisoned) &&
                    reader.ReadU64(&poison_offset);
  if (!read || kind > 1 || sealed > 1 || poisoned > 1) return false;
  file->kind = static_cast<DataFileKind>(kind);
  file->sealed = sealed == 1;
  if (poisoned == 1) file->poison_offset = poison_offset;
  return true;
}

bool ReadDamage(Reader& reader, DamageRange* range) {
  uint8_t state = 0;
  const bool read = reader.ReadU64(&range->file) &&
                    reader.ReadU64(&range->from) &&
                    reader.ReadU64(&range->upto) && reader.ReadU8(&state);
  if (!read || state < 1 || state > 2) return false;
  range->state = static_cast<DamageRange::State>(state);
  return true;
}

bool ReadInterval(Reader& reader, TokenInterval* interval) {
  return reader.ReadU64(&interval->after) && reader.ReadU64(&interval->upto);
}

bool ReadDropped(Reader& reader, DroppedRange* dropped) {
  return ReadInterval(reader, &dropped->interval) &&
         reader.ReadU64(&dropped->seq);
}

// A count and that many items, one by one: a false count ends at the last byte.
template <typename T, typename ReadOne>
bool ReadList(Reader& reader, std::vector<T>* list, const ReadOne& read_one) {
  uint32_t count = 0;
  if (!reader.ReadU32(&count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    T item{};
    if (!read_one(reader, &item)) return false;
    list->push_back(std::move(item));
  }
  return true;
}

bool ReadFileId(Reader& reader, uint64_t* id) { return reader.ReadU64(id); }

bool ReadSuspect(Reader& reader, SuspectState* suspect) {
  uint8_t reason = 0;
  if (!reader.ReadU8(&reason) || reason > 5) return false;
  suspect->reason = static_cast<SuspectReason>(reason);
  return ReadList(reader, &suspect->intervals, ReadInterval);
}

bool ReadState(Reader& reader, ManifestState* state) {
  std::vector<ManifestFile> files;
  const bool read = ReadList(reader, &files, ReadFile) &&
                    reader.ReadU64(&state->next_id) &&
                    ReadList(reader, &state->damages, ReadDamage) &&
                    ReadSuspect(reader, &state->suspect) &&
                    ReadList(reader, &state->dropped, ReadDropped) &&
                    reader.ReadU64(&state->scrubbed_upto);
  for (ManifestFile& file : files) state->files[file.id] = file;
  return read;
}

template <typename T, typename ReadBody>
std::optional<Edit> ReadEdit(Reader& reader, const ReadBody& read_body) {
  T edit;
  if (!read_body(reader, &edit)) return std::nullopt;
  return Edit(std::move(edit));
}

std::optional<Edit> DecodePayload(EditType type, ByteView payload) {
  Reader reader(payload);
  switch (type) {
    case EditType::kBase:
      return ReadEdit<BaseEdit>(reader, [](Reader& r, BaseEdit* e) {
        return ReadState(r, &e->state);
      });
    case EditType::kAdd:
      return ReadEdit<AddEdit>(
          reader, [](Reader& r, AddEdit* e) { return ReadFile(r, &e->file); });
    case EditType::kSeal:
      return ReadEdit<SealEdit>(reader, [](Reader& r, SealEdit* e) {
        return r.ReadU64(&e->file) && r.ReadU64(&e->length) &&
               ReadSummary(r, &e->summary);
      });
    case EditType::kSwap:
      return ReadEdit<SwapEdit>(reader, [](Reader& r, SwapEdit* e) {
        return ReadList(r, &e->outputs, ReadFile) &&
               ReadList(r, &e->inputs, ReadFileId);
      });
    case EditType::kDrop:
      return ReadEdit<DropEdit>(reader, [](Reader& r, DropEdit* e) {
        return ReadList(r, &e->files, ReadFileId);
      });
    case EditType::kPoison:
      return ReadEdit<PoisonEdit>(reader, [](Reader& r, PoisonEdit* e) {
        return r.ReadU64(&e->file) && r.ReadU64(&e->offset);
      });
    case EditType::kDamage:
      return ReadEdit<DamageEdit>(reader, [](Reader& r, DamageEdit* e) {
        return ReadDamage(r, &e->range);
      });
    case EditType::kSuspect:
      return ReadEdit<SuspectEdit>(reader, [](Reader& r, SuspectEdit* e) {
        return ReadSuspect(r, &e->state);
      });
    case EditType::kDropRange:
      return ReadEdit<DropRangeEdit>(reader, [](Reader& r, DropRangeEdit* e) {
        return ReadDropped(r, &e->range);
      });
    case EditType::kNextId:
      return ReadEdit<NextIdEdit>(reader, [](Reader& r, NextIdEdit* e) {
        return r.ReadU64(&e->next_id);
      });
    case EditType::kScrub:
      return ReadEdit<ScrubEdit>(
          reader, [](Reader& r, ScrubEdit* e) { return r.ReadU64(&e->upto); });
  }
  return std::nullopt;
}

struct FoundEdit {
  Edit edit;
  uint64_t number = 0;
  uint64_t bytes = 0;  // Padding included.
};

std::optional<FoundEdit> FindEdit(ByteView file, uint64_t salt,
                                  uint64_t offset) {
  const ByteView bytes = file.subspan(static_cast<size_t>(offset));
  if (bytes.size() < kEditHeaderBytes) return std::nullopt;
  const uint32_t length = LoadU32(bytes.data() + 4);
  if (length > bytes.size() - kEditHeaderBytes) return std::nullopt;
  const ByteView edit = bytes.first(kEditHeaderBytes + length);
  if (LoadU32(edit.data()) != EditCrc(edit.subspan(4), salt, offset)) {
    return std::nullopt;
  }
  const auto type = static_cast<uint8_t>(edit[16]);
  std::optional<Edit> decoded = DecodePayload(static_cast<EditType>(type),
                                              edit.subspan(kEditHeaderBytes));
  if (!decoded.has_value()) return std::nullopt;
  return FoundEdit{std::move(*decoded), LoadU64(edit.data() + 8),
                   AlignUp(edit.size(), kManifestPageBytes)};
}

// ---- Applying ----

struct Applier {
  ManifestState& state;

  void Take(const ManifestFile& file) const {
    state.files[file.id] = file;
    state.next_id = std::max(state.next_id, file.id + 1);
  }
  void Drop(const std::vector<uint64_t>& ids) const {
    for (const uint64_t id : ids) {
      state.files.erase(id);
      std::erase_if(state.damages, [id](const DamageRange& range) {
        return range.file == id;
      });
    }
  }

  void operator()(const BaseEdit& edit) const { state = edit.state; }
  void operator()(const AddEdit& edit) const { Take(edit.file); }
  void operator()(const SealEdit& edit) const {
    const auto found = state.files.find(edit.file);
    if (found == state.files.end()) return;
    found->second.sealed = true;
    found->second.length = edit.length;
    found->second.summary = edit.summary;
    found->second.poison_offset.reset();
  }
  void operator()(const SwapEdit& edit) const {
    Drop(edit.inputs);
    for (const ManifestFile& file : edit.outputs) Take(file);
  }
  void operator()(const DropEdit& edit) const { Drop(edit.files); }
  void operator()(const PoisonEdit& edit) const {
    const auto found = state.files.find(edit.file);
    if (found != state.files.end()) found->second.poison_offset = edit.offset;
  }
  void operator()(const DamageEdit& edit) const {
    for (DamageRange& range : state.damages) {
      const bool same = range.file == edit.range.file &&
                        range.from == edit.range.from &&
                        range.upto == edit.range.upto;
      if (!same) continue;
      range.state = edit.range.state;
      return;
    }
    state.damages.push_back(edit.range);
  }
  void operator()(const SuspectEdit& edit) const { state.suspect = edit.state; }
  void operator()(const DropRangeEdit& edit) const {
    state.dropped.push_back(edit.range);
  }
  void operator()(const NextIdEdit& edit) const {
    state.next_id = std::max(state.next_id, edit.next_id);
  }
  void operator()(const ScrubEdit& edit) const {
    state.scrubbed_upto = edit.upto;
  }
};

}  // namespace

void Apply(const Edit& edit, ManifestState* state) {
  std::visit(Applier{*state}, edit);
}

BytesList EncodeManifest(const ManifestHead& head, const ManifestState& state) {
  std::byte* to = nullptr;
  Bytes header = Bytes::Allocate(kHeaderBlockBytes, &to);
  EncodeHeaderBlock({.magic = FileMagic::kManifest,
                     .storage = head.storage,
                     .number = head.generation,
                     .salt = head.salt,
                     .created = head.created,
                     .generation = head.process_generation},
                    {}, to);
  Bytes base = EncodeEdit(BaseEdit{state}, {.salt = head.salt,
                                            .offset = kHeaderBlockBytes,
                                            .number = head.first_edit});
  return {std::move(header), std::move(base)};
}

Bytes EncodeEdit(const Edit& edit, const EditPlace& place) {
  ByteBuffer payload;
  const EditType type = std::visit(Encoder{payload}, edit);
  const size_t size = kEditHeaderBytes + payload.size();
  const size_t padded = AlignUp(size, kManifestPageBytes);
  std::byte* to = nullptr;
  Bytes bytes = Bytes::Allocate(padded, &to);
  std::memset(to, 0, padded);
  StoreU32(to + 4, static_cast<uint32_t>(payload.size()));
  StoreU64(to + 8, place.number);
  to[16] = static_cast<std::byte>(type);
  std::memcpy(to + kEditHeaderBytes, payload.data(), payload.size());
  StoreU32(to, EditCrc({to + 4, size - 4}, place.salt, place.offset));
  return bytes;
}

DecodedManifest DecodeManifest(ByteView file) {
  DecodedManifest decoded;
  switch (DecodeHeaderBlock(file, FileMagic::kManifest, &decoded.header)) {
    case HeaderCheck::kValid:
      break;
    case HeaderCheck::kDamaged:
      return decoded;
    case HeaderCheck::kNewer:
      decoded.verdict = DecodedManifest::Verdict::kNewer;
      return decoded;
  }
  const uint64_t salt = decoded.header.salt;
  uint64_t offset = kHeaderBlockBytes;
  bool has_base = false;
  while (offset < file.size()) {
    std::optional<FoundEdit> found = FindEdit(file, salt, offset);
    if (!found.has_value()) break;
    if (!has_base && !std::holds_alternative<BaseEdit>(found->edit)) break;
    if (has_base && found->number != decoded.last_edit + 1) break;
    has_base = true;
    Apply(found->edit, &decoded.state);
    decoded.last_edit = found->number;
    offset += found->bytes;
  }
  decoded.upto = offset;
  if (!has_base) return decoded;
  for (; offset < file.size(); offset += kManifestPageBytes) {
    const std::optional<FoundEdit> behind = FindEdit(file, salt, offset);
    if (behind.has_value() && behind->number > decoded.last_edit) {
      decoded.found_behind = offset;
      return decoded;  // MAN-1 does not hold: an edit is missing.
    }
  }
  const ByteView next =
      file.subspan(std::min(file.size(), static_cast<size_t>(decoded.upto)));
  const ByteView page = next.first(
      std::min(next.size(), static_cast<size_t>(kManifestPageBytes)));
  decoded.has_unfinished =
      std::any_of(page.begin(), page.end(),
                  [](std::byte byte) { return byte != std::byte{0}; });
  decoded.verdict = DecodedManifest::Verdict::kValid;
  return decoded;
}

}  // namespace orrery
