#include "transport/http/batch.h"

#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "core/base/invariant.h"
#include "transport/http/json_writer.h"

namespace orrery {
namespace {

// The members of the answer that a single request would have got, behind the
// status.  {"status":"ok"} of a write is said by the number.
void AppendResult(const Answer& answer, std::string* out) {
  constexpr std::string_view kOk = "{\"status\":\"ok\",";
  std::string_view members = answer.body;
  ORRERY_INVARIANT(members.starts_with('{'));
  members.remove_prefix(members.starts_with(kOk) ? kOk.size() : 1);
  if (members.ends_with('\n')) members.remove_suffix(1);
  absl::StrAppend(out, "{\"status\":", answer.status, ",");
  out->append(members);
}

}  // namespace

Batch::Batch(std::vector<BatchOperation> operations, Instant now)
    : unfinished_(operations.size()), begun_(now) {
  items_.reserve(operations.size());
  absl::flat_hash_map<std::string, uint32_t> last_of_key;
  for (BatchOperation& operation : operations) {
    const auto index = static_cast<uint32_t>(items_.size());
    const auto [found, is_first] =
        last_of_key.try_emplace(operation.plan.key, index);
    if (is_first) {
      ready_.push_back(index);
    } else {  // BAT-1
      items_[found->second].next_of_key = index;
      found->second = index;
    }
    items_.emplace_back().operation = std::move(operation);
  }
}

uint32_t Batch::TakeReady() {
  ORRERY_INVARIANT(HasReady());
  const uint32_t item = ready_.front();
  ready_.pop_front();
  return item;
}

bool Batch::HasNoRoomFor(uint32_t item) const {
  return is_full_ && items_[item].operation.plan.verb == ClientVerb::kGet;
}

ClientRequest Batch::TakeRequest(uint32_t item) {
  return std::move(items_[item].operation.request);
}

void Batch::SetHandle(uint32_t item, Handle handle) {
  items_[item].handle = handle;
}

void Batch::OnReply(uint32_t item, const ClientReply& reply) {
  items_[item].handle = {};
  scratch_.Clear();
  FillClientAnswer(reply, items_[item].operation.plan, &scratch_);
  const bool is_value = items_[item].operation.plan.verb == ClientVerb::kGet &&
                        scratch_.status == 200;
  if (is_value &&
      result_bytes_ + scratch_.body.size() > kBatchAnswerBytesMax) {  // BAT-2
    is_full_ = true;
    return RefuseForRoom(item);
  }
  Finish(item, scratch_);
}

void Batch::RefuseForRoom(uint32_t item) {
  FillError(413,
            absl::StrCat("the values of this batch are larger than ",
                         kBatchAnswerBytesMax,
                         " bytes: get this key by itself or in another one"),
            &scratch_);
  Finish(item, scratch_);
}

void Batch::RefuseAsLate(uint32_t item) {
  scratch_.Clear();
  scratch_.status = 503;
  JsonWriter(&scratch_.body)
      .BeginObject()
      .Member("error", ReasonPhrase(503))
      .Member("code", uint64_t{503})
      .Member("message",
              "the operations before it took longer than 10 s: this one was "
              "not begun")
      .Member("applied", "no")
      .EndObject();
  Finish(item, scratch_);
}

void Batch::Finish(uint32_t item, const Answer& answer) {
  Item& finished = items_[item];
  ORRERY_INVARIANT(!finished.done);  // BAT-3
  finished.done = true;
  --unfinished_;
  finished.result.reserve(answer.body.size() + 32);
  AppendResult(answer, &finished.result);
  result_bytes_ += finished.result.capacity();
  if (finished.next_of_key != kNone) ready_.push_back(finished.next_of_key);
}

void Batch::FillAnswer(Answer* answer) {
  ORRERY_INVARIANT(IsDone());
  answer->Clear();
  answer->body.reserve(result_bytes_ + items_.size() + 32);
  answer->body.append("{\"results\":[");
  bool is_first = true;
  for (Item& item : items_) {
    if (!std::exchange(is_first, false)) answer->body.push_back(',');
    answer->body.append(item.result);
    std::string().swap(item.result);
  }
  answer->body.append("]}\n");
}

void Batch::AppendHandles(std::vector<Handle>* handles) const {
  for (const Item& item : items_) {
    if (!item.handle.IsNone()) handles->push_back(item.handle);
  }
}

void Batch::Abandon() {
  ready_.clear();
  result_bytes_ = 0;
  for (Item& item : items_) {
    item.operation = {};
    std::string().swap(item.result);
  }
}

}  // namespace orrery
