#include "core/quorum/read_repair.h"

#include "core/version/causal_context.h"
#include "core/version/object_merge.h"

namespace orrery {

namespace {

const Sibling* FirstValue(const Object& object) {
  for (const Sibling& sibling : object.siblings) {
    if (!sibling.tombstone) return &sibling;
  }
  return nullptr;
}

// M8: a write that was repeated through another coordinator has several dots;
// the first that ranks stands for all.
bool IsShownByAnEarlier(const Object& object, const Sibling& sibling) {
  if (sibling.operation.IsZero()) return false;
  for (const Sibling& earlier : object.siblings) {
    if (&earlier == &sibling) return false;
    if (!earlier.tombstone && earlier.operation == sibling.operation) {
      return true;
    }
  }
  return false;
}

// Nothing if `first` is the only value: nearly always.
void FillSiblings(const Object& object, const Sibling& first, ReadDone* done) {
  for (const Sibling& sibling : object.siblings) {
    if (sibling.tombstone || &sibling == &first) continue;
    if (IsShownByAnEarlier(object, sibling)) continue;
    if (done->siblings.empty()) {
      done->siblings.push_back({first.stamp, first.value});
    }
    done->siblings.push_back({sibling.stamp, sibling.value});
  }
}

}  // namespace

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
  const Sibling* first = FirstValue(object);
  if (first == nullptr) {
    done.deleted = !object.siblings.empty();
    done.version = TopStamp(object);
    return done;
  }
  done.found = true;
  done.version = first->stamp;
  done.value = first->value;
  FillSiblings(object, *first, &done);
  return done;
}

}  // namespace orrery
