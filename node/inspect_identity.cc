#include "node/inspect_identity.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

// As the data directory reads it.
constexpr uint64_t kRingFileBytesMax = uint64_t{64} << 20;

void InspectSlot(const InspectedPath& at, ByteView file, size_t from,
                 InspectContext& context) {
  const ByteView slot =
      file.subspan(from, std::min(kIdentitySlotBytes, file.size() - from));
  const IdentitySlots found = DecodeIdentity(slot);
  if (found.newer_format.has_value()) {
    return context.OtherFormat(at, *found.newer_format);
  }
  if (!found.one_damaged) return;
  context.Damage(at, {from, kIdentitySlotBytes},
                 absl::StrCat("slot ", from / kIdentitySlotBytes,
                              " does not hold; the next start skips a "
                              "generation and takes it for a power loss"));
}

void SayIdentity(const Identity& identity, InspectedFile* file) {
  file->Say("node", identity.node_name);
  file->Say("storage", HexText(identity.storage));
  file->Say("cluster",
            identity.cluster.IsZero() ? "none" : HexText(identity.cluster));
  file->Say("generation", identity.generation);
  file->Say("revision", identity.revision);
  file->Say("clean_stop", identity.clean_stop ? "yes" : "no");
}

void SayRing(const RingState& ring, InspectedFile* file) {
  file->Say("cluster", HexText(ring.cluster));
  file->Say("epoch", absl::StrCat(ring.epoch.era, ".", ring.epoch.seq));
  file->Say("closed", ring.pristine ? "no" : "yes");
  file->Say("replication", ring.params.replication);
  file->Say("read_quorum", ring.params.read_quorum);
  file->Say("write_quorum", ring.params.write_quorum);
  std::string names;
  for (const RingMember& member : ring.members) {
    absl::StrAppend(&names, names.empty() ? "" : " ", member.name);
  }
  file->Say("members", std::move(names));
}

void CompareRing(const InspectedPath& at, const RingFile& file,
                 const RingState& ring, const Identity& identity,
                 InspectContext& context) {
  if (file.header.storage != identity.storage) {
    context.Damage(at, {0, kHeaderBlockBytes},
                   "the header block names another storage id than IDENTITY");
  }
  if (ring.cluster != identity.cluster) {
    context.Damage(at, {kHeaderBlockBytes, file.ring.size()},
                   "the ring is that of another cluster than IDENTITY names");
  }
}

}  // namespace

std::optional<Identity> InspectIdentity(const InspectedPath& at,
                                        InspectContext& context) {
  const std::optional<ReadOnlyFile> file = context.Open(at);
  if (!file.has_value()) return std::nullopt;
  const std::optional<ByteBuffer> bytes =
      context.ReadAll(at, *file, kIdentityBytes);
  if (!bytes.has_value()) return std::nullopt;
  InspectedFile row{
      .path = at.name, .kind = "identity", .size = file->size(), .facts = {}};
  for (size_t from = 0; from < bytes->size(); from += kIdentitySlotBytes) {
    InspectSlot(at, *bytes, from, context);
  }
  IdentitySlots slots = DecodeIdentity(*bytes);
  if (slots.newest.has_value()) {
    context.was_clean_stop = slots.newest->clean_stop && !slots.one_damaged;
    SayIdentity(*slots.newest, &row);
  } else if (!slots.newer_format.has_value()) {
    context.Damage(at, {0, std::max(kIdentityBytes, bytes->size())},
                   "no slot holds: the next start sets the data aside and "
                   "begins as a new replica");
  }
  context.report.AddFile(std::move(row));
  return std::move(slots.newest);
}

void InspectRing(const InspectedPath& at,
                 const std::optional<Identity>& identity,
                 InspectContext& context) {
  const std::optional<ReadOnlyFile> file = context.Open(at);
  if (!file.has_value()) return;
  const std::optional<ByteBuffer> bytes =
      context.ReadAll(at, *file, kRingFileBytesMax);
  if (!bytes.has_value()) return;
  InspectedFile row{
      .path = at.name, .kind = "ring", .size = file->size(), .facts = {}};
  const RingFile found = DecodeRingFile(Bytes::CopyOf(*bytes));
  switch (found.check) {
    case HeaderCheck::kNewer:
      context.OtherFormat(at, found.header.format);
      break;
    case HeaderCheck::kDamaged:
      context.Damage(at, {0, bytes->size()},
                     "the header block or the payload does not hold; the next "
                     "start asks its peers for the ring");
      break;
    case HeaderCheck::kValid: {
      const std::optional<RingState> ring = DecodeRingState(found.ring.view());
      if (!ring.has_value()) {
        context.Damage(at, {kHeaderBlockBytes, found.ring.size()},
                       "the payload is no ring");
        break;
      }
      SayRing(*ring, &row);
      if (identity.has_value()) {
        CompareRing(at, found, *ring, *identity, context);
      }
      break;
    }
  }
  context.report.AddFile(std::move(row));
}

}  // namespace orrery
