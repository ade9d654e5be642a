// Writes seeds for log_recovery_fuzz into the directory given: what real
// stores leave behind their header blocks when they crash.

#include <cstdio>
#include <string>

#include "core/storage/store.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

void WriteSeed(const std::string& path, uint8_t choice,
               const std::string& bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return;
  std::fputc(choice, file);
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
}

void WriteSeeds(const std::string& directory, bool sync_writes) {
  MemoryDisk disk(1);
  disk.set_in_order(true);
  Store::Options options = SmallStore();
  options.sync_writes = sync_writes;
  StoreDriver driver(disk, options);
  driver.StartAndRecover();
  for (int i = 0; i < 4; ++i) {
    driver.ReplyTo(driver.Put("k" + std::to_string(i % 3),
                              std::string(static_cast<size_t>(30 * i), 'v')));
  }
  driver.ReplyTo(driver.Delete("k1"));
  driver.Advance(kSecond);
  const std::string mode = sync_writes ? "synced" : "unsynced";
  const auto sync_bit = static_cast<uint8_t>(sync_writes ? 4 : 0);
  for (const std::string& path : disk.Paths()) {
    std::string rest = disk.Content(path).substr(4096);
    while (!rest.empty() && rest.back() == '\0') rest.pop_back();
    if (path.find("MANIFEST") != std::string::npos) {
      WriteSeed(directory + "/" + mode + "_manifest", sync_bit | 1, rest);
      continue;
    }
    WriteSeed(directory + "/" + mode + "_whole", sync_bit, rest);
    WriteSeed(directory + "/" + mode + "_torn", sync_bit | 2,
              rest.substr(0, rest.size() * 2 / 3));
    std::string damaged = rest;
    damaged[damaged.size() / 2] ^= 1;
    WriteSeed(directory + "/" + mode + "_damaged", sync_bit, damaged);
  }
}

}  // namespace
}  // namespace orrery

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  orrery::WriteSeeds(argv[1], false);
  orrery::WriteSeeds(argv[1], true);
  return 0;
}
