#include "transport/http/kv_request.h"

#include <charconv>
#include <ctime>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/murmur3.h"
#include "core/protocol/limits.h"
#include "transport/http/ascii.h"
#include "transport/http/base64.h"
#include "transport/http/envelope.h"
#include "transport/http/http_date.h"
#include "transport/http/json_writer.h"

namespace orrery {
namespace {

constexpr std::string_view kKvPrefix = "/kv/";
constexpr uint32_t kListLimitDefault = 1000;  // CONTRACT section 3.

bool Refuse(int status, std::string_view message, Answer* refusal) {
  FillError(status, message, refusal);
  return false;
}

// Text of a client inside a message of ours.
std::string Quoted(std::string_view text) {
  constexpr size_t kShownBytesMax = 64;
  if (text.size() > kShownBytesMax || !IsUtf8(text)) return "a given name";
  return absl::StrCat("'", std::string(text), "'");
}

bool ParseNumber(std::string_view text, uint32_t* number) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *number);
  return !text.empty() && result.ec == std::errc() && result.ptr == end;
}

bool ParseBool(const QueryParameter& parameter, bool* value) {
  if (!parameter.has_value || parameter.value == "true" ||
      parameter.value == "1") {
    *value = true;
    return true;
  }
  *value = false;
  return parameter.value == "false" || parameter.value == "0";
}

std::optional<Level> ParseConsistency(std::string_view text) {
  if (text == "one") return Level{Level::Kind::kOne, 0};
  if (text == "quorum") return Level{Level::Kind::kQuorum, 0};
  if (text == "all") return Level{Level::Kind::kAll, 0};
  return std::nullopt;
}

bool TakeConsistency(std::string_view text, Intake* intake, Answer* refusal) {
  const std::optional<Level> level = ParseConsistency(text);
  if (!level.has_value()) {
    return Refuse(400, "consistency must be one, quorum or all", refusal);
  }
  if (intake->consistency.has_value() && *intake->consistency != *level) {
    return Refuse(400, "two consistency levels disagree", refusal);
  }
  intake->consistency = level;
  return true;
}

bool TakeNumber(const QueryParameter& parameter, const KvLimits& limits,
                uint32_t* number, Answer* refusal) {
  uint32_t parsed = 0;
  if (!ParseNumber(parameter.value, &parsed) || parsed < 1 ||
      parsed > limits.replication) {
    return Refuse(
        400,
        absl::StrCat(std::string(parameter.name),
                     " must be a number from 1 to N = ", limits.replication),
        refusal);
  }
  if (*number != 0 && *number != parsed) {
    return Refuse(400,
                  absl::StrCat(std::string(parameter.name),
                               " is given twice and disagrees"),
                  refusal);
  }
  *number = parsed;
  return true;
}

bool TakeStamp(const QueryParameter& parameter, Intake* intake,
               Answer* refusal) {
  if (parameter.value != "quorum") {
    return Refuse(400, "stamp must be quorum", refusal);
  }
  if (intake->request.verb == ClientVerb::kGet) {
    return Refuse(400, "stamp is for writes; a read takes consistency=quorum",
                  refusal);
  }
  intake->request.quorum_stamp = true;
  return true;
}

bool TakeKvParameter(const QueryParameter& parameter, const KvLimits& limits,
                     bool* raw, Intake* intake, Answer* refusal) {
  if (parameter.name == "consistency") {
    return TakeConsistency(parameter.value, intake, refusal);
  }
  if (parameter.name == "r") {
    return TakeNumber(parameter, limits, &intake->r, refusal);
  }
  if (parameter.name == "w") {
    return TakeNumber(parameter, limits, &intake->w, refusal);
  }
  if (parameter.name == "sloppy") {
    return ParseBool(parameter, &intake->request.sloppy) ||
           Refuse(400, "sloppy must be true or false", refusal);
  }
  if (parameter.name == "raw") {
    return ParseBool(parameter, raw) ||
           Refuse(400, "raw must be true or false", refusal);
  }
  // A read shows all values that there are, asked or not.
  if (parameter.name == "siblings") {
    return ParseBool(parameter, &intake->request.keep) ||
           Refuse(400, "siblings must be true or false", refusal);
  }
  if (parameter.name == "stamp") return TakeStamp(parameter, intake, refusal);
  return Refuse(
      400, absl::StrCat("unknown query parameter ", Quoted(parameter.name)),
      refusal);
}

bool TakeContext(std::string_view text, Intake* intake, Answer* refusal) {
  std::optional<Bytes> context = DecodeBase64Url(text);
  if (!context.has_value() || context->empty() ||
      context->size() > kContextBytesMax) {
    return Refuse(400, "the context is malformed", refusal);
  }
  if (!intake->request.context.empty() && intake->request.context != *context) {
    return Refuse(400, "two contexts disagree", refusal);
  }
  intake->request.context = std::move(*context);
  return true;
}

