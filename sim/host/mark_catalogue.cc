#include "sim/host/mark_catalogue.h"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace orrery::sim {
namespace {

constexpr MarkRule kMarks[] = {
    {"door.waits_for_ring", MarkClass::kSeldom, {}},
    {"engine.other_cluster_dropped", MarkClass::kSeldom, {}},
    {"engine.slept", MarkClass::kSeldom, {}},
    {"fault.clock", MarkClass::kSeldom, {}},
    {"fault.clogged", MarkClass::kSeldom, {}},
    {"fault.crash", MarkClass::kSeldom, {}},
    {"fault.cut", MarkClass::kSeldom, {}},
    {"fault.cut_link", MarkClass::kSeldom, {}},
    {"fault.dirty_file", MarkClass::kSeldom, {}},
    {"fault.disk_slow", MarkClass::kSeldom, {}},
    {"fault.disk_stall", MarkClass::kSeldom, {}},
    {"fault.late", MarkClass::kSeldom, {}},
    {"fault.no_space", MarkClass::kSeldom, {}},
    {"fault.pause", MarkClass::kSeldom, {}},
    {"fault.powerloss", MarkClass::kSeldom, {}},
    {"fault.read_failed", MarkClass::kSeldom, {}},
    {"fault.reset", MarkClass::kSeldom, {}},
    {"fault.stalled", MarkClass::kSeldom, {}},
    {"fault.sync_failed", MarkClass::kSeldom, {}},
    {"fault.udp_dup", MarkClass::kSeldom, {}},
    {"fault.udp_loss", MarkClass::kSeldom, {}},
    {"fault.vanished", MarkClass::kSeldom, {}},
    {"fault.wipe", MarkClass::kSeldom, {}},
    {"fault.write_cut_short", MarkClass::kSeldom, {}},
    {"fault.write_failed", MarkClass::kSeldom, {}},
    {"forward.answered", MarkClass::kSeldom, {}},
    {"forward.deadline", MarkClass::kSeldom, {}},
    {"forward.no_owner", MarkClass::kSeldom, {}},
    {"forward.peer_lost", MarkClass::kSeldom, {}},
    {"forward.refused_tried_next", MarkClass::kSeldom, {}},
    {"forward.sent", MarkClass::kSeldom, {}},
    {"get.deadline", MarkClass::kSeldom, {}},
    {"get.digest_mismatch", MarkClass::kSeldom, {}},
    {"get.digests_agree", MarkClass::kSeldom, {}},
    {"get.fetch", MarkClass::kSeldom, {}},
    {"get.hinted_answer", MarkClass::kSeldom, {}},
    {"get.out_of_reach", MarkClass::kSeldom, {}},
    {"get.owner_failed", MarkClass::kSeldom, {}},
    {"get.owner_healed", MarkClass::kSeldom, {}},
    {"get.repair_after_answer", MarkClass::kSeldom, {}},
    {"get.repair_out_of_reach", MarkClass::kSeldom, {}},
    {"get.repaired", MarkClass::kSeldom, {}},
    {"get.restarted", MarkClass::kSeldom, {}},
    {"get.spare", MarkClass::kSeldom, {}},
    {"get.suspect_answer", MarkClass::kSeldom, {}},
    {"get.write_back", MarkClass::kSeldom, {}},
    {"hint.delivered", MarkClass::kSeldom, {}},
    {"hint.expired", MarkClass::kSeldom, {}},
    {"hint.merged", MarkClass::kSeldom, {}},
    {"hint.partly_delivered", MarkClass::kSeldom, {}},
    {"hint.raced", MarkClass::kSeldom, {}},
    {"hint.recovered", MarkClass::kSeldom, {}},
    {"hint.redirected", MarkClass::kSeldom, {}},
    {"hint.refused", MarkClass::kSeldom, {}},
    {"hint.refused_at_cap", MarkClass::kSeldom, {}},
    {"hint.stored", MarkClass::kSeldom, {}},
    {"hint.throttled", MarkClass::kSeldom, {}},
    {"hint.unanswered", MarkClass::kSeldom, {}},
    {"hint.unreadable", MarkClass::kSeldom, {}},
    {"membership.buried", MarkClass::kSeldom, {}},
    {"membership.foreign_packet", MarkClass::kSeldom, {}},
    {"membership.founded", MarkClass::kSeldom, {}},
    {"membership.identity_conflict", MarkClass::kSeldom, {}},
    {"membership.indirect_ping", MarkClass::kSeldom, {}},
    {"membership.isolated", MarkClass::kSeldom, {}},
    {"membership.join_rejected", MarkClass::kSeldom, {}},
    {"membership.joined", MarkClass::kSeldom, {}},
    {"membership.namesake_refused", MarkClass::kSeldom, {}},
    {"membership.overheard", MarkClass::kSeldom, {}},
    {"membership.pause_credited", MarkClass::kSeldom, {}},
    {"membership.reached_the_dead", MarkClass::kSeldom, {}},
    {"membership.record_refused", MarkClass::kSeldom, {}},
    {"membership.relayed_ack", MarkClass::kSeldom, {}},
    {"membership.replay_dropped", MarkClass::kSeldom, {}},
    {"membership.revived", MarkClass::kSeldom, {}},
    {"membership.ring_closed", MarkClass::kSeldom, {}},
    {"membership.ring_conflict", MarkClass::kSeldom, {}},
    {"membership.ring_installed", MarkClass::kSeldom, {}},
    {"membership.ring_pushed", MarkClass::kSeldom, {}},
    {"membership.stub_kept", MarkClass::kSeldom, {}},
    {"membership.suspect_refuted", MarkClass::kSeldom, {}},
    {"membership.suspected", MarkClass::kSeldom, {}},
    {"membership.views_compared", MarkClass::kSeldom, {}},
    {"put.admitted", MarkClass::kSeldom, {}},
    {"put.answer_after_verdict", MarkClass::kSeldom, {}},
    {"put.answered", MarkClass::kSeldom, {}},
    {"put.asked_again", MarkClass::kSeldom, {}},
    {"put.deadline", MarkClass::kSeldom, {}},
    {"put.delete_read", MarkClass::kSeldom, {}},
    {"put.delete_read_failed", MarkClass::kSeldom, {}},
    {"put.hint_counted", MarkClass::kSeldom, {}},
    {"put.hint_kept_here", MarkClass::kSeldom, {}},
    {"put.hint_sent", MarkClass::kSeldom, {}},
    {"put.mint_refused", MarkClass::kSeldom, {}},
    {"put.out_of_reach", MarkClass::kSeldom, {}},
    {"put.peer_lost", MarkClass::kSeldom, {}},
    {"put.recounted", MarkClass::kSeldom, {}},
    {"put.refused_before_sending", MarkClass::kSeldom, {}},
    {"put.repeated", MarkClass::kSeldom, {}},
    {"put.superseded", MarkClass::kSeldom, {}},
    {"repair.doubt_ended", MarkClass::kSeldom, {}},
    {"repair.object_merged", MarkClass::kSeldom, {}},
    {"repair.object_put", MarkClass::kSeldom, {}},
    {"repair.ranges_differ", MarkClass::kSeldom, {}},
    {"repair.round_complete", MarkClass::kSeldom, {}},
    {"repair.session_timed_out", MarkClass::kSeldom, {}},
    {"replica.merge_malformed", MarkClass::kSeldom, {}},
    {"replica.mint_refused", MarkClass::kSeldom, {}},
    {"replica.mint_too_late", MarkClass::kSeldom, {}},
    {"replica.operation_repeated", MarkClass::kSeldom, {}},
    {"replica.put_conflict", MarkClass::kSeldom, {}},
    {"replica.record_unreadable", MarkClass::kSeldom, {}},
    {"replica.stamps_exhausted", MarkClass::kSeldom, {}},
    {"replica.write_queued", MarkClass::kSeldom, {}},
    {"room.bad_context", MarkClass::kSeldom, {}},
    {"room.bad_operation", MarkClass::kSeldom, {}},
    {"room.forwarded_expired", MarkClass::kSeldom, {}},
    {"room.handed_over", MarkClass::kSeldom, {}},
    {"room.hint_lost", MarkClass::kSeldom, {}},
    {"room.lingering_cut", MarkClass::kSeldom, {}},
    {"room.operation_repeated", MarkClass::kSeldom, {}},
    {"room.operation_reused", MarkClass::kSeldom, {}},
    {"room.overloaded", MarkClass::kSeldom, {}},
    {"storage.compaction_aborted", MarkClass::kSeldom, {}},
    {"storage.compaction_awaits_sync", MarkClass::kSeldom, {}},
    {"storage.compaction_done", MarkClass::kSeldom, {}},
    {"storage.compaction_met_damage", MarkClass::kSeldom, {}},
    {"storage.compaction_started", MarkClass::kSeldom, {}},
    {"storage.damage_found", MarkClass::kSeldom, {}},
    {"storage.directory_open", MarkClass::kSeldom, {}},
    {"storage.file_poisoned", MarkClass::kSeldom, {}},
    {"storage.file_sealed", MarkClass::kSeldom, {}},
    {"storage.full", MarkClass::kSeldom, {}},
    {"storage.identity_lost", MarkClass::kSeldom, {}},
    {"storage.manifest_failed", MarkClass::kSeldom, {}},
    {"storage.manifest_full", MarkClass::kSeldom, {}},
    {"storage.manifest_rolled", MarkClass::kSeldom, {}},
    {"storage.no_space_for_file", MarkClass::kSeldom, {}},
    {"storage.read_again", MarkClass::kSeldom, {}},
    {"storage.read_only", MarkClass::kSeldom, {}},
    {"storage.record_corrupt", MarkClass::kSeldom, {}},
    {"storage.recovery_failed", MarkClass::kSeldom, {}},
    {"storage.relocation_lost", MarkClass::kSeldom, {}},
    {"storage.ring_waits_for_space", MarkClass::kSeldom, {}},
    {"storage.short_write", MarkClass::kSeldom, {}},
    {"storage.suspect", MarkClass::kSeldom, {}},
    {"storage.suspect_cleared", MarkClass::kSeldom, {}},
    {"storage.sync_failed", MarkClass::kSeldom, {}},
    {"storage.torn_tail_cut", MarkClass::kSeldom, {}},
    {"storage.write_failed", MarkClass::kSeldom, {}},
};

bool Demanded(const MarkRule& rule, uint64_t seeds) {
  switch (rule.how_often) {
    case MarkClass::kCommon:
      return seeds >= kCommonFrom;
    case MarkClass::kRare:
      return seeds >= kRareFrom;
    case MarkClass::kSeldom:
    case MarkClass::kUnmet:
      return false;
  }
  return false;
}

}  // namespace

std::span<const MarkRule> AllMarks() { return kMarks; }

std::vector<std::string> MissingMarks(
    std::span<const MarkRule> rules,
    const std::map<std::string, MarkCount>& counts, uint64_t seeds) {
  std::vector<std::string> missing;
  for (const MarkRule& rule : rules) {
    if (!Demanded(rule, seeds)) continue;
    const auto found = counts.find(std::string(rule.name));
    if (found == counts.end() || found->second.seeds == 0) {
      missing.emplace_back(rule.name);
    }
  }
  return missing;
}

}  // namespace orrery::sim
