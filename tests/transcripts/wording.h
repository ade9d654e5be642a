// tests/transcripts/wording.h
//
// How transcripts name what the protocol numbers.  Every table stands in the
// order of its enum; what has no value has no name.

#ifndef ORRERY_TESTS_TRANSCRIPTS_WORDING_H_
#define ORRERY_TESTS_TRANSCRIPTS_WORDING_H_

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>

#include "core/base/time.h"

namespace orrery::transcripts {

inline constexpr std::string_view kReplicaStatusNames[] = {
    "?",        "ok",          "stale_ring", "ring_behind", "not_ready",
    "corrupt",  "read_error",  "busy",       "full",        "read_only",
    "pristine", "below_floor", "unknown"};
inline constexpr std::string_view kPutOriginNames[] = {
    "?", "fresh", "write_back", "hint", "sync"};
inline constexpr std::string_view kReadDepthNames[] = {"?", "digest",
                                                       "versions", "object"};
inline constexpr std::string_view kRefusalNames[] = {"?",
                                                     "too_few_owners",
                                                     "not_ready",
                                                     "ring_closed",
                                                     "overloaded",
                                                     "disk_full",
                                                     "read_quorum_failed",
                                                     "bad_context",
                                                     "bad_operation",
                                                     "operation_reused",
                                                     "read_only",
                                                     "shutting_down",
                                                     "damaged"};
inline constexpr std::string_view kMemberStateNames[] = {
    "?", "alive", "suspect", "dead", "left"};
inline constexpr std::string_view kRingStatusNames[] = {
    "no_cluster", "joining", "forming", "ready", "starting"};
inline constexpr std::string_view kRejectionNames[] = {"?",
                                                       "no_cluster",
                                                       "cluster_mismatch",
                                                       "protocol",
                                                       "params_mismatch",
                                                       "id_collision",
                                                       "storage_conflict",
                                                       "name_taken_alive",
                                                       "evicted",
                                                       "ring_closed",
                                                       "not_founder"};
inline constexpr std::string_view kDurabilityNames[] = {"nothing", "written",
                                                        "synced"};
inline constexpr std::string_view kStoreStatusNames[] = {
    "?",          "ok",        "not_found", "deleted",   "corrupt",
    "full",       "read_only", "busy",      "too_large", "conflict",
    "collisions", "unknown",   "closed"};
inline constexpr std::string_view kDiskVerbNames[] = {
    "?",       "open",    "close",    "read",   "write",     "allocate",
    "sync",    "syncdir", "truncate", "rename", "link",      "unlink",
    "makedir", "list",    "stat",     "space",  "dropcache", "lock"};
inline constexpr std::string_view kDiskErrorNames[] = {
    "none",     "no_entry",  "exists",         "io",
    "no_space", "read_only", "too_many_files", "permission",
    "locked",   "not_empty", "other"};
inline constexpr std::string_view kNoteNames[] = {"?",
                                                  "member_state",
                                                  "ring_installed",
                                                  "join_rejected",
                                                  "recovered",
                                                  "torn_tail",
                                                  "damage",
                                                  "suspect",
                                                  "disk_error",
                                                  "fatal",
                                                  "compaction",
                                                  "serving",
                                                  "identity_conflict",
                                                  "waiting",
                                                  "founded",
                                                  "joined"};

template <typename Enum, size_t N>
std::string_view NameIn(const std::string_view (&names)[N], Enum value) {
  const auto index = static_cast<size_t>(value);
  return index < N ? names[index] : "?";
}

template <typename... Parts>
std::string Cat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// "5s", "1500ms", "7ns": in the largest unit that leaves a whole number.
std::string DurationText(Duration duration);

// "a*3000" for long runs, as commands write them; else the text.
std::string ValueText(std::string_view value);

}  // namespace orrery::transcripts

#endif  // ORRERY_TESTS_TRANSCRIPTS_WORDING_H_
