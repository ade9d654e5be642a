// sim/host/checkpoint.h
//
// Checkpoint is what a campaign has come to, as a file: after Ctrl-C, or after
// the machine went down, `--resume` goes on where it stood.
//
// It is written whole to a new file that then takes the old one's place, so a
// reader finds one that is complete.  A checkpoint of another range, profile or
// program is refused: its sums would not be of one campaign.

#ifndef ORRERY_SIM_HOST_CHECKPOINT_H_
#define ORRERY_SIM_HOST_CHECKPOINT_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "sim/host/campaign.h"

namespace orrery::sim {

struct Checkpoint {
  CampaignSummary summary;
  uint64_t next_seed = 0;    // Every seed before it is done.
  std::set<uint64_t> ahead;  // Done as well.
};

std::string EncodeCheckpoint(const CampaignOptions& options,
                             const Checkpoint& checkpoint);
// Or what is wrong with it, as one line.
std::variant<Checkpoint, std::string> DecodeCheckpoint(
    const CampaignOptions& options, std::string_view text);

std::string CheckpointPath(const CampaignOptions& options);
// False if it cannot be written.
bool SaveCheckpoint(const CampaignOptions& options,
                    const Checkpoint& checkpoint);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_CHECKPOINT_H_
