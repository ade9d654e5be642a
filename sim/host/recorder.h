// sim/host/recorder.h
//
// Recorder listens to a run and fills a Recording.

#ifndef ORRERY_SIM_HOST_RECORDER_H_
#define ORRERY_SIM_HOST_RECORDER_H_

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/host/recording.h"
#include "sim/listener.h"

namespace orrery::sim {

class Recorder : public Listener {
 public:
  Recorder(uint32_t nodes, uint32_t keys, Recording* recording);

  void OnStep(Instant now, uint32_t node, const Event& event,
              const Effects& effects, uint64_t digest) override;
  void OnScenarioStep(Instant now, const Step& step) override;
  void OnNote(Instant now, uint32_t node, const Note& note) override;
  void OnSent(Instant now, const FlightView& flight) override;
  void OnArrived(Instant now, uint64_t id) override;
  void OnLost(Instant now, uint64_t id, std::string_view why) override;
  bool WantsEntries() const override { return true; }
  void OnEntries(Instant now, uint32_t node,
                 const std::vector<KeyEntry>& entries) override;

  // Of every version whose value was seen under way.
  std::vector<Recording::VersionName> Versions() const;

 private:
  struct StepRecorder;

  // A conversation: its answers do not say which key they are about.
  struct Talk {
    uint32_t node = 0;  // Whose handle it is.
    uint32_t slot = 0;
    uint32_t gen = 0;
    friend auto operator<=>(const Talk&, const Talk&) = default;
  };

  std::optional<uint32_t> KeyOf(uint32_t node, const Event& event);
  std::optional<uint32_t> KeyOfMessage(uint32_t owner_of_answers,
                                       const PeerMessage& message);
  void NoteVersions(const Object& object);
  void Begin(std::string_view kind, uint32_t node, Instant now);
  void End(std::string_view kind, uint32_t node, Instant now);
  void Break(std::string_view kind, const Link& link, Instant now);
  void Mend(const std::optional<Link>& link, Instant now);

  uint32_t nodes_;
  Recording* recording_;
  std::map<uint64_t, uint32_t> key_of_token_;
  std::map<Talk, uint32_t> talks_;
  std::map<uint64_t, std::string> named_;
  std::vector<std::deque<uint64_t>> arrived_;  // Per node, not yet received.
  std::vector<std::optional<uint32_t>> last_event_;  // Per node.
  std::vector<std::map<uint32_t, uint64_t>> held_;   // Per node, by key.
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_RECORDER_H_
