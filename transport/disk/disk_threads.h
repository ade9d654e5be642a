// transport/disk/disk_threads.h
//
// A few threads that take the most urgent job first.  One of them takes only
// commits, so that a scrub or a slow read never stands before a sync.
//
// Threading: Add from any thread; jobs run on the pool's threads, several at
// once, in no promised order.  The destructor waits for the jobs that run and
// drops those that wait.

#ifndef ORRERY_TRANSPORT_DISK_DISK_THREADS_H_
#define ORRERY_TRANSPORT_DISK_DISK_THREADS_H_

#include <array>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "core/protocol/disk.h"

namespace orrery {

class DiskThreads {
 public:
  using Job = std::function<void()>;

  // REQUIRES: threads >= 2.
  explicit DiskThreads(size_t threads);
  ~DiskThreads();
  DiskThreads(const DiskThreads&) = delete;
  DiskThreads& operator=(const DiskThreads&) = delete;

  void Add(DiskPriority priority, Job job);

 private:
  static constexpr size_t kPriorities = 4;

  // Takes jobs of the first `priorities` classes until stopped.
  void Work(size_t priorities);
  bool TakeJob(size_t priorities, Job* job);

  std::mutex mutex_;
  std::condition_variable commit_added_;
  std::condition_variable job_added_;
  bool stopping_ = false;
  std::array<std::deque<Job>, kPriorities> waiting_;
  std::vector<std::thread> threads_;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_DISK_DISK_THREADS_H_
