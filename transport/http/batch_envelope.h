// transport/http/batch_envelope.h
//
// The JSON body of a batch: {"operations": [{"op": "put", "key": ..., "value":
// ..., ...}, ...], "consistency": ...}.  Read as strictly as the envelope of a
// write: only known members, each at most once, all of them strings but
// `operations`; lone surrogates and malformed UTF-8 are refused by the parser.
//
// What the texts mean, BatchRequest decides.

#ifndef ORRERY_TRANSPORT_HTTP_BATCH_ENVELOPE_H_
#define ORRERY_TRANSPORT_HTTP_BATCH_ENVELOPE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace orrery {

// As many as four connections may have in flight: enough to save round trips,
// few enough that the answer is not waited for long.
inline constexpr size_t kBatchOperationsMax = 256;

// Members as they stand; base64 is not decoded yet.
struct OperationEnvelope {
  std::optional<std::string> op;
  std::optional<std::string> key;
  std::optional<std::string> key_base64;
  std::optional<std::string> value;
  std::optional<std::string> value_base64;
  std::optional<std::string> consistency;
  std::optional<std::string> context;
  std::optional<std::string> operation;
};

struct BatchEnvelope {
  std::vector<OperationEnvelope> operations;  // 1 to kBatchOperationsMax.
  std::optional<std::string> consistency;
};

// Empty, or what is wrong, with its place: "operations[3].value: ...".
[[nodiscard]] std::string ParseBatchEnvelope(std::string_view json,
                                             BatchEnvelope* envelope);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_BATCH_ENVELOPE_H_