bool TakeOperation(std::string_view text, Intake* intake, Answer* refusal) {
  if (text.empty()) return Refuse(400, "X-Operation-Id is empty", refusal);
  if (text.starts_with(kOperationPrefix)) {
    std::optional<Bytes> token =
        DecodeBase64Url(text.substr(kOperationPrefix.size()));
    if (!token.has_value() || token->empty()) {
      return Refuse(400, "the operation is malformed", refusal);
    }
    intake->request.operation_token = std::move(*token);
    return true;
  }
  if (text.size() > kOperationIdBytesMax) {
    return Refuse(400, "X-Operation-Id is longer than 256 bytes", refusal);
  }
  const Hash128 hash = Murmur3x64_128(text);
  intake->request.operation.hi = hash.h1 == 0 ? 1 : hash.h1;
  intake->request.operation.lo = hash.h2;
  return true;
}

// A body that is only a part, or is not the value as it stands, would be
// stored as what it is not.
bool CheckBodyIsWhole(const RequestHead& head, Answer* refusal) {
  if (head.method == HttpMethod::kDelete && !head.HasBody()) return true;
  if (head.content_range) {
    return Refuse(400, "Content-Range: a value is written whole", refusal);
  }
  if (head.encoded) {
    return Refuse(415, "the only Content-Encoding read here is identity",
                  refusal);
  }
  return true;
}

// Decides how the body of a write is read.
bool TakeContentType(const RequestHead& head, bool raw, const KvLimits& limits,
                     Intake* intake, Answer* refusal) {
  // Every byte of a value may be an escape of six, and the rest of the
  // envelope is a context and names (CONTRACT section 3).
  const uint64_t envelope_bytes_max =
      6 * uint64_t{limits.value_bytes_max} + (64 << 10);
  if (intake->request.verb == ClientVerb::kPut && raw) {
    intake->body_use = BodyUse::kRaw;
    intake->body_bytes_max = limits.value_bytes_max;
    return true;
  }
  intake->body_use = BodyUse::kEnvelope;
  intake->body_bytes_max = envelope_bytes_max;
  // Without a body there is nothing that a type could describe.
  if (intake->request.verb == ClientVerb::kDelete && !head.HasBody()) {
    return true;
  }
  if (!head.content_type.has_value()) return true;
  const std::string_view type =
      TrimSpace(head.content_type->substr(0, head.content_type->find(';')));
  if (type.empty() || EqualsIgnoreCase(type, "application/json") ||
      EqualsIgnoreCase(type, "application/x-www-form-urlencoded")) {
    return true;
  }
  if (intake->request.verb == ClientVerb::kPut &&
      EqualsIgnoreCase(type, "application/octet-stream")) {
    intake->body_use = BodyUse::kRaw;
    intake->body_bytes_max = limits.value_bytes_max;
    return true;
  }
  return Refuse(415,
                "the content type must be application/json, or "
                "application/octet-stream (or any with ?raw) for plain bytes",
                refusal);
}

bool TakeKey(std::string_view encoded, Intake* intake, Answer* refusal) {
  std::string& key = intake->request.key;
  if (!PercentDecode(encoded, &key)) {
    return Refuse(400, "the key holds a '%' without two hex digits", refusal);
  }
  if (key.empty()) return Refuse(400, "the key is empty", refusal);
  if (key.size() > kKeyBytesMax) {
    return Refuse(414, "the key is longer than 1024 bytes", refusal);
  }
  intake->plan.key = key;
  return true;
}

// The first of the types that the client accepts is plain bytes.
bool PrefersBytes(const RequestHead& head) {
  if (!head.accept.has_value()) return false;
  const std::string_view first =
      head.accept->substr(0, head.accept->find_first_of(",;"));
  return EqualsIgnoreCase(TrimSpace(first), kBytesType);
}

ClientVerb VerbOf(HttpMethod method) {
  if (method == HttpMethod::kDelete) return ClientVerb::kDelete;
  const bool reads = method == HttpMethod::kGet || method == HttpMethod::kHead;
  return reads ? ClientVerb::kGet : ClientVerb::kPut;
}

// Whether a `consistency` and a number say the same of N owners.
bool Agree(const Level& level, uint32_t number, uint32_t replication) {
  if (level.kind == Level::Kind::kOne) return number == 1;
  if (level.kind == Level::Kind::kQuorum) return number == replication / 2 + 1;
  return number == replication;
}

