// node/inspect_records.h
//
// Prints records while they are read: all of them, or those of one key.
//
// Memory: none to speak of, however many there are.

#ifndef ORRERY_NODE_INSPECT_RECORDS_H_
#define ORRERY_NODE_INSPECT_RECORDS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "node/inspect_context.h"

namespace orrery {

class RecordPrinter final : public RecordSink {
 public:
  struct Options {
    bool json = false;
    std::optional<std::string> key;  // Only its records.
  };
  RecordPrinter(Options options, InspectProgress& progress);

  void Take(const InspectedRecord& record) override;
  // After the last one.
  void Finish();

 private:
  void PrintRow(const InspectedRecord& record, std::string_view key);
  void PrintJson(const InspectedRecord& record, std::string_view key);

  const Options options_;
  InspectProgress& progress_;
  uint64_t printed_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_NODE_INSPECT_RECORDS_H_
