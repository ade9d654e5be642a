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
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/prng.h"
#include "core/protocol/disk.h"

namespace orrery {

class MemoryDisk {
 public:
  explicit MemoryDisk(uint64_t seed) : prng_(seed) {}

  void Submit(DiskEffect effect);
  // Nothing is in flight but what is held.
  bool IsIdle() const { return NextOf(0) == pending_.size(); }
  size_t pending() const { return pending_.size(); }
  // Performs one operation in flight: any, or the oldest.
  DiskDone Perform();
  void set_in_order(bool in_order) { in_order_ = in_order; }

  void CrashProcess();
  void LosePower();

  // What a power loss decides piece by piece, in one order: each change of a
  // name that no sync of its directory covers, then for each file its size and
  // every sector that differs from what was synced.
  size_t UnsyncedPieces() const;
  // Pages with such a sector: a power loss may leave garbage in all of one.
  size_t UnsyncedPages() const;
  // A power loss that the pieces for which `keeps` is true survive, and that
  // fills page `garbage` of UnsyncedPages().  What is in flight never happened.
  using Keeps = std::function<bool(size_t piece)>;
  void LosePowerBut(const Keeps& keeps, std::optional<size_t> garbage = {});
  // All of the disk but what is in flight or open.
  MemoryDisk Fork() const;
  // Called when an operation has taken effect, before anyone knows.
  void set_after_operation(std::function<void(const DiskEffect&)> call) {
    after_operation_ = std::move(call);
  }
  // Where choices come from instead of the seed: a number below the bound.
  void set_choices(std::function<uint64_t(uint64_t bound)> choices) {
    choices_ = std::move(choices);
  }

  // Faults.
  // What stays in flight for as long as this is true of it; a crash ends it.
  void set_holds(std::function<bool(const DiskEffect&)> holds) {
    holds_ = std::move(holds);
  }
  void FailNextSync(DiskError error) { fail_sync_ = error; }
  void FailNextWrite(DiskError error) { fail_write_ = error; }
  void FailNextCreate(DiskError error) { fail_create_ = error; }
  void FailNextRename(DiskError error) { fail_rename_ = error; }
  // Each open of what is there; kNone: as before.
  void FailOpens(const std::string& path, DiskError error) {
    fail_opens_[path] = error;
  }
  void set_capacity(uint64_t bytes) { capacity_ = bytes; }
  // What kSpace says of the whole disk; 0: that it cannot tell.
  void set_total(uint64_t bytes) { total_ = bytes; }
  uint64_t UsedBytes() const;
  void set_short_writes(bool on) { short_writes_ = on; }
  void FailNextLink(DiskError error) { fail_link_ = error; }
  void FailReads(const std::string& path, bool on) { failing_[path] = on; }
  // The page at `offset` is bad: a read is short before it, and fails in it.
  void FailReadsAt(const std::string& path, uint64_t offset) {
    bad_pages_[path] = offset / 4096 * 4096;
  }

  // Looking and meddling from outside.
  std::vector<std::string> Paths() const;
  std::vector<std::string> PathsEndingWith(const std::string& suffix) const;
  std::string Content(const std::string& path) const;
  void SetContent(const std::string& path, const std::string& content);
  void Remove(const std::string& path) { names_.erase(path); }
  void MakeDirectory(const std::string& path);
  void SetInode(const std::string& path, uint64_t number) {
    Find(path)->number = number;
  }
  // The same files, independent of this disk's; nothing in flight or open.
  MemoryDisk Clone() const;
  // What is in a directory, as a disk of its own: copied, or the directory
  // itself moved there.
  MemoryDisk CopyOf(const std::string& directory) const;
  MemoryDisk MovedFrom(const std::string& directory) const;
  bool Exists(const std::string& path) const { return names_.contains(path); }
  // Both names are there, and mean one file.
  bool AreLinked(const std::string& a, const std::string& b) const {
    return Find(a) != nullptr && Find(a) == Find(b);
  }
  void FlipBit(const std::string& path, uint64_t byte, int bit);
  uint64_t operations() const { return operations_; }

 private:
  struct Inode {
    bool is_directory = false;
    uint64_t number = 0;
    std::string data;
    std::string durable;
    uint64_t synced_by = 0;  // Number of the newest sync that was done.
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  // One atomic change of names, not yet synced in its directory.  Of a
  // directory that is renamed, what is in it goes with it.
  struct NameChange {
    std::string removed;
    std::string added;
    std::shared_ptr<Inode> inode;
  };

  // A sync covers what the file held when it was submitted.
  struct Pending {
    DiskEffect effect;
    uint64_t number = 0;
    std::string content;
  };

  // The first from there on that is not held; none: pending().
  size_t NextOf(size_t from) const;
  bool IsHeld(const Pending& operation) const;
  void Read(const DiskEffect& effect, DiskDone& done);
  static std::string ParentOf(const std::string& path);
  std::shared_ptr<Inode> Find(const std::string& path) const;
  DiskDone Run(const Pending& operation);
  size_t BeforeClose(size_t i) const;
  bool IsDirectory(const std::string& path) const;
  bool IsEmpty(const std::string& directory) const;
  void Open(const DiskEffect& effect, DiskDone& done);
  DiskError RefusalOfRename(const DiskEffect& effect) const;
  void Rename(const DiskEffect& effect, DiskDone& done);
  void Link(const DiskEffect& effect, DiskDone& done);
  void Write(const DiskEffect& effect, DiskDone& done, uint64_t limit);
  void Change(NameChange change);
  static void Apply(const NameChange& change, Names& names);
  void LosePages(Inode& inode);
  void ForgetProcess();
  // What lay in a directory that is gone is gone with it.
  void DropOrphans();
  std::map<uint64_t, Inode*> Files() const;
  // Counts on from `piece`.
  static void LosePieces(Inode& inode, const Keeps& keeps, size_t* piece);
  static std::vector<size_t> UnsyncedPagesOf(const Inode& inode);
  uint64_t Below(uint64_t bound) {
    return choices_ ? choices_(bound) : prng_.Below(bound);
  }
  bool Chance(uint32_t num, uint32_t den) {
    return choices_ ? choices_(den) < num : prng_.Chance(num, den);
  }

  Prng prng_;
  std::function<uint64_t(uint64_t)> choices_;
  std::function<void(const DiskEffect&)> after_operation_;
  std::function<bool(const DiskEffect&)> holds_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> changes_;
  std::map<uint32_t, std::shared_ptr<Inode>> open_;
  std::map<uint32_t, std::string> open_paths_;
  std::map<std::string, bool> failing_;
  std::map<std::string, uint64_t> bad_pages_;
  std::vector<Pending> pending_;
  uint64_t submitted_ = 0;
  bool in_order_ = false;
  bool short_writes_ = false;
  uint64_t capacity_ = UINT64_MAX;
  uint64_t total_ = uint64_t{1} << 40;
  std::optional<DiskError> fail_sync_;
  std::optional<DiskError> fail_write_;
  std::set<std::string> locks_;
  std::optional<DiskError> fail_link_;
  std::optional<DiskError> fail_create_;
  std::optional<DiskError> fail_rename_;
  std::map<std::string, DiskError> fail_opens_;
  uint64_t next_inode_ = 1;
  uint64_t operations_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_STORAGE_MEMORY_DISK_H_
