// transport/http/session.h
//
// Session is one connection's conversation without its socket: bytes in,
// requests out, answers in, bytes out.  It reads heads and bodies, answers in
// the order of the requests however the core's replies arrive, and says when
// the client was too slow.
//
// It does not know file descriptors; HttpServer moves the bytes.
//
// Invariants:
//   SES-1  Responses leave in the order of their requests.
//   SES-2  At most kPipelinedMax requests are unanswered, and none is begun
//          while kUnsentBytesMax wait to be sent, or kPipelinedUnsentMax are
//          unanswered and kUnsentBytesLow wait; nothing is parsed then, and
//          WantsRead() is false.  A batch is the last until it is answered,
//          and of its operations no more are in the core than make
//          kPipelinedMax with the requests before it.
//   SES-3  After a response that closes, nothing more is parsed or answered.
//   SES-4  The host has been told of all memory that unsent answers hold, as
//          allocated, when a call returns; without any, at most kKeptBytesMax
//          are kept of each buffer.
//
// Threading: the server's thread.  OnReply may be called inside Host::Submit.
// Cost: no allocation per request once the buffers have grown, but for what a
// request owns (a long key, its value).

#ifndef ORRERY_TRANSPORT_HTTP_SESSION_H_
#define ORRERY_TRANSPORT_HTTP_SESSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/client.h"
#include "transport/http/answer.h"
#include "transport/http/batch.h"
#include "transport/http/chunk_decoder.h"
#include "transport/http/framing_guard.h"
#include "transport/http/intake.h"
#include "transport/http/reply_queue.h"
#include "transport/http/request_head.h"
#include "transport/http/router.h"

namespace orrery {

// A client that sends more before reading is a batch job; its kernel buffers.
inline constexpr uint32_t kPipelinedMax = 64;
// How many may be unanswered when the client is already slow to read: large
// answers come in company, and each is held until its turn.
inline constexpr uint32_t kPipelinedUnsentMax = 4;
inline constexpr size_t kUnsentBytesLow = 64 << 10;
// Unsent answers of one connection; what was begun before comes on top.
inline constexpr size_t kUnsentBytesMax = 1 << 20;
// Of a buffer between requests, and of each answer that waited in the queue:
// what usual answers need, so that a large one is not paid for ever after.
inline constexpr size_t kKeptBytesMax = 16 << 10;
inline constexpr size_t kKeptReplyBytesMax = 512;

// CONTRACT section 3, 408; and how long an idle connection is kept.
inline constexpr Duration kHeadTimeout = 10 * kSecond;
inline constexpr Duration kBodyProgressTimeout = 10 * kSecond;
inline constexpr Duration kBodyTimeout = 60 * kSecond;
inline constexpr Duration kIdleTimeout = 120 * kSecond;
inline constexpr Duration kWriteTimeout = 30 * kSecond;

// Whose reply it is, within one session.
struct ReplyAddress {
  uint32_t sequence = 0;  // Of the request.
  uint32_t item = 0;      // Of a batch: which operation.
};

class Session {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    virtual Router& router() = 0;
    virtual std::string_view Date() = 0;
    virtual bool IsStopping() const = 0;
    // Room for the bodies of all sessions together; what is reserved is
    // released.  False: there is none.
    virtual bool ReserveBody(uint64_t bytes) = 0;
    virtual void ReleaseBody(uint64_t bytes) = 0;
    virtual void OnAnswered(int status) = 0;
    // The memory of the session's unsent answers changed.  The host may
    // Abandon any session at once, this one too.
    virtual void OnAnswerBytes(uint64_t before, uint64_t after) = 0;
    // Nothing if too many requests are in flight.
    virtual std::optional<Handle> MintHandle(Session& session,
                                             ReplyAddress address) = 0;
    virtual void Submit(ClientRequest request) = 0;
  };

  Session(Host& host, Instant now);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Where the next bytes go, and how many came.  An empty span or zero bytes
  // never end the session; OnPeerClosed does.
  std::span<char> ReadSpace();
  void OnRead(size_t bytes, Instant now);
  void OnPeerClosed();

  // The core's reply to what that handle was minted for.
  void OnReply(ReplyAddress address, const ClientReply& reply);

