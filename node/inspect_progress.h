// node/inspect_progress.h
//
// How far `orrery inspect` has come: one line on standard error that rewrites
// itself, if that is a terminal and it takes longer than a moment.

#ifndef ORRERY_NODE_INSPECT_PROGRESS_H_
#define ORRERY_NODE_INSPECT_PROGRESS_H_

#include <cstdint>

namespace orrery {

class InspectProgress {
 public:
  InspectProgress();
  ~InspectProgress();
  InspectProgress(const InspectProgress&) = delete;
  InspectProgress& operator=(const InspectProgress&) = delete;

  void Expect(uint64_t bytes) { total_ += bytes; }
  void Advance(uint64_t bytes);
  // Before anything is printed to standard output.
  void Clear();

 private:
  const bool terminal_;
  uint64_t total_ = 0;
  uint64_t done_ = 0;
  int64_t shown_ms_;
  bool visible_ = false;
};

}  // namespace orrery

#endif  // ORRERY_NODE_INSPECT_PROGRESS_H_
