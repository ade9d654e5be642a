#include "core/membership/admission.h"

#include "core/ring/token.h"

namespace orrery {

namespace {

JoinReject Because(JoinRejection why) {
  JoinReject reject;
  reject.why = why;
  return reject;
}

JoinReject Mismatch(const char* field, uint32_t ours, uint32_t theirs) {
  JoinReject reject;
  reject.why = JoinRejection::kParamsMismatch;
  reject.field = field;
  reject.ours = ours;
  reject.theirs = theirs;
  return reject;
}

std::optional<JoinReject> IdentityRefusal(const MemberRecord& asker,
                                          const MemberTable& table,
                                          const RingState& ring) {
  if (asker.id != NodeIdOf(asker.name)) {
    return Because(JoinRejection::kIdCollision);
  }
  for (const RingMember& member : ring.members) {
    const bool same_node = member.id == asker.id;
    if (same_node && member.name != asker.name) {
      return Because(JoinRejection::kIdCollision);
    }
    if (!same_node && member.storage == asker.storage) {
      return Because(JoinRejection::kStorageConflict);
    }
    if (same_node && member.status == MemberStatus::kRemoved) {
      return Because(JoinRejection::kEvicted);
    }
  }
  for (const auto& [id, member] : table.entries()) {
    if (id != asker.id && !asker.storage.IsZero() &&
        member.record.storage == asker.storage) {
      return Because(JoinRejection::kStorageConflict);
    }
  }
  return std::nullopt;
}

}  // namespace

RingParams ParamsOf(const EngineOptions& options) {
  RingParams params;
  params.replication = options.replication;
  params.read_quorum = options.read_quorum;
  params.write_quorum = options.write_quorum;
  return params;
}

std::optional<JoinReject> MismatchOf(const RingParams& ours,
                                     const RingParams& theirs) {
  if (ours.replication != theirs.replication) {
    return Mismatch("replication_factor", ours.replication, theirs.replication);
  }
  if (ours.hash_kind != theirs.hash_kind) {
    return Mismatch("hash", ours.hash_kind, theirs.hash_kind);
  }
  if (ours.zone_rule != theirs.zone_rule) {
    return Mismatch("zone_rule", ours.zone_rule, theirs.zone_rule);
  }
  if (ours.placement != theirs.placement) {
    return Mismatch("placement", ours.placement, theirs.placement);
  }
  return std::nullopt;
}

std::optional<JoinReject> RefusalOf(const JoinRequest& request,
                                    ClusterId asker_cluster,
                                    const LocalNode& local,
                                    const MemberTable& table,
                                    const RingState& ring, Instant now) {
  const MemberRecord& asker = request.self;
  if (!asker_cluster.IsZero() && asker_cluster != local.cluster) {
    return Because(JoinRejection::kClusterMismatch);
  }
  if (asker.protocol_min > kProtocolVersion ||
      asker.protocol_max < kProtocolVersion) {
    return Because(JoinRejection::kProtocolUnsupported);
  }
  if (auto mismatch = MismatchOf(ring.params, request.params)) return mismatch;
  if (auto refusal = IdentityRefusal(asker, table, ring)) return refusal;

  const Member* known = table.Find(asker.id);
  if (known != nullptr && known->state == MemberState::kAlive &&
      known->record.boot_salt != asker.boot_salt &&
      known->record.gossip != asker.gossip && !known->record.gossip.IsNone() &&
      now < known->heard_at + kNameHeldFor) {
    JoinReject taken = Because(JoinRejection::kNameTakenAlive);
    taken.address = known->record.gossip;
    return taken;
  }
  return std::nullopt;
}

}  // namespace orrery
