#include "sim/host/mark_catalogue.h"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace orrery::sim {
namespace {

constexpr MarkRule kMarks[] = {
    {"door.waits_for_ring", MarkClass::kCommon, {}},
    {"engine.other_cluster_dropped", MarkClass::kCommon, {}},
    {"engine.slept", MarkClass::kCommon, {}},
    {"fault.clock", MarkClass::kCommon, {}},
    {"fault.clogged", MarkClass::kCommon, {}},
    {"fault.crash", MarkClass::kCommon, {}},
    {"fault.crash_in_stop", MarkClass::kCommon, {}},
    {"fault.cut", MarkClass::kCommon, {}},
    {"fault.cut_link", MarkClass::kCommon, {}},
    {"fault.dirty_file", MarkClass::kCommon, {}},
    {"fault.disk_slow", MarkClass::kCommon, {}},
    {"fault.disk_stall", MarkClass::kCommon, {}},
    {"fault.late", MarkClass::kCommon, {}},
    {"fault.no_space", MarkClass::kCommon, {}},
    {"fault.pause", MarkClass::kCommon, {}},
    {"fault.powerloss", MarkClass::kCommon, {}},
    {"fault.powerloss_in_stop", MarkClass::kCommon, {}},
    {"fault.read_failed", MarkClass::kCommon, {}},
    {"fault.reset", MarkClass::kCommon, {}},
    {"fault.stalled", MarkClass::kCommon, {}},
    {"fault.stop", MarkClass::kCommon, {}},
    {"fault.stop_forced", MarkClass::kCommon, {}},
    {"fault.stop_timed_out", MarkClass::kRare, {}},
    {"fault.sync_failed", MarkClass::kCommon, {}},
    {"fault.udp_dup", MarkClass::kCommon, {}},
    {"fault.udp_loss", MarkClass::kCommon, {}},
    {"fault.vanished", MarkClass::kCommon, {}},
    {"fault.wipe", MarkClass::kCommon, {}},
    {"fault.write_cut_short", MarkClass::kCommon, {}},
    {"fault.write_failed", MarkClass::kCommon, {}},
    {"forward.answered", MarkClass::kCommon, {}},
    {"forward.deadline", MarkClass::kCommon, {}},
    {"forward.no_owner", MarkClass::kCommon, {}},
    {"forward.peer_lost", MarkClass::kCommon, {}},
    {"forward.refused_tried_next", MarkClass::kCommon, {}},
    {"forward.sent", MarkClass::kCommon, {}},
    {"get.deadline", MarkClass::kCommon, {}},
    {"get.digest_mismatch", MarkClass::kCommon, {}},
    {"get.digests_agree", MarkClass::kCommon, {}},
    {"get.fetch", MarkClass::kCommon, {}},
    {"get.hinted_answer", MarkClass::kCommon, {}},
    {"get.out_of_reach", MarkClass::kCommon, {}},
    {"get.owner_failed", MarkClass::kCommon, {}},
    {"get.owner_healed", MarkClass::kCommon, {}},
    {"get.repair_after_answer", MarkClass::kCommon, {}},
    {"get.repair_out_of_reach", MarkClass::kCommon, {}},
    {"get.repaired", MarkClass::kCommon, {}},
    {"get.restarted", MarkClass::kUnmet,
     "a ring that changes under a read: moving ownership is not built"},
    {"get.spare", MarkClass::kCommon, {}},
    {"get.suspect_answer", MarkClass::kCommon, {}},
    {"get.write_back", MarkClass::kCommon, {}},
    {"hint.delivered", MarkClass::kCommon, {}},
    {"hint.expired", MarkClass::kUnmet,
     "handoff_timeout is a day, a run is a minute"},
    {"hint.merged", MarkClass::kCommon, {}},
    {"hint.partly_delivered", MarkClass::kCommon, {}},
    {"hint.raced", MarkClass::kUnmet,
     "an erasure that meets a newer hint of the same key: seen in unit tests"},
    {"hint.recovered", MarkClass::kCommon, {}},
    {"hint.redirected", MarkClass::kUnmet,
     "a ring that changes: moving ownership is not built"},
    {"hint.refused", MarkClass::kCommon, {}},
    {"hint.refused_at_cap", MarkClass::kUnmet, "the cap is 1 GiB a target"},
    {"hint.stored", MarkClass::kCommon, {}},
    {"hint.throttled", MarkClass::kUnmet,
     "the cap of deliveries is above what a light run holds"},
    {"hint.unanswered", MarkClass::kCommon, {}},
    {"hint.unreadable", MarkClass::kCommon, {}},
    {"mattered.stop", MarkClass::kCommon, {}},
    {"membership.buried", MarkClass::kCommon, {}},
    {"membership.foreign_packet", MarkClass::kRare, {}},
    {"membership.founded", MarkClass::kCommon, {}},
    {"membership.identity_conflict", MarkClass::kUnmet,
     "two machines with one address: not in the language of scenarios"},
    {"membership.indirect_ping", MarkClass::kCommon, {}},
    {"membership.isolated", MarkClass::kCommon, {}},
    {"membership.join_rejected", MarkClass::kCommon, {}},
    {"membership.joined", MarkClass::kCommon, {}},
    {"membership.namesake_refused", MarkClass::kUnmet,
     "two nodes with one name: not in the language of scenarios"},
    {"membership.overheard", MarkClass::kCommon, {}},
    {"membership.pause_credited", MarkClass::kCommon, {}},
    {"membership.reached_the_dead", MarkClass::kCommon, {}},
    {"membership.record_refused", MarkClass::kUnmet,
     "records out of bounds: the codec refuses them first, unit tests go "
     "around it"},
    {"membership.relayed_ack", MarkClass::kCommon, {}},
    {"membership.replay_dropped", MarkClass::kCommon, {}},
    {"membership.revived", MarkClass::kCommon, {}},
    {"membership.ring_closed", MarkClass::kCommon, {}},
    {"membership.ring_conflict", MarkClass::kUnmet,
     "two rings in one epoch: what O12 looks for"},
    {"membership.ring_installed", MarkClass::kCommon, {}},
    {"membership.ring_pushed", MarkClass::kCommon, {}},
    {"membership.stub_kept", MarkClass::kCommon, {}},
    {"membership.suspect_refuted", MarkClass::kCommon, {}},
    {"membership.suspected", MarkClass::kCommon, {}},
    {"membership.views_compared", MarkClass::kCommon, {}},
    {"put.admitted", MarkClass::kCommon, {}},
    {"put.answer_after_verdict", MarkClass::kCommon, {}},
    {"put.answered", MarkClass::kCommon, {}},
    {"put.asked_again", MarkClass::kCommon, {}},
    {"put.deadline", MarkClass::kCommon, {}},
    {"put.delete_read", MarkClass::kCommon, {}},
    {"put.delete_read_failed", MarkClass::kCommon, {}},
    {"put.hint_counted", MarkClass::kCommon, {}},
    {"put.hint_kept_here", MarkClass::kCommon, {}},
    {"put.hint_sent", MarkClass::kCommon, {}},
    {"put.mint_refused", MarkClass::kCommon, {}},
    {"put.out_of_reach", MarkClass::kCommon, {}},
    {"put.peer_lost", MarkClass::kCommon, {}},
    {"put.recounted", MarkClass::kUnmet,
     "a ring that changes under a write: moving ownership is not built"},
    {"put.refused_before_sending", MarkClass::kCommon, {}},
    {"put.repeated", MarkClass::kCommon, {}},
    {"put.superseded", MarkClass::kCommon, {}},
    {"repair.doubt_ended", MarkClass::kCommon, {}},
    {"repair.object_merged", MarkClass::kCommon, {}},
    {"repair.object_put", MarkClass::kCommon, {}},
    {"repair.ranges_differ", MarkClass::kCommon, {}},
    {"repair.round_complete", MarkClass::kCommon, {}},
    {"repair.session_timed_out", MarkClass::kCommon, {}},
    {"replica.merge_malformed", MarkClass::kUnmet,
     "hostile objects: the fuzzers bring them"},
    {"replica.mint_refused", MarkClass::kUnmet,
     "a context from the future of this actor: an old disk put back, not in "
     "the language of scenarios"},
    {"replica.mint_too_late", MarkClass::kCommon, {}},
    {"replica.operation_repeated", MarkClass::kCommon, {}},
    {"replica.put_conflict", MarkClass::kUnmet,
     "a put from elsewhere into a key that is being written: one engine a "
     "store"},
    {"replica.record_unreadable", MarkClass::kCommon, {}},
    {"replica.stamps_exhausted", MarkClass::kUnmet,
     "stamps near 2^63: unit tests"},
    {"replica.write_queued", MarkClass::kCommon, {}},
    {"room.bad_context", MarkClass::kUnmet,
     "contexts are made by the nodes themselves"},
    {"room.bad_operation", MarkClass::kUnmet,
     "tokens are made by the nodes themselves"},
    {"room.forwarded_expired", MarkClass::kUnmet,
     "a forwarded write that arrives after its deadline and finds a slot"},
    {"room.handed_over", MarkClass::kCommon, {}},
    {"room.hint_lost", MarkClass::kCommon, {}},
    {"room.lingering_cut", MarkClass::kCommon, {}},
    {"room.operation_repeated", MarkClass::kRare, {}},
    {"room.operation_reused", MarkClass::kUnmet,
     "one operation id for two keys: clients do not"},
    {"room.overloaded", MarkClass::kUnmet,
     "4,096 requests in flight: light runs have tens"},
    {"storage.compaction_aborted", MarkClass::kCommon, {}},
    {"storage.compaction_awaits_sync", MarkClass::kCommon, {}},
    {"storage.compaction_done", MarkClass::kCommon, {}},
    {"storage.compaction_met_damage", MarkClass::kUnmet,
     "bit rot of sealed files: not in the language of scenarios"},
    {"storage.compaction_started", MarkClass::kCommon, {}},
    {"storage.damage_found", MarkClass::kUnmet,
     "bit rot of sealed files: not in the language of scenarios"},
    {"storage.directory_open", MarkClass::kCommon, {}},
    {"storage.file_poisoned", MarkClass::kCommon, {}},
    {"storage.file_sealed", MarkClass::kCommon, {}},
    {"storage.full", MarkClass::kCommon, {}},
    {"storage.identity_lost", MarkClass::kUnmet,
     "both slots damaged: not in the language of scenarios"},
    {"storage.manifest_failed", MarkClass::kCommon, {}},
    {"storage.manifest_full", MarkClass::kCommon, {}},
    {"storage.manifest_rolled", MarkClass::kCommon, {}},
    {"storage.no_space_for_file", MarkClass::kCommon, {}},
    {"storage.read_again", MarkClass::kCommon, {}},
    {"storage.read_only", MarkClass::kCommon, {}},
    {"storage.record_corrupt", MarkClass::kCommon, {}},
    {"storage.recovery_failed", MarkClass::kRare, {}},
    {"storage.relocation_lost", MarkClass::kCommon, {}},
    {"storage.ring_waits_for_space", MarkClass::kUnmet,
     "faults begin after the ring has formed: tests/scenarios has one"},
    {"storage.short_write", MarkClass::kUnmet,
     "the simulated disk writes all or nothing"},
    {"storage.suspect", MarkClass::kCommon, {}},
    {"storage.suspect_cleared", MarkClass::kCommon, {}},
    {"storage.sync_failed", MarkClass::kCommon, {}},
    {"storage.torn_tail_cut", MarkClass::kCommon, {}},
    {"storage.write_failed", MarkClass::kCommon, {}},
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