bool ResolveLevels(const KvLimits& limits, Intake* intake, Answer* refusal) {
  ClientRequest& request = intake->request;
  const bool reads = request.verb == ClientVerb::kGet;
  const uint32_t number = reads ? intake->r : intake->w;
  if (intake->r != 0) {
    request.read_level = {Level::Kind::kNumber, intake->r};
  }
  if (intake->w != 0) {
    request.write_level = {Level::Kind::kNumber, intake->w};
  }
  if (!intake->consistency.has_value()) return true;
  if (number != 0 && !Agree(*intake->consistency, number, limits.replication)) {
    return Refuse(
        400,
        reads ? "consistency and r disagree" : "consistency and w disagree",
        refusal);
  }
  (reads ? request.read_level : request.write_level) = *intake->consistency;
  return true;
}

bool RefuseEnvelope(const EnvelopeVerdict& verdict, Answer* refusal) {
  switch (verdict.error) {
    case EnvelopeError::kNone:
      return true;
    case EnvelopeError::kMalformed:
      return Refuse(400, verdict.detail, refusal);
    case EnvelopeError::kUnknownMember:
      return Refuse(400,
                    absl::StrCat("unknown member ", Quoted(verdict.detail)),
                    refusal);
    case EnvelopeError::kRepeatedMember:
      return Refuse(
          400,
          absl::StrCat("member ", Quoted(verdict.detail), " is given twice"),
          refusal);
    case EnvelopeError::kNotAString:
      return Refuse(
          400,
          absl::StrCat("member ", Quoted(verdict.detail), " must be a string"),
          refusal);
    case EnvelopeError::kTwoValues:
      return Refuse(400, "give value or value_base64, not both", refusal);
    case EnvelopeError::kBadBase64:
      return Refuse(400, "value_base64 is not base64", refusal);
  }
  return true;
}

bool FinishEnvelope(const RequestBody& body, Intake* intake, Answer* refusal) {
  const bool is_put = intake->request.verb == ClientVerb::kPut;
  if (body.bytes.empty() && !is_put) return true;
  if (body.bytes.empty()) {
    return Refuse(400, "the body is empty; send {\"value\": \"...\"}", refusal);
  }
  WriteEnvelope envelope;
  if (!RefuseEnvelope(ParseEnvelope(body.bytes, &envelope), refusal)) {
    return false;
  }
  if (is_put && !envelope.value.has_value()) {
    return Refuse(400, "the body has neither value nor value_base64", refusal);
  }
  if (!is_put && envelope.value.has_value()) {
    return Refuse(400, "a delete has no value", refusal);
  }
  if (envelope.value.has_value()) {
    intake->request.value = std::move(*envelope.value);
  }
  if (envelope.consistency.has_value() &&
      !TakeConsistency(*envelope.consistency, intake, refusal)) {
    return false;
  }
  return !envelope.context.has_value() ||
         TakeContext(*envelope.context, intake, refusal);
}

}  // namespace

bool OpenKvRequest(const RequestHead& head, const Target& target,
                   const KvLimits& limits, Intake* intake, Answer* refusal) {
  intake->request.verb = VerbOf(head.method);
  intake->plan.verb = intake->request.verb;
  if (!TakeKey(target.path.substr(kKvPrefix.size()), intake, refusal)) {
    return false;
  }
  bool raw = false;
  for (const QueryParameter& parameter : target.query) {
    if (!TakeKvParameter(parameter, limits, &raw, intake, refusal)) {
      return false;
    }
  }
  if (head.repeated) {
    return Refuse(400, "a header that must be unique is given twice", refusal);
  }
  if (head.causal_context.has_value() &&
      !TakeContext(*head.causal_context, intake, refusal)) {
    return false;
  }
  if (intake->request.verb == ClientVerb::kGet) {
    intake->plan.raw = raw || PrefersBytes(head);
    return ResolveLevels(limits, intake, refusal);
  }
  if (head.conditional) {
    return Refuse(501, "conditions (If-...) are not supported yet", refusal);
  }
  if (head.operation_id.has_value() &&
      !TakeOperation(*head.operation_id, intake, refusal)) {
    return false;
  }
  return CheckBodyIsWhole(head, refusal) &&
         TakeContentType(head, raw, limits, intake, refusal);
}

bool FinishKvRequest(const RequestBody& body, const KvLimits& limits,
                     Intake* intake, Answer* refusal) {
  if (intake->body_use == BodyUse::kIgnored) return true;
  if (intake->body_use == BodyUse::kRaw) {
    intake->request.value =
        body.owned.empty() ? Bytes::CopyOf(body.bytes) : body.owned;
  } else if (!FinishEnvelope(body, intake, refusal)) {
    return false;
  }
  if (intake->request.value.size() > limits.value_bytes_max) {
    return Refuse(413,
                  absl::StrCat("the value is larger than ",
                               limits.value_bytes_max, " bytes"),
                  refusal);
  }
  return ResolveLevels(limits, intake, refusal);
}

