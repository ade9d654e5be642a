// node/event_log.h
//
// EventLog writes what happened as one line of text per event, to stderr:
//
//   2026-11-24T10:00:00.123Z info node=a event=member_state member=b state=dead
//
// Fields are key=value; a value is quoted if it must be.  spdlog is behind
// this header alone.
//
// Threading: one thread.

#ifndef ORRERY_NODE_EVENT_LOG_H_
#define ORRERY_NODE_EVENT_LOG_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/protocol/effects.h"

namespace spdlog {
class logger;  // NOLINT(readability-identifier-naming)
}  // namespace spdlog

namespace orrery {

class EventLog {
 public:
  enum class Level : uint8_t { kInfo = 1, kWarning = 2, kError = 3 };
  using Fields = std::vector<std::pair<std::string_view, std::string>>;

  explicit EventLog(const std::string& node_id);
  ~EventLog();

  void Write(Level level, std::string_view event, const Fields& fields = {});

  // A note of the core.  `name_of` names a member; its id in hex if unknown.
  void WriteNote(const Note& note,
                 const std::function<std::string(NodeId)>& name_of);

 private:
  std::string node_id_;
  std::shared_ptr<spdlog::logger> logger_;
};

// `text` as the value of a field: quoted and escaped if it holds anything but
// plain visible characters.
std::string LogValue(std::string_view text);

}  // namespace orrery

#endif  // ORRERY_NODE_EVENT_LOG_H_
