#include "transport/http/client_answer.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/invariant.h"
#include "transport/http/base64.h"
#include "transport/http/json_writer.h"

namespace orrery {
namespace {

// Version and context, in the headers.
void AppendVersion(uint64_t version, std::string* headers) {
  headers->append("ETag: \"");
  absl::StrAppend(headers, version);
  headers->append("\"\r\n");
}

void AppendContext(const Bytes& context, std::string* headers) {
  if (context.empty()) return;
  headers->append("X-Causal-Context: ");
  AppendBase64Url(context.view(), headers);
  headers->append("\r\n");
}

void WriteContext(const Bytes& context, JsonWriter* json) {
  if (context.empty()) return;
  json->Name("context").Base64UrlText(context.text());
}

void Fill(const WriteDone& done, const ReplyPlan& plan, Answer* answer) {
  AppendVersion(done.version, &answer->headers);
  AppendContext(done.context, &answer->headers);
  JsonWriter json(&answer->body);
  json.BeginObject().Member("status", "ok").TextOrBase64("key", plan.key);
  json.Member("version", done.version);
  if (done.superseded_by != 0) {
    json.Member("superseded_by", done.superseded_by);
  }
  WriteContext(done.context, &json);
  json.Name("acks").BeginObject();
  json.Member("owners", uint64_t{done.acks.owners})
      .Member("hints", uint64_t{done.acks.hints})
      .Member("synced", uint64_t{done.acks.synced})
      .Member("nodes", uint64_t{done.acks.nodes});
  json.EndObject().EndObject();
  answer->body.push_back('\n');
}

void FillAbsent(const ReadDone& done, Answer* answer) {
  answer->status = 404;
  AppendContext(done.context, &answer->headers);
  JsonWriter json(&answer->body);
  json.BeginObject()
      .Member("error", ReasonPhrase(404))
      .Member("code", uint64_t{404})
      .Member("message", "key not found");
  if (done.deleted) {
    json.Name("deleted").Bool(true);
    json.Member("version", done.version);
  }
  WriteContext(done.context, &json);
  json.EndObject();
  answer->body.push_back('\n');
}

void WriteSiblings(const ReadDone& done, JsonWriter* json) {
  if (done.siblings.empty()) return;
  json->Name("siblings").BeginArray();
  for (const SiblingValue& sibling : done.siblings) {
    json->BeginObject()
        .TextOrBase64("value", sibling.value.text())
        .Member("version", sibling.version)
        .EndObject();
  }
  json->EndArray();
}

void Fill(const ReadDone& done, const ReplyPlan& plan, Answer* answer) {
  if (!done.found) return FillAbsent(done, answer);
  AppendVersion(done.version, &answer->headers);
  AppendContext(done.context, &answer->headers);
  if (plan.raw) {
    answer->content_type = kBytesType;
    answer->headers.append("X-Content-Type-Options: nosniff\r\n");
    if (!done.siblings.empty()) {
      absl::StrAppend(&answer->headers, "X-Siblings: ", done.siblings.size(),
                      "\r\n");
    }
    answer->body.append(done.value.text());
    return;
  }
  JsonWriter json(&answer->body);
  json.BeginObject()
      .TextOrBase64("key", plan.key)
      .TextOrBase64("value", done.value.text())
      .Member("version", done.version);
  WriteSiblings(done, &json);
  WriteContext(done.context, &json);
  json.EndObject();
  answer->body.push_back('\n');
}

struct RefusalText {
  int status;
  std::string_view message;
  bool counts;  // A quorum was in question: say required and received.
};

RefusalText TextOfRefusal(Refused::Why why) {
  switch (why) {
    case Refused::Why::kTooFewOwners:
      return {503, "too few of the key's owners are reachable", true};
    case Refused::Why::kNotReady:
      return {503, "this node is not ready yet", false};
    case Refused::Why::kRingClosed:
      return {503, "this node is not a member of the ring, which is closed",
              false};
    case Refused::Why::kOverloaded:
      return {503, "this node has too many requests in flight", false};
    case Refused::Why::kDiskFull:
      return {507, "the disk is full", false};
    case Refused::Why::kReadQuorumFailed:
      return {503, "too few of the key's owners answered the read", true};
    case Refused::Why::kBadContext:
      return {400, "the context is malformed, or of another key or cluster",
              false};
    case Refused::Why::kBadOperation:
      return {400, "the operation is malformed, or of another key or cluster",
              false};
    case Refused::Why::kOperationReused:
      return {409, "this operation id was used with another key or body",
              false};
    case Refused::Why::kReadOnly:
      return {503, "the storage of this node is read-only after an error",
              false};
    case Refused::Why::kShuttingDown:
      return {503, "this node is shutting down", false};
    case Refused::Why::kDamaged:
      return {503, "the reachable copies of this key cannot be read", true};
    case Refused::Why::kBadCursor:
      return {400, "the cursor is not one that a listing returned", false};
    case Refused::Why::kBadName:
      return {400,
              "a snapshot's name is 1 to 64 letters, digits, dots, dashes and "
              "underscores; it begins with no dot and does not end in .tmp",
              false};
    case Refused::Why::kNameTaken:
      return {409, "there is a snapshot of this name: choose another", false};
    case Refused::Why::kSnapshotRunning:
      return {503, "this node is making a snapshot already", false};
    case Refused::Why::kDiskFailed:
      return {500,
              "the disk gave an error, which the log of this node tells: "
              "nothing was made",
              false};
    case Refused::Why::kTooManySiblings:
      return {409,
              "the key has as many concurrent values as it may: write with the "
              "context, which covers them",
              false};
    case Refused::Why::kClockUnknown:
      return {503,
              "the owners of this key that can be reached do not know the time "
              "of the cluster yet",
              false};
    case Refused::Why::kClockAhead:
      return {503,
              "the version of this repeated write lies too far ahead of the "
              "time of the cluster",
              false};
  }
  ORRERY_UNREACHABLE("a refusal without a text");
}

void BeginError(int status, std::string_view message, JsonWriter* json) {
  json->BeginObject()
      .Member("error", ReasonPhrase(status))
      .Member("code", static_cast<uint64_t>(status))
      .Member("message", message);
}

void Fill(const Refused& refused, const ReplyPlan&, Answer* answer) {
  const RefusalText text = TextOfRefusal(refused.why);
  answer->status = text.status;
  JsonWriter json(&answer->body);
  BeginError(text.status, text.message, &json);
  if (text.counts) {
    json.Member("required", uint64_t{refused.required})
        .Member("received", uint64_t{refused.received});
  }
  WriteContext(refused.context, &json);
  AppendContext(refused.context, &answer->headers);
  json.Member("applied", "no").EndObject();
  answer->body.push_back('\n');
  if (text.status == 503) answer->headers.append("Retry-After: 1\r\n");
}

void Fill(const OutcomeUnknown& unknown, const ReplyPlan&, Answer* answer) {
  answer->status = 504;
  JsonWriter json(&answer->body);
  BeginError(504,
             unknown.expired
                 ? "the operation is too old to be repeated; whether the write "
                   "took effect is unknown"
                 : "too few owners answered in time; whether the write took "
                   "effect is unknown",
             &json);
  json.Member("required", uint64_t{unknown.required})
      .Member("received", uint64_t{unknown.received})
      .Member("applied", "maybe");
  if (unknown.expired) json.Name("expired").Bool(true);
  if (!unknown.operation.empty()) {
    std::string operation(kOperationPrefix);
    AppendBase64Url(unknown.operation.view(), &operation);
    json.Member("operation", operation);
  }
  json.EndObject();
  answer->body.push_back('\n');
}

void Fill(const KeysPage& page, const ReplyPlan&, Answer* answer) {
  JsonWriter json(&answer->body);
  json.BeginObject().Name("keys").BeginArray();
  for (const std::string& key : page.keys) {
    if (IsUtf8(key)) {
      json.Text(key);
    } else {
      json.BeginObject().TextOrBase64("key", key).EndObject();
    }
  }
  json.EndArray().Name("cursor");
  if (page.cursor.empty()) {
    json.Null();
  } else {
    json.Base64UrlText(page.cursor.text());
  }
  json.EndObject();
  answer->body.push_back('\n');
}

void Fill(const TaskAnswer& task, const ReplyPlan&, Answer* answer) {
  const auto text = [&task]() -> std::string_view {
    switch (task.state) {
      case TaskAnswer::State::kStarted:
        return "started";
      case TaskAnswer::State::kRunning:
        return "running";
      case TaskAnswer::State::kNothing:
        return "nothing to do";
    }
    ORRERY_UNREACHABLE("a task's state without a text");
  };
  JsonWriter(&answer->body)
      .BeginObject()
      .Member("status", text())
      .Member("files", task.files)
      .Member("bytes", task.bytes)
      .EndObject();
  answer->body.push_back('\n');
}

void Fill(const SnapshotDone& snapshot, const ReplyPlan&, Answer* answer) {
  JsonWriter(&answer->body)
      .BeginObject()
      .Member("status", "ok")
      .Member("name", snapshot.name)
      .Member("files", snapshot.files)
      .Member("bytes", snapshot.bytes)
      .Member("path", snapshot.path)
      .EndObject();
  answer->body.push_back('\n');
}

std::string_view TextOf(const KeyCopy& copy) {
  switch (copy.answer) {
    case KeyCopy::Answer::kHolds:
      return copy.versions.empty() ? "absent" : "holds";
    case KeyCopy::Answer::kUnreachable:
      return "unreachable";
    case KeyCopy::Answer::kSilent:
      return "silent";
    case KeyCopy::Answer::kNotReady:
      return "not ready";
    case KeyCopy::Answer::kDamaged:
      return "damaged";
    case KeyCopy::Answer::kFailed:
      return "failed";
  }
  ORRERY_UNREACHABLE("an answer without a text");
}

// Names a version for ever: "storage.generation.counter".
std::string DotText(const Dot& dot) {
  return absl::StrCat(absl::Hex(dot.actor.storage, absl::kZeroPad16), ".",
                      dot.actor.generation, ".", dot.counter);
}

void Write(const std::vector<KeyCopy>& copies, JsonWriter* json) {
  json->BeginArray();
  for (const KeyCopy& copy : copies) {
    json->BeginObject()
        .Member("node", copy.name)
        .Member("answer", TextOf(copy))
        .Member("digest",
                absl::StrCat(absl::Hex(copy.digest, absl::kZeroPad16)));
    if (copy.suspect) json->Name("suspect").Bool(true);
    json->Name("versions").BeginArray();
    for (const KeyCopy::Version& version : copy.versions) {
      json->BeginObject().Member("version", version.stamp);
      if (version.tombstone) json->Name("deleted").Bool(true);
      if (version.keep) json->Name("siblings").Bool(true);
      json->Member("dot", DotText(version.dot))
          .Member("checksum",
                  absl::StrCat(absl::Hex(version.checksum, absl::kZeroPad8)))
          .EndObject();
    }
    json->EndArray().EndObject();
  }
  json->EndArray();
}

// All owners answered, and hold the same.
bool Agree(const std::vector<KeyCopy>& owners) {
  for (const KeyCopy& copy : owners) {
    if (copy.answer != KeyCopy::Answer::kHolds) return false;
    if (copy.digest != owners.front().digest) return false;
  }
  return true;
}

void Fill(const KeyReport& report, const ReplyPlan& plan, Answer* answer) {
  JsonWriter json(&answer->body);
  json.BeginObject()
      .TextOrBase64("key", plan.key)
      .Member("token", absl::StrCat(report.token))
      .Member("epoch", absl::StrCat(report.epoch.era, ".", report.epoch.seq))
      .Name("agree")
      .Bool(Agree(report.owners));
  json.Name("owners");
  Write(report.owners, &json);
  json.Name("hints");
  Write(report.hints, &json);
  if (report.not_asked != 0) {
    json.Member("not_asked_for_hints", uint64_t{report.not_asked});
  }
  json.EndObject();
  answer->body.push_back('\n');
}

}  // namespace

void FillClientAnswer(const ClientReply& reply, const ReplyPlan& plan,
                      Answer* answer) {
  std::visit([&](const auto& body) { Fill(body, plan, answer); }, reply);
}

}  // namespace orrery