bool OpenKvOptions(const RequestHead& head, const Target& target,
                   const KvLimits& limits, Intake* intake, Answer* refusal) {
  intake->request.verb = ClientVerb::kPut;  // Decides how a body is read.
  bool raw = false;
  for (const QueryParameter& parameter : target.query) {
    if (!TakeKvParameter(parameter, limits, &raw, intake, refusal)) {
      return false;
    }
  }
  if (head.repeated) {
    return Refuse(400, "a header that must be unique is given twice", refusal);
  }
  if (head.conditional) {
    return Refuse(501, "conditions (If-...) are not supported yet", refusal);
  }
  return CheckBodyIsWhole(head, refusal) &&
         TakeContentType(head, raw, limits, intake, refusal);
}

WrongKvText TakeKvTexts(const KvTexts& texts, const KvLimits& limits,
                        Intake* intake) {
  Answer refusal;  // Says it without a place; the caller knows the place.
  if (texts.consistency.has_value() &&
      !TakeConsistency(*texts.consistency, intake, &refusal)) {
    return WrongKvText::kConsistency;
  }
  if (texts.context.has_value() &&
      !TakeContext(*texts.context, intake, &refusal)) {
    return WrongKvText::kContext;
  }
  if (texts.operation.has_value() &&
      !TakeOperation(*texts.operation, intake, &refusal)) {
    return WrongKvText::kOperation;
  }
  return ResolveLevels(limits, intake, &refusal) ? WrongKvText::kNone
                                                 : WrongKvText::kLevels;
}

bool OpenKeysRequest(const Target& target, Intake* intake, Answer* refusal) {
  ClientRequest& request = intake->request;
  request.verb = ClientVerb::kListKeys;
  request.limit = kListLimitDefault;
  intake->plan.verb = request.verb;
  for (const QueryParameter& parameter : target.query) {
    if (parameter.name == "limit") {
      if (!ParseNumber(parameter.value, &request.limit) || request.limit < 1 ||
          request.limit > kListLimitMax) {
        return Refuse(400, "limit must be a number from 1 to 10000", refusal);
      }
    } else if (parameter.name == "prefix") {
      if (!DecodeQueryValue(parameter.value, &request.prefix) ||
          request.prefix.size() > kKeyBytesMax) {
        return Refuse(400, "prefix is malformed or longer than a key", refusal);
      }
    } else if (parameter.name == "cursor") {
      std::optional<Bytes> cursor = DecodeBase64Url(parameter.value);
      if (!cursor.has_value()) {
        return Refuse(400, "the cursor is malformed", refusal);
      }
      request.cursor = std::move(*cursor);
    } else {
      return Refuse(
          400, absl::StrCat("unknown query parameter ", Quoted(parameter.name)),
          refusal);
    }
  }
  return true;
}

bool OpenInspectRequest(const Target& target, Intake* intake, Answer* refusal) {
  ClientRequest& request = intake->request;
  request.verb = ClientVerb::kInspectKey;
  intake->plan.verb = request.verb;
  for (const QueryParameter& parameter : target.query) {
    if (parameter.name != "key") {
      return Refuse(
          400, absl::StrCat("unknown query parameter ", Quoted(parameter.name)),
          refusal);
    }
    if (!request.key.empty()) {
      return Refuse(400, "key is given twice", refusal);
    }
    if (!DecodeQueryValue(parameter.value, &request.key) ||
        request.key.empty() || request.key.size() > kKeyBytesMax) {
      return Refuse(400, "key must be 1 to 1024 bytes, percent-encoded",
                    refusal);
    }
  }
  if (request.key.empty()) return Refuse(400, "give ?key=", refusal);
  intake->plan.key = request.key;
  return true;
}

bool OpenTaskRequest(ClientVerb verb, const Target& target, Intake* intake,
                     Answer* refusal) {
  ClientRequest& request = intake->request;
  request.verb = verb;
  intake->plan.verb = verb;
  const bool has_name = verb == ClientVerb::kSnapshot;
  bool is_named = false;
  for (const QueryParameter& parameter : target.query) {
    if (!has_name || parameter.name != "name") {
      return Refuse(
          400,
          absl::StrCat("unknown query parameter ", Quoted(parameter.name),
                       "; this path takes ", has_name ? "name" : "none"),
          refusal);
    }
    if (is_named) return Refuse(400, "name is given twice", refusal);
    is_named = true;
    if (!DecodeQueryValue(parameter.value, &request.key) ||
        request.key.size() > kKeyBytesMax) {
      return Refuse(400, "name is malformed or too long", refusal);
    }
  }
  if (has_name && !is_named) request.key = FormatTimeName(std::time(nullptr));
  return true;
}

}  // namespace orrery
