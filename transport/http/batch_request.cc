#include "transport/http/batch_request.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/protocol/limits.h"
#include "transport/http/base64.h"
#include "transport/http/batch_envelope.h"

namespace orrery {
namespace {

bool RefuseBatch(int status, std::string_view message, Answer* refusal) {
  FillError(status, message, refusal);
  return false;
}

// Reads one operation; what is wrong with it begins with its place.
class OperationReader {
 public:
  OperationReader(size_t index, const KvLimits& limits, const Intake& defaults,
                  Answer* refusal)
      : index_(index), limits_(limits), refusal_(*refusal) {
    item_.request = defaults.request;
    item_.consistency = defaults.consistency;
    item_.r = defaults.r;
    item_.w = defaults.w;
  }

  bool Read(OperationEnvelope& texts, BatchOperation* operation) {
    if (!TakeOp(texts) || !TakeKey(texts) || !TakeValue(texts) ||
        !TakeTexts(texts)) {
      return false;
    }
    operation->plan.verb = item_.request.verb;
    operation->plan.key = item_.request.key;
    operation->request = std::move(item_.request);
    return true;
  }

 private:
  bool Refuse(std::string_view member, std::string_view what,
              int status = 400) {
    return RefuseBatch(
        status,
        absl::StrCat("operations[", index_, "].", std::string(member), ": ",
                     std::string(what)),
        &refusal_);
  }

  bool TakeOp(const OperationEnvelope& texts) {
    if (texts.op == "put") {
      item_.request.verb = ClientVerb::kPut;
    } else if (texts.op == "get") {
      item_.request.verb = ClientVerb::kGet;
    } else if (texts.op == "delete") {
      item_.request.verb = ClientVerb::kDelete;
    } else {
      return Refuse("op", "must be put, get or delete");
    }
    return true;
  }

  bool TakeKey(OperationEnvelope& texts) {
    if (texts.key.has_value() == texts.key_base64.has_value()) {
      return Refuse("key", "give either key or key_base64");
    }
    std::string& key = item_.request.key;
    if (texts.key.has_value()) {
      key = std::move(*texts.key);
    } else {
      const std::optional<Bytes> decoded = DecodeBase64(*texts.key_base64);
      if (!decoded.has_value()) return Refuse("key_base64", "is not base64");
      key = decoded->text();
    }
    if (key.empty() || key.size() > kKeyBytesMax) {
      return Refuse("key", "must be 1 to 1024 bytes");
    }
    return true;
  }

  bool TakeValue(const OperationEnvelope& texts) {
    const bool is_put = item_.request.verb == ClientVerb::kPut;
    if (!is_put &&
        (texts.value.has_value() || texts.value_base64.has_value())) {
      return Refuse("value", "only a put has one");
    }
    if (!is_put) return true;
    if (texts.value.has_value() == texts.value_base64.has_value()) {
      return Refuse("value", "give either value or value_base64");
    }
    std::optional<Bytes> value;
    if (texts.value.has_value()) {
      value = Bytes::CopyOf(*texts.value);
    } else {
      value = DecodeBase64(*texts.value_base64);
      if (!value.has_value()) return Refuse("value_base64", "is not base64");
    }
    if (value->size() > limits_.value_bytes_max) {
      return Refuse(
          "value",
          absl::StrCat("is larger than ", limits_.value_bytes_max, " bytes"),
          413);
    }
    item_.request.value = std::move(*value);
    return true;
  }

  bool TakeTexts(const OperationEnvelope& texts) {
    if (texts.operation.has_value() && item_.request.verb == ClientVerb::kGet) {
      return Refuse("operation", "a get has none");
    }
    // Its own holds for it, not that of the batch.
    if (texts.consistency.has_value()) item_.consistency.reset();
    const WrongKvText wrong = TakeKvTexts(
        {texts.consistency, texts.context, texts.operation}, limits_, &item_);
    switch (wrong) {
      case WrongKvText::kNone:
        return true;
      case WrongKvText::kConsistency:
        return Refuse("consistency", "must be one, quorum or all");
      case WrongKvText::kContext:
        return Refuse("context", "is malformed");
      case WrongKvText::kOperation:
        return Refuse("operation",
                      "is malformed, empty or longer than 256 bytes");
      case WrongKvText::kLevels:
        return Refuse("consistency", "disagrees with r or w of the query");
    }
    return false;
  }

  size_t index_;
  const KvLimits& limits_;
  Answer& refusal_;
  Intake item_;
};

}  // namespace

bool OpenBatchRequest(const RequestHead& head, const Target& target,
                      const KvLimits& limits, Intake* intake, Answer* refusal) {
  for (const QueryParameter& parameter : target.query) {
    if (parameter.name == "raw") {
      return RefuseBatch(400, "a batch is JSON: raw is not for it", refusal);
    }
  }
  if (head.causal_context.has_value() || head.operation_id.has_value()) {
    return RefuseBatch(400,
                       "X-Causal-Context and X-Operation-Id are for single "
                       "requests: give context and operation to each of "
                       "the operations",
                       refusal);
  }
  if (!OpenKvOptions(head, target, limits, intake, refusal)) return false;
  if (intake->body_use != BodyUse::kEnvelope) {
    return RefuseBatch(415, "the content type of a batch is application/json",
                       refusal);
  }
  intake->body_bytes_max =
      std::max<uint64_t>(kBatchBodyBytesMax, intake->body_bytes_max);
  return true;
}

bool FinishBatchRequest(const RequestBody& body, const KvLimits& limits,
                        Intake* intake, Answer* refusal) {
  BatchEnvelope envelope;
  const std::string wrong = ParseBatchEnvelope(body.bytes, &envelope);
  if (!wrong.empty()) return RefuseBatch(400, wrong, refusal);
  if (envelope.consistency.has_value() &&
      TakeKvTexts({envelope.consistency, {}, {}}, limits, intake) !=
          WrongKvText::kNone) {
    return RefuseBatch(400,
                       "consistency: must be one, quorum or all, and what the "
                       "query says",
                       refusal);
  }
  // Each operation makes its own of what was said for all.
  intake->request.read_level = {};
  intake->request.write_level = {};
  intake->operations.resize(envelope.operations.size());
  for (size_t i = 0; i < envelope.operations.size(); ++i) {
    OperationReader reader(i, limits, *intake, refusal);
    if (!reader.Read(envelope.operations[i], &intake->operations[i])) {
      return false;
    }
    envelope.operations[i] = {};  // Its texts were copied.
  }
  return true;
}

}  // namespace orrery
