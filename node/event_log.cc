#include "node/event_log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "core/protocol/disk.h"
#include "core/protocol/member.h"
#include "core/protocol/message.h"
#include "core/storage/manifest.h"
#include "transport/http/json_writer.h"

namespace orrery {
namespace {

spdlog::level::level_enum ToSpdlog(EventLog::Level level) {
  switch (level) {
    case EventLog::Level::kInfo:
      return spdlog::level::info;
    case EventLog::Level::kWarning:
      return spdlog::level::warn;
    case EventLog::Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string NameOfState(uint32_t detail) {
  const std::string_view name = NameOf(static_cast<MemberState>(detail));
  return name.empty() ? std::to_string(detail) : std::string(name);
}

std::string NameOfRejection(uint32_t detail) {
  switch (static_cast<JoinRejection>(detail)) {
    case JoinRejection::kNoCluster:
      return "no_cluster";
    case JoinRejection::kClusterMismatch:
      return "cluster_mismatch";
    case JoinRejection::kProtocolUnsupported:
      return "protocol_unsupported";
    case JoinRejection::kParamsMismatch:
      return "params_mismatch";
    case JoinRejection::kIdCollision:
      return "id_collision";
    case JoinRejection::kStorageConflict:
      return "storage_conflict";
    case JoinRejection::kNameTakenAlive:
      return "name_taken_alive";
    case JoinRejection::kEvicted:
      return "evicted";
    case JoinRejection::kRingClosed:
      return "ring_closed";
    case JoinRejection::kNotFounder:
      return "not_founder";
  }
  return std::to_string(detail);
}

std::string NameOfDoubt(uint64_t reason) {
  switch (static_cast<SuspectReason>(reason)) {
    case SuspectReason::kNone:
      return "none";
    case SuspectReason::kPowerLoss:
      return "power_loss";
    case SuspectReason::kPoison:
      return "failed_sync";
    case SuspectReason::kDamage:
      return "damage";
    case SuspectReason::kManifestLost:
      return "manifest_lost";
    case SuspectReason::kMoved:
      return "restored_or_copied";
  }
  return std::to_string(reason);
}

std::string NameOfDiskError(uint32_t detail) {
  switch (static_cast<DiskError>(detail)) {
    case DiskError::kNone:
      return "none";
    case DiskError::kNoEntry:
      return "no_entry";
    case DiskError::kExists:
      return "exists";
    case DiskError::kIo:
      return "io";
    case DiskError::kNoSpace:
      return "no_space";
    case DiskError::kReadOnly:
      return "read_only";
    case DiskError::kTooManyFiles:
      return "too_many_files";
    case DiskError::kPermission:
      return "permission";
    case DiskError::kLocked:
      return "locked";
    case DiskError::kNotEmpty:
      return "not_empty";
    case DiskError::kOther:
      return "other";
  }
  return std::to_string(detail);
}

// "generation.counter", as the core packs them.
std::string IncarnationText(uint64_t number) {
  return std::to_string(number >> 32) + "." +
         std::to_string(number & 0xffffffffu);
}

}  // namespace

EventLog::EventLog(const std::string& node_id)
    : node_id_(LogValue(node_id)),
      logger_(std::make_shared<spdlog::logger>(
          "node", std::make_shared<spdlog::sinks::stderr_sink_st>())) {
  logger_->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
  logger_->flush_on(spdlog::level::info);
}
EventLog::~EventLog() = default;

void EventLog::Write(Level level, std::string_view event,
                     const Fields& fields) {
  std::string line = "node=" + node_id_ + " event=" + std::string(event);
  for (const auto& [name, value] : fields) {
    line += ' ';
    line += name;
    line += '=';
    line += LogValue(value);
  }
  logger_->log(ToSpdlog(level), spdlog::string_view_t(line));
}

void EventLog::WriteNote(const Note& note,
                         const std::function<std::string(NodeId)>& name_of) {
  const std::string number = std::to_string(note.number);
  switch (note.kind) {
    case Note::Kind::kMemberState:
      return Write(note.detail == static_cast<uint32_t>(MemberState::kAlive)
                       ? Level::kInfo
                       : Level::kWarning,
                   "member_state",
                   {{"member", name_of(note.member)},
                    {"state", NameOfState(note.detail)},
                    {"incarnation", IncarnationText(note.number)}});
    case Note::Kind::kRingInstalled:
      return Write(Level::kInfo, "ring_installed", {{"seq", number}});
    case Note::Kind::kJoinRejected:
      return Write(
          Level::kWarning, "join_rejected",
          {{"why", NameOfRejection(note.detail)}, {"detail", note.text}});
    case Note::Kind::kRecovered:
      if (note.text.empty()) return Write(Level::kInfo, "recovered_all");
      return Write(Level::kInfo, "recovered", {{"report", note.text}});
    case Note::Kind::kTornTail:
      return Write(Level::kWarning, "torn_tail",
                   {{"file", note.text}, {"bytes_cut", number}});
    case Note::Kind::kDamage:
      return Write(Level::kError, "damage",
                   {{"file", note.text}, {"offset", number}});
    case Note::Kind::kSuspect:
      if (note.detail == 0) {
        return Write(Level::kInfo, "doubt_cleared", {{"store", note.text}});
      }
      return Write(Level::kWarning, "doubt_opened",
                   {{"store", note.text}, {"why", NameOfDoubt(note.number)}});
    case Note::Kind::kDiskError:
      return Write(
          Level::kError, "disk_error",
          {{"error", NameOfDiskError(note.detail)}, {"path", note.text}});
    case Note::Kind::kFatal:
      return Write(Level::kError, "fatal", {{"why", note.text}});
    case Note::Kind::kCompaction:
      return Write(Level::kInfo, "compaction", {{"bytes_freed", number}});
    case Note::Kind::kServing:
      return Write(Level::kInfo, "serving");
    case Note::Kind::kIdentityConflict:
      return Write(Level::kError, "identity_conflict",
                   {{"member", name_of(note.member)}, {"detail", note.text}});
    case Note::Kind::kWaiting:
      return Write(Level::kInfo, "waiting", {{"for", note.text}});
    case Note::Kind::kFounded:
      return Write(Level::kInfo, "founded");
    case Note::Kind::kJoined:
      return Write(Level::kInfo, "joined");
    case Note::Kind::kVnodesKept:
      return Write(Level::kWarning, "virtual_nodes_kept",
                   {{"configured", std::to_string(note.detail)},
                    {"kept", number},
                    {"why",
                     "the ring records it, and only a planned change of "
                     "ownership changes it"}});
    case Note::Kind::kSpace:
      return Write(
          note.detail == static_cast<uint32_t>(SpaceState::kNormal)
              ? Level::kInfo
              : Level::kWarning,
          "disk_space",
          {{"state", std::string(NameOf(static_cast<SpaceState>(note.detail)))},
           {"bytes_free", number}});
    case Note::Kind::kReserve:
      return Write(Level::kWarning, "small_reserve",
                   {{"bytes", number}, {"why", note.text}});
    case Note::Kind::kIndexSnapshotBad:
      return Write(
          Level::kWarning, "index_snapshot_bad",
          {{"file", note.text}, {"then", "it is made again from the data"}});
    case Note::Kind::kDiskStall:
      return Write(Level::kWarning,
                   note.detail == 1 ? "disk_slow" : "disk_slow_ended",
                   {{"store", note.text}, {"ms", number}});
    case Note::Kind::kManySiblings:
      return Write(Level::kWarning, "many_siblings",
                   {{"key", note.text}, {"versions", number}});
    case Note::Kind::kClock:
      return Write(note.detail == 1 ? Level::kWarning : Level::kInfo,
                   note.detail == 1 ? "clock_off" : "clock_right",
                   {{"ms", number},
                    {"where", note.text},
                    {"then",
                     "versions follow the median of the members' "
                     "clocks"}});
    case Note::Kind::kRootFileBad:
      return Write(Level::kError, "damage",
                   {{"file", note.text},
                    {"offset", number},
                    {"then", note.text == "RING"
                                 ? "the others are asked for the ring"
                                 : "the other slot counts, and the stop before "
                                   "for a power loss"}});
  }
}

std::string LogValue(std::string_view text) {
  bool plain = !text.empty();
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte >= 0x7f || c == '"' || c == '=' || c == '\\') {
      plain = false;
    }
  }
  if (plain) return std::string(text);
  if (!IsUtf8(text)) return "\"(not UTF-8)\"";
  std::string quoted;
  JsonWriter(&quoted).Text(text);
  return quoted;
}

}  // namespace orrery
