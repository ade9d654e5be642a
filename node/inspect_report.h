// node/inspect_report.h
//
// What `orrery inspect` found: the files, what each says of itself, and what is
// wrong or worth knowing, with its place.
//
// Invariants:
//   IRP-1  At most kFindingsMax findings are kept; all are counted.
//
// Threading: none.  Memory: a line for each file, and the findings.

#ifndef ORRERY_NODE_INSPECT_REPORT_H_
#define ORRERY_NODE_INSPECT_REPORT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace orrery {

// A disk whose every second record is bad has millions.
inline constexpr size_t kFindingsMax = 10'000;

struct Finding {
  enum class Kind : uint8_t {
    kNote = 0,         // Nothing is wrong.
    kDamage = 1,       // Bytes are missing, or are not those that were written.
    kUnreadable = 2,   // The system gives an error.
    kOtherFormat = 3,  // Of a format that this program does not know.
  };
  Kind kind = Kind::kNote;
  std::string file;
  uint64_t offset = 0;
  uint64_t bytes = 0;  // 0: the place says nothing.
  std::string what;
};

struct Fact {
  std::string name;  // Lower case, words joined by '_'.
  std::variant<uint64_t, std::string> value;
};

struct InspectedFile {
  std::string path;
  std::string kind;  // As docs/disk-format.md calls it.
  uint64_t size = 0;
  std::vector<Fact> facts;

  void Say(std::string_view name, uint64_t number);
  void Say(std::string_view name, std::string text);
};

class InspectReport {
 public:
  void AddFile(InspectedFile file) { files_.push_back(std::move(file)); }
  void Add(Finding finding);

  size_t CountOf(Finding::Kind kind) const {
    return counts_[static_cast<size_t>(kind)];
  }
  // Nothing is damaged, unreadable or of another format.
  bool IsWhole() const;
  const std::vector<InspectedFile>& files() const { return files_; }
  const std::vector<Finding>& findings() const { return findings_; }

  // The whole of it, for people.
  std::string Text() const;
  // Members of a JSON object, without its braces.
  std::string JsonMembers() const;

 private:
  std::string Verdict() const;

  std::vector<InspectedFile> files_;
  std::vector<Finding> findings_;
  std::array<size_t, 4> counts_{};
  uint64_t damaged_bytes_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_NODE_INSPECT_REPORT_H_
