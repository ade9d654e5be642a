// sim/host/explain.h
//
// From a failing seed to something a person can read: each kind of failure
// once, shrunk, with the command that shows it again.

#ifndef ORRERY_SIM_HOST_EXPLAIN_H_
#define ORRERY_SIM_HOST_EXPLAIN_H_

#include <optional>
#include <string>

#include "sim/host/campaign.h"
#include "sim/host/shrink.h"

namespace orrery::sim {

// The first seed of each signature, up to a bound.
void ExplainFindings(const CampaignOptions& options,
                     const CampaignSummary& summary);

// Sentence, extent, the scenario itself if it is short, the replay command.
void PrintShrunk(const Shrunk& shrunk, const std::string& path);

// False and a message if it cannot be written.
bool WriteMinimal(const Shrunk& shrunk, const std::string& origin,
                  const std::string& path);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_EXPLAIN_H_
