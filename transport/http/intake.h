// transport/http/intake.h
//
// One request between its head and the end of its body: what has been decided
// so far, owning everything it needs, because the head's bytes may move.

#ifndef ORRERY_TRANSPORT_HTTP_INTAKE_H_
#define ORRERY_TRANSPORT_HTTP_INTAKE_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/protocol/client.h"
#include "transport/http/batch.h"
#include "transport/http/client_answer.h"

namespace orrery {

enum class Route : uint8_t {
  kKv = 1,
  kStatus = 2,
  kRing = 3,
  kStats = 4,
  kKeys = 5,
  kHealth = 6,
  kReady = 7,
  kMetrics = 8,
  kTrace = 9,
  kTask = 10,  // What an operator asks of the storage.
  kKeyReport = 11,
  kBatch = 12,
};

enum class BodyUse : uint8_t {
  kIgnored = 1,
  kEnvelope = 2,  // JSON; may be empty for a delete.
  kRaw = 3,       // The body is the value.
};

struct Intake {
  Route route = Route::kKv;
  BodyUse body_use = BodyUse::kIgnored;
  uint64_t body_bytes_max = 0;
  ClientRequest request;
  ReplyPlan plan;
  // As given in the query; a body may add `consistency`.
  std::optional<Level> consistency;
  uint32_t r = 0;  // 0: not given.
  uint32_t w = 0;
  // kBatch: what goes to the core, instead of `request`.
  std::vector<BatchOperation> operations;
};

// A whole body.  If `owned` is not empty, `bytes` is all of it.
struct RequestBody {
  std::string_view bytes;
  Bytes owned;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_INTAKE_H_
