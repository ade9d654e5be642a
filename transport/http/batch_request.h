// transport/http/batch_request.h
//
// Makes the operations of a batch of an HTTP request for /kv:batch.  All of
// them are checked before the first one is begun: what is not understood
// anywhere in it refuses the whole batch and says where it stands.
//
// Content type, query and limits are those of /kv/{key}, but that a body is
// always JSON; what the query says holds for every operation that does not
// say otherwise.

#ifndef ORRERY_TRANSPORT_HTTP_BATCH_REQUEST_H_
#define ORRERY_TRANSPORT_HTTP_BATCH_REQUEST_H_

#include <cstdint>

#include "transport/http/answer.h"
#include "transport/http/intake.h"
#include "transport/http/kv_request.h"
#include "transport/http/request_head.h"
#include "transport/http/target.h"

namespace orrery {

// Of the whole body; one that holds a single operation may be as large as that
// of a single request, if that is more.
inline constexpr uint64_t kBatchBodyBytesMax = 8 << 20;

// Both return false with `refusal` filled, or true.

// What the head decides.
[[nodiscard]] bool OpenBatchRequest(const RequestHead& head,
                                    const Target& target,
                                    const KvLimits& limits, Intake* intake,
                                    Answer* refusal);
// What the body says: fills intake->operations.
[[nodiscard]] bool FinishBatchRequest(const RequestBody& body,
                                      const KvLimits& limits, Intake* intake,
                                      Answer* refusal);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_BATCH_REQUEST_H_