  std::string_view Unsent() const;
  void OnSent(size_t bytes, Instant now);

  // Ends a request that came too slowly, or the session.
  void OnSweep(Instant now);

  // Ends the session without another word and frees what its answers hold.
  // Later replies are dropped.
  void Abandon();
  bool is_abandoned() const { return abandoned_; }
  // As last told to the host.
  uint64_t answer_bytes() const { return answer_bytes_; }

  bool WantsRead() const;
  // Parsing goes on with what is buffered, if a pause ended, and a batch with
  // what it may begin; else nothing happens.  To be called after every OnSent
  // and OnReply.
  void Resume(Instant now);
  // Resume would do something.
  bool WantsResume() const { return WantsRead() || MayBeginOfBatch(); }
  // Everything is said; the connection is to be closed.
  bool IsFinished() const;
  bool peer_closed() const { return peer_closed_; }
  bool HasUnanswered() const { return !replies_.empty(); }
  // Handles whose replies will find nobody once the session is gone.
  std::vector<Handle> HandlesInFlight() const;

 private:
  enum class Phase : uint8_t {
    kHead = 1,
    kBody = 2,
    kChunks = 3,
    kDiscard = 4,
    kClosed = 5,  // Nothing more is parsed.
  };

  void Parse(Instant now);
  bool ParseOne(Instant now);
  bool ParseHeadBytes(Instant now);
  bool SkipBlankLine();
  void RefuseHead(Framing verdict);
  void OpenRequest(const RequestHead& head, Instant now);
  void BeginBody(const RequestHead& head, Instant now);
  bool ReserveBodyUpTo(uint64_t bytes);
  void SkipBody(const RequestHead& head, const Answer& refusal);
  bool ParseBody(Instant now);
  bool ParseChunks(Instant now);
  bool ParseDiscard();
  void FinishRequest(const RequestBody& body, Instant now);
  void EndBody();

  bool MayBeginOfBatch() const;
  void BeginBatch(Instant now);
  void RunBatch(Instant now);
  bool RefuseOfBatch(uint32_t item, Instant now);
  void BeginOfBatch(uint32_t item);
  void OnBatchReply(uint32_t item, const ClientReply& reply);
  void FinishBatch();
  void EndBatch();

  void AnswerNow(const Answer& answer, bool closes);
  void AnswerError(int status, std::string_view message, bool closes);
  uint32_t PushReply(bool closes);
  void CloseAfter(PendingReply* last);
  void CompleteReply(uint32_t sequence, const Answer& answer);
  void MoveDone();
  void SendContinue();
  void TellAnswerBytes();
  AfterAnswer After(bool closes) const;

  std::string_view Buffered() const;
  void Consume(size_t bytes);
  void MakeRoom();

  Host& host_;
  Phase phase_ = Phase::kHead;
  Instant phase_since_;
  Instant progress_at_;
  Instant written_at_;
  bool peer_closed_ = false;
  bool finished_ = false;
  bool abandoned_ = false;
  bool paused_ = false;  // Was not read; the client is not to be timed.

  std::vector<char> in_;
  size_t in_begin_ = 0;
  size_t in_end_ = 0;

  FramingGuard guard_;
  bool blank_line_skipped_ = false;
  Intake intake_;
  bool http11_ = true;
  bool keep_alive_ = true;
  bool head_only_ = false;
  bool owes_continue_ = false;

  uint64_t body_bytes_ = 0;     // Of the whole body, if its length is known.
  uint64_t body_received_ = 0;  // Into body_data_.
  std::byte* body_data_ = nullptr;
  Bytes body_;
  uint64_t body_reserved_ = 0;
  std::optional<ChunkDecoder> chunks_;
  std::string chunk_text_;

  ReplyQueue replies_;
  uint32_t in_core_ = 0;  // Handles whose reply has not come.
  // The newest request, if it is a batch; nothing is parsed behind it.
  std::unique_ptr<Batch> batch_;
  uint32_t batch_sequence_ = 0;
  uint64_t batch_reserved_ = 0;  // Of its body; what waits is no larger.
  Answer scratch_;
  std::string out_;
  size_t out_sent_ = 0;
  size_t waiting_bytes_ = 0;  // Capacity of the done answers in replies_.
  uint64_t answer_bytes_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_SESSION_H_
