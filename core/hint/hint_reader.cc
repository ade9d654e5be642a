#include "core/hint/hint_reader.h"

#include <optional>
#include <utility>

#include "core/base/invariant.h"
#include "core/hint/hint_record.h"
#include "core/version/object_merge.h"

namespace orrery {

void HintReader::Read(const Ticket& ticket, const PreferenceList& owners,
                      std::string_view key, Turn& turn) {
  if (open_.IsFull()) {  // HRD-2
    ready_.push_back({.ticket = ticket, .status = ReplicaStatus::kBusy});
    return;
  }
  const Handle handle = open_.Create();
  Open& open = *open_.Find(handle);
  open.outcome.ticket = ticket;
  for (const Owner& owner : owners) {
    std::string hint_key = HintKeyOf(owner.storage, key);
    const Store::Peek peek = hints_.PeekEntry(hint_key);
    const bool is_held =
        peek.kind != Store::Peek::Kind::kAbsent && !peek.tombstone;
    if (is_held) open.hint_keys.push_back(std::move(hint_key));
  }
  ReadNext(handle, open, turn);
}

void HintReader::ReadNext(Handle handle, Open& open, Turn& turn) {
  if (open.hint_keys.empty()) {
    ready_.push_back(std::move(open.outcome));
    open_.Destroy(handle);
    return;
  }
  hints_.Get({TicketOwner::kHintLog, kTicketPart, handle},
             open.hint_keys.back(), turn);
}

void HintReader::OnStoreReply(const StoreReply& reply, Turn& turn) {
  const Handle handle = reply.ticket.handle;
  Open* open = open_.Find(handle);
  ORRERY_INVARIANT(open != nullptr);
  const bool is_gone = reply.status == StoreStatus::kNotFound ||
                       reply.status == StoreStatus::kDeleted;
  std::optional<Hint> hint;
  if (reply.status == StoreStatus::kOk) {
    hint = DecodeHint(open->hint_keys.back(), reply.meta.view(), reply.value);
  }
  if (hint.has_value()) {
    open->outcome.object = Merge(open->outcome.object, hint->object);
  } else if (!is_gone) {
    open->outcome.status = ReplicaStatus::kReadError;  // HRD-1
  }
  open->hint_keys.pop_back();
  ReadNext(handle, *open, turn);
}

}  // namespace orrery
