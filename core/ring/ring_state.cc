#include "core/ring/ring_state.h"

#include <algorithm>
#include <utility>

#include "core/base/coding.h"
#include "core/base/invariant.h"
#include "core/base/murmur3.h"
#include "core/base/total_order.h"
#include "core/protocol/limits.h"
#include "core/ring/token.h"

namespace orrery {

namespace {

constexpr uint32_t kFormat = 1;         // Persisted.
constexpr uint32_t kHashMurmur3 = 1;    // Persisted.
constexpr uint32_t kZoneRulePlain = 1;  // Persisted.
constexpr uint32_t kPlacementRing = 1;  // Persisted.

bool IsValidParams(const RingParams& params) {
  if (params.replication < 1 || params.replication > kReplicationMax) {
    return false;
  }
  if (params.read_quorum < 1 || params.read_quorum > params.replication) {
    return false;
  }
  if (params.write_quorum < 1 || params.write_quorum > params.replication) {
    return false;
  }
  return params.hash_kind == kHashMurmur3 &&
         params.zone_rule == kZoneRulePlain &&
         params.placement == kPlacementRing;
}

bool IsValidCouncil(const RingState& state) {
  const size_t size = state.council.size();
  if (size != 1 && size != 3 && size != kCouncilMax) return false;
  for (size_t i = 0; i < size; ++i) {
    if (i > 0 && state.council[i] <= state.council[i - 1]) return false;
    if (FindMember(state, state.council[i]) == nullptr) return false;
  }
  return true;
}

bool IsValidMember(const RingMember& member) {
  if (member.name.empty() || member.name.size() > kNodeNameBytesMax) {
    return false;
  }
  if (member.zone.size() > kZoneBytesMax) return false;
  if (member.storage.IsZero()) return false;
  if (member.vnodes < 1 || member.vnodes > kVnodesMax) return false;
  return member.id == NodeIdOf(member.name);
}

bool IsValidMembers(const RingState& state) {
  if (state.members.size() > kMembersMax) return false;
  uint64_t tokens = 0;
  std::vector<StorageId> storages;
  for (size_t i = 0; i < state.members.size(); ++i) {
    const RingMember& member = state.members[i];
    if (!IsValidMember(member)) return false;
    if (i > 0 && member.id <= state.members[i - 1].id) return false;
    tokens += member.vnodes;
    storages.push_back(member.storage);
  }
  Sort(storages.begin(), storages.end());
  return tokens <= kRingTokensMax &&
         std::adjacent_find(storages.begin(), storages.end()) == storages.end();
}

bool ReadId128(Reader& reader, Id128* id) {
  return reader.ReadU64(&id->hi) && reader.ReadU64(&id->lo);
}

bool ReadText(Reader& reader, size_t bytes_max, std::string* text) {
  ByteView bytes;
  if (!reader.ReadSizedBytes(&bytes) || bytes.size() > bytes_max) return false;
  *text = TextOf(bytes);
  return true;
}

bool ReadHead(Reader& reader, RingState* state) {
  uint32_t format = 0;
  uint8_t pristine = 0;
  if (!reader.ReadU32(&format) || format != kFormat) return false;
  if (!ReadId128(reader, &state->cluster)) return false;
  if (!reader.ReadU32(&state->epoch.era)) return false;
  if (!reader.ReadU32(&state->epoch.seq)) return false;
  if (!reader.ReadU8(&pristine) || pristine > 1) return false;
  state->pristine = pristine == 1;
  RingParams& params = state->params;
  return reader.ReadU32(&params.replication) &&
         reader.ReadU32(&params.read_quorum) &&
         reader.ReadU32(&params.write_quorum) &&
         reader.ReadU32(&params.hash_kind) &&
         reader.ReadU32(&params.zone_rule) && reader.ReadU32(&params.placement);
}

bool ReadCouncil(Reader& reader, RingState* state) {
  uint32_t count = 0;
  if (!reader.ReadU32(&count) || count > kCouncilMax) return false;
  for (uint32_t i = 0; i < count; ++i) {
    NodeId id;
    if (!reader.ReadU64(&id.value)) return false;
    state->council.push_back(id);
  }
  return true;
}

bool ReadMember(Reader& reader, RingMember* member) {
  uint8_t status = 0;
  if (!reader.ReadU64(&member->id.value)) return false;
  if (!ReadId128(reader, &member->storage)) return false;
  if (!reader.ReadU32(&member->weight_permille)) return false;
  if (!reader.ReadU32(&member->vnodes)) return false;
  if (!reader.ReadU8(&status)) return false;
  if (status < static_cast<uint8_t>(MemberStatus::kJoining) ||
      status > static_cast<uint8_t>(MemberStatus::kRemoved)) {
    return false;
  }
  member->status = static_cast<MemberStatus>(status);
  return ReadText(reader, kNodeNameBytesMax, &member->name) &&
         ReadText(reader, kZoneBytesMax, &member->zone);
}

// Reserves nothing by the claimed count: members appear as their bytes do.
bool ReadMembers(Reader& reader, RingState* state) {
  uint32_t count = 0;
  if (!reader.ReadU32(&count) || count > kMembersMax) return false;
  for (uint32_t i = 0; i < count; ++i) {
    RingMember member;
    if (!ReadMember(reader, &member)) return false;
    state->members.push_back(std::move(member));
  }
  return true;
}

}  // namespace

const RingMember* FindMember(const RingState& state, NodeId id) {
  const auto found =
      std::lower_bound(state.members.begin(), state.members.end(), id,
                       [](const RingMember& member, NodeId wanted) {
                         return member.id < wanted;
                       });
  return found == state.members.end() || found->id != id ? nullptr : &*found;
}

bool IsValid(const RingState& state) {
  return !state.cluster.IsZero() && IsValidParams(state.params) &&
         IsValidMembers(state) && IsValidCouncil(state);
}

Bytes EncodeRingState(const RingState& state) {
  ORRERY_INVARIANT(IsValid(state));
  ByteBuffer out;
  PutU32(out, kFormat);
  PutU64(out, state.cluster.hi);
  PutU64(out, state.cluster.lo);
  PutU32(out, state.epoch.era);
  PutU32(out, state.epoch.seq);
  PutU8(out, state.pristine ? 1 : 0);
  PutU32(out, state.params.replication);
  PutU32(out, state.params.read_quorum);
  PutU32(out, state.params.write_quorum);
  PutU32(out, state.params.hash_kind);
  PutU32(out, state.params.zone_rule);
  PutU32(out, state.params.placement);
  PutU32(out, static_cast<uint32_t>(state.council.size()));
  for (const NodeId id : state.council) PutU64(out, id.value);
  PutU32(out, static_cast<uint32_t>(state.members.size()));
  for (const RingMember& member : state.members) {
    PutU64(out, member.id.value);
    PutU64(out, member.storage.hi);
    PutU64(out, member.storage.lo);
    PutU32(out, member.weight_permille);
    PutU32(out, member.vnodes);
    PutU8(out, static_cast<uint8_t>(member.status));
    PutSizedBytes(out, ViewOf(member.name));
    PutSizedBytes(out, ViewOf(member.zone));
  }
  return Bytes::CopyOf(ByteView(out));
}

std::optional<RingState> DecodeRingState(ByteView bytes) {
  Reader reader(bytes);
  RingState state;
  if (!ReadHead(reader, &state)) return std::nullopt;
  if (!ReadCouncil(reader, &state)) return std::nullopt;
  if (!ReadMembers(reader, &state)) return std::nullopt;
  if (!reader.AtEnd()) return std::nullopt;
  if (!IsValid(state)) return std::nullopt;
  return state;
}

uint64_t RingHash(const RingState& state) {
  const Bytes encoding = EncodeRingState(state);
  const uint64_t hash = Murmur3x64_128(encoding.text()).h1;
  return hash == 0 ? 1 : hash;
}

}  // namespace orrery
