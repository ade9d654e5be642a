// bench/raw_file.h
//
// The disk without a store: plain loops of pwrite, fdatasync and pread.  Every
// error ends the program with a sentence.

#ifndef ORRERY_BENCH_RAW_FILE_H_
#define ORRERY_BENCH_RAW_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bench/measurement.h"

namespace orrery::bench {

[[noreturn]] void Fail(const std::string& what);

// A new file, written from its beginning.  Removed with the object.
class RawFile {
 public:
  explicit RawFile(const std::string& path);
  ~RawFile();
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  // As the store does before it writes: blocks and size ahead of the data.
  void Allocate(uint64_t bytes) const;
  // REQUIRES: 0 < bytes.
  void Append(uint64_t bytes);
  void Sync() const;

 private:
  std::string path_;
  int fd_;
  uint64_t end_ = 0;
};

// The regular files below `directory` whose names end so.
std::vector<std::string> FilesIn(const std::string& directory,
                                 const std::string& suffix);
// Reads each from its beginning to its end, `piece` bytes at a time; the bytes.
uint64_t ReadWhole(const std::vector<std::string>& paths, uint64_t piece);
// Takes what is clean of them out of the page cache.
void DropCache(const std::vector<std::string>& paths);
uint64_t BytesOf(const std::vector<std::string>& paths);
// Blocks that are really taken.
uint64_t AllocatedBytesOf(const std::vector<std::string>& paths);

}  // namespace orrery::bench

#endif  // ORRERY_BENCH_RAW_FILE_H_
