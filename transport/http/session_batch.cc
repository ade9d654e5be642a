#include <memory>
#include <utility>

#include "transport/http/session.h"

// How a session runs a batch: as many of its operations at once as the
// connection may have in the core.

namespace orrery {

void Session::BeginBatch(Instant now) {
  batch_ = std::make_unique<Batch>(std::exchange(intake_.operations, {}), now);
  batch_sequence_ = PushReply(false);
  RunBatch(now);
}

bool Session::MayBeginOfBatch() const {
  return batch_ != nullptr && !abandoned_ && batch_->HasReady() &&
         in_core_ < kPipelinedMax;
}

// A reply may come inside Submit, and the last one ends the batch.
void Session::RunBatch(Instant now) {
  while (MayBeginOfBatch()) {  // SES-2
    const uint32_t item = batch_->TakeReady();
    if (!RefuseOfBatch(item, now)) BeginOfBatch(item);
    if (batch_ != nullptr && batch_->IsDone()) FinishBatch();
  }
  if (batch_ != nullptr) TellAnswerBytes();
}

// True: it got its result here.
bool Session::RefuseOfBatch(uint32_t item, Instant now) {
  if (batch_->HasNoRoomFor(item)) {
    batch_->RefuseForRoom(item);
  } else if (host_.IsStopping()) {
    batch_->OnReply(item, Refused{.why = Refused::Why::kShuttingDown});
  } else if (now - batch_->begun() > kBatchBeginTimeout) {
    batch_->RefuseAsLate(item);
  } else {
    return false;
  }
  return true;
}

void Session::BeginOfBatch(uint32_t item) {
  const std::optional<Handle> handle =
      host_.MintHandle(*this, {batch_sequence_, item});
  if (!handle.has_value()) {
    return batch_->OnReply(item, Refused{.why = Refused::Why::kOverloaded});
  }
  ++in_core_;
  batch_->SetHandle(item, *handle);
  ClientRequest request = batch_->TakeRequest(item);
  request.client = *handle;
  host_.Submit(std::move(request));
}

void Session::OnBatchReply(uint32_t item, const ClientReply& reply) {
  if (abandoned_) return batch_->OnDropped(item);
  batch_->OnReply(item, reply);
  if (batch_->IsDone()) return FinishBatch();
  TellAnswerBytes();
}

void Session::FinishBatch() {
  scratch_.Clear();
  batch_->FillAnswer(&scratch_);
  EndBatch();
  CompleteReply(batch_sequence_, scratch_);
}

void Session::EndBatch() {
  batch_.reset();
  host_.ReleaseBody(std::exchange(batch_reserved_, 0));
}

}  // namespace orrery
