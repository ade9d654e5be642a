// node/inspect_context.h
//
// What every part of `orrery inspect` shares: where findings and records go,
// how a file is opened and read, and that nothing is ever written.
//
// Threading: none.

#ifndef ORRERY_NODE_INSPECT_CONTEXT_H_
#define ORRERY_NODE_INSPECT_CONTEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/storage/header_block.h"
#include "core/storage/record.h"
#include "node/inspect_progress.h"
#include "node/inspect_report.h"
#include "node/read_only_file.h"

namespace orrery {

// A file or directory: how to open it, and how it is shown.
struct InspectedPath {
  std::string path;
  std::string name;  // Below what was asked for; "." is that itself.

  InspectedPath Child(std::string_view child) const;
};

// A user record whose checksums hold.
struct InspectedRecord {
  const std::string& file;
  uint64_t offset = 0;
  const RecordHeader& header;
  const RecordView& view;
  bool is_hint = false;  // The key begins with its target's storage id.
};

class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual void Take(const InspectedRecord& record) = 0;
};

struct InspectContext {
  InspectReport report;
  InspectProgress progress;
  RecordSink* records = nullptr;  // Null: nobody asked.
  // As IDENTITY says, if it is at hand: nothing was being written at the end.
  bool was_clean_stop = false;

  // Each adds a finding; `at` is the file.
  void Note(const InspectedPath& at, std::string what);
  void Damage(const InspectedPath& at, const ByteSpan& place, std::string what);
  void OtherFormat(const InspectedPath& at, const FileFormat& format);
  // `why` may begin with the path, which is not said twice.
  void Unreadable(const InspectedPath& at, const ByteSpan& place,
                  const absl::Status& why);

  // Nothing: it cannot be opened or read, which is a finding.
  std::optional<ReadOnlyFile> Open(const InspectedPath& at);
  std::optional<ByteBuffer> Read(const InspectedPath& at,
                                 const ReadOnlyFile& file, uint64_t offset,
                                 uint64_t length);
  // All of it, or its first `bytes_max`.
  std::optional<ByteBuffer> ReadAll(const InspectedPath& at,
                                    const ReadOnlyFile& file,
                                    uint64_t bytes_max);
};

// As the names of files have it: 16 hex digits; 32 for an id.
std::string HexText(uint64_t value);
std::string HexText(const Id128& id);

}  // namespace orrery

#endif  // ORRERY_NODE_INSPECT_CONTEXT_H_
