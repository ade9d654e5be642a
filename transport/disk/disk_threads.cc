#include "transport/disk/disk_threads.h"

#include <utility>

#include "core/base/invariant.h"

namespace orrery {

DiskThreads::DiskThreads(size_t threads) {
  ORRERY_INVARIANT(threads >= 2);
  threads_.emplace_back([this] { Work(1); });
  while (threads_.size() < threads) {
    threads_.emplace_back([this] { Work(kPriorities); });
  }
}

DiskThreads::~DiskThreads() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  commit_added_.notify_all();
  job_added_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void DiskThreads::Add(DiskPriority priority, Job job) {
  {
    const std::lock_guard lock(mutex_);
    waiting_[static_cast<size_t>(priority)].push_back(std::move(job));
  }
  if (priority == DiskPriority::kCommit) commit_added_.notify_one();
  job_added_.notify_one();
}

void DiskThreads::Work(size_t priorities) {
  std::condition_variable& added = priorities == 1 ? commit_added_ : job_added_;
  Job job;
  std::unique_lock lock(mutex_);
  while (true) {
    added.wait(lock, [&] { return stopping_ || TakeJob(priorities, &job); });
    if (stopping_) return;
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

bool DiskThreads::TakeJob(size_t priorities, Job* job) {
  for (size_t i = 0; i < priorities; ++i) {
    if (waiting_[i].empty()) continue;
    *job = std::move(waiting_[i].front());
    waiting_[i].pop_front();
    return true;
  }
  return false;
}

}  // namespace orrery
