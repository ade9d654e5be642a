#include "core/quorum/read_repair.h"

#include "core/version/causal_context.h"
#include "core/version/object_merge.h"

namespace orrery {

bool PromisesMonotonicity(const QuorumSets& sets) {
  for (const QuorumSet& set : sets) {
    const auto size = static_cast<uint32_t>(set.owners.size());
    if (set.required < MajorityOf(size)) return false;
  }
  return true;
}

QuorumSets RepairSets(const QuorumSets& sets) {
  QuorumSets repair = sets;
  for (QuorumSet& set : repair) {
    set.required = HoldersRequired(static_cast<uint32_t>(set.owners.size()));
  }
  return repair;
}

ReadDone ReadDoneOf(const ClusterId& cluster, std::string_view key,
                    const Object& object) {
  ReadDone done;
  if (object.IsEmpty()) return done;
  done.context = SealContext(cluster, key, SeenOf(object));
  for (const Sibling& sibling : object.siblings) {
    if (sibling.tombstone) continue;
    done.found = true;
    done.version = sibling.stamp;
    done.value = sibling.value;
    return done;
  }
  done.deleted = !object.siblings.empty();
  done.version = TopStamp(object);
  return done;
}

}  // namespace orrery
