// Catalogue C8.  Recovery from a data file, or a manifest, of arbitrary bytes
// (I12): it ends, nothing it gives was not written as a whole record, every
// entry it holds can be read, and recovering again gives the same.
//
// Of the first byte, bit 0 says which file the rest replaces (behind its header
// block), bit 1 whether the machine restarted, bit 2 sync_writes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/invariant.h"
#include "core/storage/store.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

constexpr size_t kHeaderBytes = 4096;

// A store that crashed with one unsealed file.
const MemoryDisk& Prepared(bool sync_writes) {
  const auto make = [](bool synced) {
    MemoryDisk disk(1);
    disk.set_in_order(true);
    Store::Options options = SmallStore();
    options.sync_writes = synced;
    StoreDriver driver(disk, options);
    driver.StartAndRecover();
    driver.ReplyTo(driver.Put("key", "value"));
    driver.Settle();
    disk.CrashProcess();
    return disk.Clone();
  };
  static const MemoryDisk* const kUnsynced = new MemoryDisk(make(false));
  static const MemoryDisk* const kSynced = new MemoryDisk(make(true));
  return sync_writes ? *kSynced : *kUnsynced;
}

void Replace(MemoryDisk& disk, bool manifest, const std::string& rest) {
  for (const std::string& path : disk.Paths()) {
    const bool is_manifest = path.find("MANIFEST") != std::string::npos;
    if (is_manifest != manifest) continue;
    disk.SetContent(path, disk.Content(path).substr(0, kHeaderBytes) + rest);
  }
}

using Content = std::vector<std::pair<std::string, std::string>>;

Content ReadAll(StoreDriver& driver) {
  Content content;
  std::vector<Store::Entry> entries;
  uint64_t next = 0;
  driver.store().Walk(0, 0, SIZE_MAX, &entries, &next);
  for (const Store::Entry& entry : entries) {
    constexpr uint32_t kTicket = 0xffffff;
    driver.Do([&](Turn& turn) {
      driver.store().GetAt({.part = kTicket, .handle = {}}, entry.token,
                           entry.digest, turn);
    });
    const StoreReply reply = driver.ReplyTo(kTicket);
    ORRERY_INVARIANT(reply.status == StoreStatus::kOk ||
                     reply.status == StoreStatus::kDeleted);
    content.emplace_back(reply.key, std::string(reply.value.text()));
  }
  return content;
}

void Run(uint8_t choice, const std::string& rest) {
  Store::Options options = SmallStore();
  options.sync_writes = (choice & 4) != 0;
  MemoryDisk disk = Prepared(options.sync_writes).Clone();
  disk.set_in_order(true);
  Replace(disk, (choice & 1) != 0, rest);
  StoreDriver driver(disk, options);
  driver.StartAndRecover((choice & 2) != 0);
  if (driver.store().IsFailed()) return;
  const Content first = ReadAll(driver);
  const bool was_suspect = driver.store().IsSuspect();

  disk.CrashProcess();
  driver.StartAndRecover();

  ORRERY_INVARIANT(driver.store().IsOpen());
  ORRERY_INVARIANT(driver.store().IsSuspect() || !was_suspect);
  ORRERY_INVARIANT(ReadAll(driver) == first);
  const StoreReply put = driver.ReplyTo(driver.Put("new", "record"));
  ORRERY_INVARIANT(put.status == StoreStatus::kOk);
  ORRERY_INVARIANT(driver.ValueOf("new") == "record");
}

}  // namespace
}  // namespace orrery

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  orrery::Run(data[0],
              std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  return 0;
}
