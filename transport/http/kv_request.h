// transport/http/kv_request.h
//
// Makes a ClientRequest of an HTTP request for /kv/{key}, /admin/keys,
// /admin/key or what an operator asks of the storage: everything a user may say
// there, each thing checked once (CONTRACT section 3).  Whatever is not
// understood is refused, never ignored.

#ifndef ORRERY_TRANSPORT_HTTP_KV_REQUEST_H_
#define ORRERY_TRANSPORT_HTTP_KV_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "transport/http/answer.h"
#include "transport/http/intake.h"
#include "transport/http/request_head.h"
#include "transport/http/target.h"

namespace orrery {

// A self-chosen operation id; a UUID has 36.
inline constexpr size_t kOperationIdBytesMax = 256;

struct KvLimits {
  uint32_t replication = 3;  // N: the highest r and w.
  size_t value_bytes_max = 1 << 20;
};

// All return false with `refusal` filled, or true.

// What the head decides.  REQUIRES: target.path begins with "/kv/".
[[nodiscard]] bool OpenKvRequest(const RequestHead& head, const Target& target,
                                 const KvLimits& limits, Intake* intake,
                                 Answer* refusal);
// What the body adds.
[[nodiscard]] bool FinishKvRequest(const RequestBody& body,
                                   const KvLimits& limits, Intake* intake,
                                   Answer* refusal);

// Of the head of a batch: what it may say for all its operations.
[[nodiscard]] bool OpenKvOptions(const RequestHead& head, const Target& target,
                                 const KvLimits& limits, Intake* intake,
                                 Answer* refusal);
// Of one operation of a batch: what a single request says in its query or
// headers.  `intake` has the verb and what was said for all.
struct KvTexts {
  const std::optional<std::string>& consistency;
  const std::optional<std::string>& context;
  const std::optional<std::string>& operation;
};
enum class WrongKvText : uint8_t {
  kNone = 0,
  kConsistency = 1,
  kContext = 2,
  kOperation = 3,
  kLevels = 4,  // Consistency and r or w disagree.
};
[[nodiscard]] WrongKvText TakeKvTexts(const KvTexts& texts,
                                      const KvLimits& limits, Intake* intake);

[[nodiscard]] bool OpenKeysRequest(const Target& target, Intake* intake,
                                   Answer* refusal);
[[nodiscard]] bool OpenInspectRequest(const Target& target, Intake* intake,
                                      Answer* refusal);
// A snapshot that has no name gets that of this moment.
// REQUIRES: IsForStorage(verb).
[[nodiscard]] bool OpenTaskRequest(ClientVerb verb, const Target& target,
                                   Intake* intake, Answer* refusal);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_KV_REQUEST_H_
