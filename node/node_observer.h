// node/node_observer.h
//
// NodeObserver hears an engine: notes become log lines, marks are counted, the
// end is passed on.
//
// Threading: the engine's thread; the callbacks are called from within the
// pump and must not deliver.

#ifndef ORRERY_NODE_NODE_OBSERVER_H_
#define ORRERY_NODE_NODE_OBSERVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "core/ports/observer.h"
#include "node/event_log.h"

namespace orrery {

class NodeObserver final : public Observer {
 public:
  struct Callbacks {
    std::function<void(int exit_code)> fatal;
    std::function<void()> stopped;
    // Of whoever records; absent mostly.
    std::function<void(const Event&)> event;
    std::function<void(const Event&, const Effects&)> step;
  };

  NodeObserver(EventLog& log, std::function<std::string(NodeId)> name_of,
               Callbacks callbacks)
      : log_(log),
        name_of_(std::move(name_of)),
        callbacks_(std::move(callbacks)) {}

  void OnMark(std::string_view mark) override { ++marks_[mark.data()]; }
  void OnNote(const Note& note) override {
    log_.WriteNote(note, name_of_);
    if (note.kind == Note::Kind::kFatal) {
      callbacks_.fatal(static_cast<int>(note.detail));
    }
  }
  void OnStopped() override { callbacks_.stopped(); }
  void OnEvent(const Event& event) override {
    if (callbacks_.event) callbacks_.event(event);
  }
  void OnStep(const Event& event, const Effects& effects) override {
    if (callbacks_.step) callbacks_.step(event, effects);
  }

  std::map<std::string_view, uint64_t> marks() const {
    std::map<std::string_view, uint64_t> sums;
    for (const auto& [text, count] : marks_) sums[text] += count;
    return sums;
  }

 private:
  EventLog& log_;
  std::function<std::string(NodeId)> name_of_;
  Callbacks callbacks_;
  // By the literal's address: a mark costs no hash of its text.
  absl::flat_hash_map<const char*, uint64_t> marks_;
};

}  // namespace orrery

#endif  // ORRERY_NODE_NODE_OBSERVER_H_
