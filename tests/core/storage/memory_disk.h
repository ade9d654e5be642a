// tests/core/storage/memory_disk.h
//
// A disk in memory with two images: what the process sees, and what survives a
// power loss.  Operations wait until Perform picks one, in any order; a crash
// leaves those in flight done, undone, or half done.
//
// Power loss: each dirty page independently old, new, or mixed at 512 bytes;
// sizes and directory entries independently.  A synced byte never changes.

#ifndef ORRERY_TESTS_CORE_STORAGE_MEMORY_DISK_H_
#define ORRERY_TESTS_CORE_STORAGE_MEMORY_DISK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/prng.h"
#include "core/protocol/disk.h"

namespace orrery {

class MemoryDisk {
 public:
  explicit MemoryDisk(uint64_t seed) : prng_(seed) {}

  void Submit(DiskEffect effect);
  bool IsIdle() const { return pending_.empty(); }
  size_t pending() const { return pending_.size(); }
  // Performs one operation in flight: any, or the oldest.
  DiskDone Perform();
  void set_in_order(bool in_order) { in_order_ = in_order; }

  void CrashProcess();
  void LosePower();

  // Faults.
  void FailNextSync(DiskError error) { fail_sync_ = error; }
  void FailNextWrite(DiskError error) { fail_write_ = error; }
  void set_capacity(uint64_t bytes) { capacity_ = bytes; }
  void set_short_writes(bool on) { short_writes_ = on; }
  void FailReads(const std::string& path, bool on) { failing_[path] = on; }

  // Looking and meddling from outside.
  std::vector<std::string> Paths() const;
  std::vector<std::string> PathsEndingWith(const std::string& suffix) const;
  std::string Content(const std::string& path) const;
  void SetContent(const std::string& path, const std::string& content);
  void Remove(const std::string& path) { names_.erase(path); }
  void MakeDirectory(const std::string& path);
  // The same files, independent of this disk's; nothing in flight or open.
  MemoryDisk Clone() const;
  void FlipBit(const std::string& path, uint64_t byte, int bit);
  uint64_t operations() const { return operations_; }

 private:
  struct Inode {
    bool is_directory = false;
    uint64_t number = 0;
    std::string data;
    std::string durable;
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  // One atomic change of names, not yet synced in its directory.
  struct NameChange {
    std::string removed;
    std::string added;
    std::shared_ptr<Inode> inode;
  };

  static std::string ParentOf(const std::string& path);
  std::shared_ptr<Inode> Find(const std::string& path) const;
  DiskDone Run(const DiskEffect& effect);
  void Open(const DiskEffect& effect, DiskDone& done);
  void Write(const DiskEffect& effect, DiskDone& done, uint64_t limit);
  uint64_t UsedBytes() const;
  void Change(NameChange change);
  static void Apply(const NameChange& change, Names& names);
  void LosePages(Inode& inode);

  Prng prng_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> changes_;
  std::map<uint32_t, std::shared_ptr<Inode>> open_;
  std::map<uint32_t, std::string> open_paths_;
  std::map<std::string, bool> failing_;
  std::vector<DiskEffect> pending_;
  bool in_order_ = false;
  bool short_writes_ = false;
  uint64_t capacity_ = UINT64_MAX;
  std::optional<DiskError> fail_sync_;
  std::optional<DiskError> fail_write_;
  bool is_locked_ = false;
  uint64_t next_inode_ = 1;
  uint64_t operations_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_STORAGE_MEMORY_DISK_H_
