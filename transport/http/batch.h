// transport/http/batch.h
//
// Batch is what a client sent to /kv:batch, from the first of its operations
// to the last of their results.  It decides which may be begun next and
// gathers the results into one answer, in the order of the operations.
//
// It does not submit: Session does, as fast as its connection may.
//
// Invariants:
//   BAT-1  Operations of one key are begun one after another, in their order;
//          each when the one before it has its result, whatever that is.
//   BAT-2  The values of gets are held only up to kBatchAnswerBytesMax of
//          results; a get whose value does not fit gets 413 instead.  What a
//          write was answered is never left out.
//   BAT-3  Every operation has exactly one result.
//
// Memory: an operation until it is begun, its result until the last one; at
// most kBatchAnswerBytesMax + kBatchOperationsMax answers of writes, each of
// 52 KiB at most (a key that is all escapes, a context in base64): 21 MiB.
//
// Threading: the server's thread.

#ifndef ORRERY_TRANSPORT_HTTP_BATCH_H_
#define ORRERY_TRANSPORT_HTTP_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/client.h"
#include "transport/http/answer.h"
#include "transport/http/client_answer.h"

namespace orrery {

// Holds the largest value in its worst form, 6 MiB of escapes, and then some.
inline constexpr uint64_t kBatchAnswerBytesMax = 8 << 20;
// What was not begun that long after the batch came is refused: operations of
// one key wait for each other, and each may take the request time-out.
inline constexpr Duration kBatchBeginTimeout = 10 * kSecond;

struct BatchOperation {
  ClientRequest request;
  ReplyPlan plan;
};

class Batch {
 public:
  // REQUIRES: 1 to kBatchOperationsMax operations.
  Batch(std::vector<BatchOperation> operations, Instant now);

  Instant begun() const { return begun_; }
  bool HasReady() const { return !ready_.empty(); }
  // The next to begin.  REQUIRES: HasReady().
  uint32_t TakeReady();

  // Its value would not fit, so it need not be read.
  bool HasNoRoomFor(uint32_t item) const;
  ClientRequest TakeRequest(uint32_t item);
  void SetHandle(uint32_t item, Handle handle);

  // The result of an operation that was begun, or refused.
  void OnReply(uint32_t item, const ClientReply& reply);
  void RefuseForRoom(uint32_t item);
  void RefuseAsLate(uint32_t item);
  // Its result is of no use any more.
  void OnDropped(uint32_t item) { items_[item].handle = {}; }

  bool IsDone() const { return unfinished_ == 0; }
  // REQUIRES: IsDone().  Frees the results as it goes.
  void FillAnswer(Answer* answer);

  uint64_t result_bytes() const { return result_bytes_; }
  void AppendHandles(std::vector<Handle>* handles) const;
  // Frees everything but the handles; nothing more is begun.
  void Abandon();

 private:
  static constexpr uint32_t kNone = ~uint32_t{0};

  struct Item {
    BatchOperation operation;
    uint32_t next_of_key = kNone;
    Handle handle;
    bool done = false;
    std::string result;
  };

  void Finish(uint32_t item, const Answer& answer);

  std::vector<Item> items_;
  std::deque<uint32_t> ready_;
  size_t unfinished_;
  uint64_t result_bytes_ = 0;
  bool is_full_ = false;  // A value did not fit.
  Instant begun_;
  Answer scratch_;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_BATCH_H_
