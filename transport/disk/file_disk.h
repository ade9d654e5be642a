// transport/disk/file_disk.h
//
// FileDisk performs the disk's operations on a real data directory.  What the
// page cache can do at once is done inside Submit (writes, cached reads); what
// may wait for the device runs on a few threads.  Every completion is delivered
// later, from the event loop, those of one turn together.
//
// It knows no file format and retries nothing.  Long unsynced writing is pushed
// towards the device every kWriteBackBytes, off the loop: otherwise the kernel
// does it when it must, and stalls the writer.
//
// Errors a caller meets are DiskErrors on the completion.  A path outside the
// directory is kPermission; an operation on a file number that is not open is
// kOther.
//
// Threading: constructed, called, and destroyed on the event loop's thread; the
// io_context outlives it and is kept running by its owner.  Cost: a write or a
// cached read is one system call on the loop; the rest adds two hand-offs.

#ifndef ORRERY_TRANSPORT_DISK_FILE_DISK_H_
#define ORRERY_TRANSPORT_DISK_FILE_DISK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "core/ports/disk.h"
#include "transport/disk/disk_operation.h"
#include "transport/disk/disk_threads.h"

namespace orrery {

class FileDisk final : public DiskPort {
 public:
  using Deliver = std::function<void(DiskDone)>;

  // Dirty bytes of one file after which write-back is started.
  static constexpr uint64_t kWriteBackBytes = 8 << 20;
  // A longer read would hold up the loop even from the page cache.
  static constexpr uint64_t kInlineReadBytesMax = 256 << 10;

  struct Options {
    std::string directory;  // Made, mode 0700, if it is missing.
    size_t threads = 4;     // One of them for commits alone.
  };

  // Errors: what mkdir and open say of the directory, with its name.
  static absl::StatusOr<std::unique_ptr<FileDisk>> Open(
      boost::asio::io_context& loop, const Options& options, Deliver deliver);

  // Waits for operations that run; drops the rest, undelivered.
  ~FileDisk() override;

  void Submit(DiskEffect effect) override;

  // Submitted and not delivered.
  size_t in_flight() const { return operations_.size(); }
  // Reads so far that the loop did not answer from the page cache.
  uint64_t threaded_reads() const { return threaded_reads_; }

 private:
  struct OpenFile {
    int fd = -1;
    uint32_t running = 0;            // Operations on the threads.
    DiskOperation* close = nullptr;  // Waits until nothing runs.
    bool closing = false;
    // Written and not yet pushed to the device: [dirty_from, dirty_to).
    uint64_t dirty_bytes = 0;
    uint64_t dirty_from = 0;
    uint64_t dirty_to = 0;
    bool writing_back = false;
  };

  FileDisk(boost::asio::io_context& loop, int directory, size_t threads,
           Deliver deliver);

  void Start(DiskOperation& operation);
  void StartRead(DiskOperation& operation);
  void StartWrite(OpenFile& file, DiskOperation& operation);
  void StartClose(OpenFile& file, DiskOperation& operation);
  void NoteWritten(OpenFile& file, const DiskOperation& operation);
  void StartWriteBack(FileNumber number, OpenFile& file);
  void RunOnThread(DiskOperation& operation);
  OpenFile* FileOf(const DiskOperation& operation);

  void Complete(DiskOperation& operation);
  void FailWith(DiskOperation& operation, DiskError error);
  void PostDelivery();
  void DeliverReady();
  void Settle(DiskOperation& operation);
  void Remember(DiskOperation& operation);
  void CloseIfIdle(OpenFile& file);

  boost::asio::io_context& loop_;
  int directory_;
  Deliver deliver_;
  absl::flat_hash_map<uint32_t, OpenFile> files_;
  std::vector<int> locks_;
  // Everything submitted and not delivered, by its address.
  absl::flat_hash_map<DiskOperation*, std::unique_ptr<DiskOperation>>
      operations_;
  std::vector<DiskOperation*> ready_;  // Completed on the loop.
  bool delivery_posted_ = false;
  uint64_t threaded_reads_ = 0;

  std::mutex mutex_;  // Guards what threads completed.
  std::vector<DiskOperation*> thread_ready_;
  std::vector<FileNumber> written_back_;

  std::shared_ptr<FileDisk*> self_;  // Expires before posted handlers run.
  std::unique_ptr<DiskThreads> threads_;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_DISK_FILE_DISK_H_
