// transport/http/client_answer.h
//
// Makes of the core's ClientReply what a user reads: the status, the JSON, the
// sentence (CONTRACT section 3).

#ifndef ORRERY_TRANSPORT_HTTP_CLIENT_ANSWER_H_
#define ORRERY_TRANSPORT_HTTP_CLIENT_ANSWER_H_

#include <string>
#include <string_view>

#include "core/protocol/client.h"
#include "transport/http/answer.h"

namespace orrery {

// A sealed operation as clients see it begins so; a self-chosen id must not.
inline constexpr std::string_view kOperationPrefix = "op1.";

// What of a request its answer depends on.
struct ReplyPlan {
  ClientVerb verb = ClientVerb::kGet;
  bool raw = false;  // kGet: the value's bytes are the body.
  std::string key;
};

// Fills a cleared `answer`.
void FillClientAnswer(const ClientReply& reply, const ReplyPlan& plan,
                      Answer* answer);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_CLIENT_ANSWER_H_
