#include "core/membership/replay_guard.h"

#include "core/base/hash.h"
#include "core/protocol/limits.h"

namespace orrery {

bool ReplayGuard::IsNew(const DatagramHeader& header) {
  const auto found = senders_.find(header.from);
  if (found == senders_.end() && senders_.size() >= kMembersMax) return true;
  Sender& sender = senders_[header.from];
  if (sender.generation < header.generation) {
    sender = {.generation = header.generation,
              .boot_salt = header.boot_salt,
              .highest = header.seq};
    sender.heard.set(header.seq % kReplayWindow);
    return true;
  }
  const bool is_another = sender.generation != header.generation ||
                          sender.boot_salt != header.boot_salt;
  if (is_another) return true;

  const auto ahead = static_cast<int32_t>(header.seq - sender.highest);
  if (ahead > 0) {
    // The numbers between have not been heard; the slots are others' still.
    if (static_cast<uint32_t>(ahead) >= kReplayWindow) {
      sender.heard.reset();
    } else {
      for (uint32_t s = sender.highest + 1; s != header.seq; ++s) {
        sender.heard.reset(s % kReplayWindow);
      }
    }
    sender.highest = header.seq;
    sender.heard.set(header.seq % kReplayWindow);
    return true;
  }
  if (ahead <= -static_cast<int32_t>(kReplayWindow)) return false;
  const uint32_t slot = header.seq % kReplayWindow;
  if (sender.heard.test(slot)) return false;
  sender.heard.set(slot);
  return true;
}

uint64_t ReplayGuard::StateDigest() const {
  Hasher hasher;
  for (const auto& [id, sender] : senders_) {
    hasher.Add(id.value);
    hasher.Add(sender.generation);
    hasher.Add(sender.highest);
  }
  return hasher.Value();
}

}  // namespace orrery
