#include "transport/http/session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/invariant.h"
#include "transport/http/ascii.h"

namespace orrery {
namespace {

// One read; most requests fit whole.
constexpr size_t kReadBytes = 16 << 10;
// A refused request's body up to this size is read past, so that the
// connection can go on; a larger one costs the connection.
constexpr uint64_t kDiscardBytesMax = 1 << 20;

constexpr std::string_view kBodyTooLarge =
    "the body is larger than any value may be";
constexpr std::string_view kBatchTooLarge =
    "the body is larger than that of a batch may be";
constexpr std::string_view kTooManyBodyBytes =
    "this node has too many bytes of requests in flight";

int StatusOf(Framing verdict) {
  switch (verdict) {
    case Framing::kRequestLineTooLong:
      return 414;
    case Framing::kHeadTooLarge:
      return 431;
    case Framing::kVersionUnsupported:
      return 505;
    case Framing::kMalformed:
    case Framing::kNeedMore:
    case Framing::kComplete:
      return 400;
  }
  return 400;
}

std::string_view TooLargeText(Route route) {
  return route == Route::kBatch ? kBatchTooLarge : kBodyTooLarge;
}

void DropIfLarge(std::string* buffer) {
  if (buffer->capacity() > kKeptBytesMax) std::string().swap(*buffer);
}

}  // namespace

Session::Session(Host& host, Instant now)
    : host_(host), phase_since_(now), progress_at_(now), written_at_(now) {}

Session::~Session() {
  EndBody();
  EndBatch();
  host_.OnAnswerBytes(answer_bytes_, 0);
}

std::span<char> Session::ReadSpace() {
  if (phase_ == Phase::kBody && body_data_ != nullptr && in_begin_ == in_end_) {
    return {reinterpret_cast<char*>(body_data_ + body_received_),
            static_cast<size_t>(body_bytes_ - body_received_)};
  }
  MakeRoom();
  return {in_.data() + in_end_, in_.size() - in_end_};
}

void Session::OnRead(size_t bytes, Instant now) {
  if (bytes == 0) return;
  progress_at_ = now;
  const bool into_body =
      phase_ == Phase::kBody && body_data_ != nullptr && in_begin_ == in_end_;
  if (phase_ == Phase::kHead && in_begin_ == in_end_) phase_since_ = now;
  (into_body ? body_received_ : in_end_) += bytes;
  Parse(now);
}

void Session::OnPeerClosed() {
  peer_closed_ = true;
  phase_ = Phase::kClosed;
  EndBody();
  if (replies_.empty() && Unsent().empty()) finished_ = true;
}

void Session::Resume(Instant now) {
  RunBatch(now);
  Parse(now);
}

bool Session::WantsRead() const {
  if (phase_ == Phase::kClosed || batch_ != nullptr) return false;
  const size_t unsent = Unsent().size() + waiting_bytes_;
  if (unsent >= kUnsentBytesMax) return false;
  return replies_.size() <
         (unsent >= kUnsentBytesLow ? kPipelinedUnsentMax : kPipelinedMax);
}

void Session::Parse(Instant now) {
  if (paused_ && WantsRead()) phase_since_ = progress_at_ = now;
  while (WantsRead() && ParseOne(now)) {
  }
  paused_ = !WantsRead();
  if (in_begin_ < in_end_) return;
  in_begin_ = in_end_ = 0;
  if (in_.size() > 2 * kReadBytes) std::vector<char>().swap(in_);
}

// True: something was taken from the buffer, try again.
bool Session::ParseOne(Instant now) {
  switch (phase_) {
    case Phase::kHead:
      return ParseHeadBytes(now);
    case Phase::kBody:
      return ParseBody(now);
    case Phase::kChunks:
      return ParseChunks(now);
    case Phase::kDiscard:
      return ParseDiscard();
    case Phase::kClosed:
      return false;
  }
  return false;
}

bool Session::ParseHeadBytes(Instant now) {
  if (Buffered().empty() || !SkipBlankLine()) return false;
  const Framing verdict = guard_.Scan(Buffered());
  if (verdict == Framing::kNeedMore) return false;
  if (verdict != Framing::kComplete) {
    RefuseHead(verdict);
    return false;
  }
  RequestHead head;
  const bool parsed =
      ParseHead(Buffered().substr(0, guard_.head_bytes()), &head) &&
      head.chunked == guard_.is_chunked() &&
      head.content_length == guard_.content_length();
  if (!parsed) {
    AnswerError(400, "the request head is malformed", true);
    return false;
  }
  const size_t head_bytes = guard_.head_bytes();
  http11_ = head.http11;
  keep_alive_ = head.keep_alive;
  head_only_ = head.method == HttpMethod::kHead;
  guard_.Reset();
  blank_line_skipped_ = false;
  OpenRequest(head, now);
  Consume(head_bytes);
  if (phase_ == Phase::kHead) phase_since_ = now;
  return true;
}

// Some clients end a body with one CRLF too many.  False: it may be one yet.
bool Session::SkipBlankLine() {
  if (blank_line_skipped_ || !guard_.IsFresh()) return true;
  if (Buffered() == "\r") return false;
  if (!Buffered().starts_with("\r\n")) return true;
  Consume(2);
  blank_line_skipped_ = true;
  return !Buffered().empty();
}

void Session::RefuseHead(Framing verdict) {
  http11_ = true;
  head_only_ = false;
  AnswerError(StatusOf(verdict), guard_.reason(), true);
}

void Session::OpenRequest(const RequestHead& head, Instant now) {
  scratch_.Clear();
  if (!host_.router().Open(head, &intake_, &scratch_)) {
    return SkipBody(head, scratch_);
  }
  if (head.expect.has_value() &&
      !EqualsIgnoreCase(*head.expect, "100-continue")) {
    FillError(417, "the only expectation met here is 100-continue", &scratch_);
    return SkipBody(head, scratch_);
  }
  if (head.content_length > intake_.body_bytes_max) {
    FillError(413, TooLargeText(intake_.route), &scratch_);
    return SkipBody(head, scratch_);
  }
  if (!head.HasBody()) return FinishRequest({}, now);
  BeginBody(head, now);
}

void Session::BeginBody(const RequestHead& head, Instant now) {
  // Room is reserved as the bytes come: a length costs a client nothing to
  // declare.
  body_bytes_ = head.content_length;
  phase_since_ = now;
  phase_ = head.chunked ? Phase::kChunks : Phase::kBody;
  if (head.chunked) {
    chunks_.emplace(intake_.body_bytes_max);
    chunk_text_.clear();
  }
  if (head.expect.has_value() && http11_) {
    owes_continue_ = true;
    MoveDone();
  }
}

bool Session::ReserveBodyUpTo(uint64_t bytes) {
  if (bytes <= body_reserved_) return true;
  if (!host_.ReserveBody(bytes - body_reserved_)) return false;
  body_reserved_ = bytes;
  return true;
}

// Answers at once; then the body is read past, or the connection ends.
void Session::SkipBody(const RequestHead& head, const Answer& refusal) {
  const bool skips = !head.chunked && !head.expect.has_value() &&
                     head.content_length <= kDiscardBytesMax;
  AnswerNow(refusal, head.HasBody() && !skips);
  if (phase_ == Phase::kClosed || head.content_length == 0) return;
  body_bytes_ = head.content_length;
  phase_since_ = progress_at_;
  phase_ = Phase::kDiscard;
}

bool Session::ParseBody(Instant now) {
  owes_continue_ = owes_continue_ && Buffered().empty();
  const size_t take = static_cast<size_t>(
      std::min<uint64_t>(body_bytes_ - body_received_, Buffered().size()));
  if (!ReserveBodyUpTo(body_received_ + take)) {
    AnswerError(503, kTooManyBodyBytes, true);
    return false;
  }
  if (body_data_ == nullptr) {
    if (take == 0) return false;
    if (take == body_bytes_) {
      phase_ = Phase::kHead;
      FinishRequest({Buffered().substr(0, take), {}}, now);
      Consume(take);
      phase_since_ = progress_at_;
      return true;
    }
    // The whole at once, so that it is read in place; pages that no byte has
    // come for are not there yet.
    body_ = Bytes::Allocate(static_cast<size_t>(body_bytes_), &body_data_);
  }
  if (take > 0) {
    std::memcpy(body_data_ + body_received_, Buffered().data(), take);
  }
  body_received_ += take;
  Consume(take);
  if (body_received_ < body_bytes_) return false;
  phase_ = Phase::kHead;
  phase_since_ = progress_at_;
  FinishRequest({body_.text(), body_}, now);
  return true;
}

bool Session::ParseChunks(Instant now) {
  std::string_view input = Buffered();
  owes_continue_ = owes_continue_ && input.empty();
  const size_t before = input.size();
  const ChunkDecoder::Verdict verdict = chunks_->Feed(&input, &chunk_text_);
  Consume(before - input.size());
  if (!ReserveBodyUpTo(chunk_text_.size())) {
    AnswerError(503, kTooManyBodyBytes, true);
    return false;
  }
  switch (verdict) {
    case ChunkDecoder::Verdict::kNeedMore:
      return false;
    case ChunkDecoder::Verdict::kMalformed:
      AnswerError(400, "the chunked body is malformed", true);
      return false;
    case ChunkDecoder::Verdict::kTooLarge:
      AnswerError(413, TooLargeText(intake_.route), true);
      return false;
    case ChunkDecoder::Verdict::kComplete:
      phase_ = Phase::kHead;
      phase_since_ = progress_at_;
      FinishRequest({chunk_text_, {}}, now);
      return true;
  }
  return false;
}

bool Session::ParseDiscard() {
  const size_t take =
      static_cast<size_t>(std::min<uint64_t>(body_bytes_, Buffered().size()));
  Consume(take);
  body_bytes_ -= take;
  if (body_bytes_ > 0) return false;
  phase_ = Phase::kHead;
  phase_since_ = progress_at_;
  return true;
}

void Session::FinishRequest(const RequestBody& body, Instant now) {
  scratch_.Clear();
  const bool for_core = host_.router().Finish(body, &intake_, &scratch_);
  if (for_core && intake_.route == Route::kBatch) {
    batch_reserved_ = std::exchange(body_reserved_, 0);
  }
  EndBody();
  if (!for_core) return AnswerNow(scratch_, false);
  if (intake_.route == Route::kBatch) return BeginBatch(now);
  const uint32_t sequence = PushReply(false);
  const std::optional<Handle> handle = host_.MintHandle(*this, {sequence, 0});
  if (!handle.has_value()) {
    FillClientAnswer(Refused{.why = Refused::Why::kOverloaded}, {}, &scratch_);
    return CompleteReply(sequence, scratch_);
  }
  PendingReply& pending = *replies_.Find(sequence);
  pending.handle = *handle;
  ++in_core_;
  pending.plan = std::move(intake_.plan);
  intake_.request.client = *handle;
  host_.Submit(std::move(intake_.request));
}

// Drops what the body held.
void Session::EndBody() {
  if (body_reserved_ > 0) host_.ReleaseBody(body_reserved_);
  body_reserved_ = 0;
  body_ = Bytes();
  body_data_ = nullptr;
  body_received_ = 0;
  owes_continue_ = false;
  chunks_.reset();
  // A large one is the exception; its memory is not kept for the next.
  if (chunk_text_.capacity() > kKeptBytesMax) std::string().swap(chunk_text_);
}

AfterAnswer Session::After(bool closes) const {
  if (closes || !keep_alive_ || host_.IsStopping()) return AfterAnswer::kClose;
  return http11_ ? AfterAnswer::kKeep : AfterAnswer::kKeepHttp10;
}

uint32_t Session::PushReply(bool closes) {
  const uint32_t sequence = replies_.Push();
  PendingReply& pending = *replies_.Find(sequence);
  pending.head_only = head_only_;
  pending.after = After(closes);
  if (pending.after == AfterAnswer::kClose) CloseAfter(&pending);
  return sequence;
}

// REQUIRES: `last` is the newest request.
void Session::CloseAfter(PendingReply* last) {  // SES-3
  last->after = AfterAnswer::kClose;
  phase_ = Phase::kClosed;
  EndBody();
}

void Session::AnswerNow(const Answer& answer, bool closes) {
  CompleteReply(PushReply(closes), answer);
}

void Session::AnswerError(int status, std::string_view message, bool closes) {
  FillError(status, message, &scratch_);
  AnswerNow(scratch_, closes);
}

void Session::OnReply(ReplyAddress address, const ClientReply& reply) {
  ORRERY_INVARIANT(in_core_ > 0);
  --in_core_;
  const uint32_t sequence = address.sequence;
  if (batch_ != nullptr && sequence == batch_sequence_) {
    return OnBatchReply(address.item, reply);
  }
  PendingReply* pending = replies_.Find(sequence);
  ORRERY_INVARIANT(pending != nullptr);
  pending->handle = {};
  if (abandoned_) return;
  scratch_.Clear();
  FillClientAnswer(reply, pending->plan, &scratch_);
  CompleteReply(sequence, scratch_);
}

void Session::CompleteReply(uint32_t sequence, const Answer& answer) {
  PendingReply* pending = replies_.Find(sequence);
  ORRERY_INVARIANT(pending != nullptr);
  ORRERY_INVARIANT(!pending->done);
  host_.OnAnswered(answer.status);
  if (host_.IsStopping() && replies_.size() == 1) CloseAfter(pending);
  const AnswerFrame frame{host_.Date(), pending->head_only, pending->after};
  if (sequence == replies_.first_sequence() &&  // SES-1
      Unsent().size() < kUnsentBytesMax) {
    AppendAnswer(answer, frame, &out_);
    replies_.PopFront();
  } else {
    AppendAnswer(answer, frame, &pending->bytes);
    pending->done = true;
    waiting_bytes_ += pending->bytes.capacity();
  }
  DropIfLarge(&scratch_.body);
  DropIfLarge(&scratch_.headers);
  MoveDone();
}

// The answers whose turn it is, as far as the client reads: `out_` is one
// piece and may double when it grows, so it stays small.
void Session::MoveDone() {
  if (abandoned_) return;
  while (!replies_.empty() && replies_.Front().done &&
         Unsent().size() < kUnsentBytesMax) {
    std::string& bytes = replies_.Front().bytes;
    waiting_bytes_ -= bytes.capacity();
    if (out_.empty()) {
      out_.swap(bytes);
    } else {
      out_.append(bytes);
    }
    if (bytes.capacity() > kKeptReplyBytesMax) std::string().swap(bytes);
    replies_.PopFront();
  }
  SendContinue();
  TellAnswerBytes();
}

void Session::TellAnswerBytes() {  // SES-4
  const uint64_t bytes = waiting_bytes_ +
                         (batch_ == nullptr ? 0 : batch_->result_bytes()) +
                         (out_.empty() ? 0 : out_.capacity());
  const uint64_t before = std::exchange(answer_bytes_, bytes);
  if (before != bytes) host_.OnAnswerBytes(before, bytes);
}

// A 100 stands after the answers of all earlier requests.
void Session::SendContinue() {
  if (!owes_continue_ || !replies_.empty()) return;
  owes_continue_ = false;
  out_.append("HTTP/1.1 100 Continue\r\n\r\n");
}

std::string_view Session::Unsent() const {
  return std::string_view(out_).substr(out_sent_);
}

void Session::OnSent(size_t bytes, Instant now) {
  out_sent_ += bytes;
  written_at_ = now;
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
    DropIfLarge(&out_);
  } else if (out_sent_ >= kKeptBytesMax && out_sent_ >= out_.size() / 2) {
    // A client that never reads all must not make this grow for ever; what is
    // copied is less than what was sent.
    out_ = std::string(out_, out_sent_);
    out_sent_ = 0;
  }
  MoveDone();
  if (!Unsent().empty()) return;
  if (phase_ == Phase::kClosed && replies_.empty()) finished_ = true;
}

void Session::Abandon() {
  phase_ = Phase::kClosed;
  abandoned_ = true;
  finished_ = true;
  EndBody();
  std::string().swap(out_);
  out_sent_ = 0;
  replies_.DropBytes();
  if (batch_ != nullptr) batch_->Abandon();
  host_.ReleaseBody(std::exchange(batch_reserved_, 0));
  waiting_bytes_ = 0;
  TellAnswerBytes();
}

bool Session::IsFinished() const { return finished_; }

void Session::OnSweep(Instant now) {
  if (!WantsRead()) paused_ = true;
  if (!Unsent().empty()) {
    if (now - written_at_ > kWriteTimeout) finished_ = true;
    return;
  }
  written_at_ = now;
  const Duration in_phase = now - phase_since_;
  switch (phase_) {
    case Phase::kHead:
      if (in_begin_ == in_end_) {
        const bool idle = replies_.empty() && now - progress_at_ > kIdleTimeout;
        if (idle || (host_.IsStopping() && replies_.empty())) finished_ = true;
      } else if (!paused_ && in_phase > kHeadTimeout) {
        keep_alive_ = false;
        head_only_ = false;
        AnswerError(408, "the headers took longer than 10 s", true);
      }
      return;
    case Phase::kBody:
    case Phase::kChunks:
      if (paused_) return;
      if (now - progress_at_ > kBodyProgressTimeout) {
        AnswerError(408, "the body made no progress for 10 s", true);
      } else if (in_phase > kBodyTimeout) {
        AnswerError(408, "the body took longer than 60 s", true);
      }
      return;
    case Phase::kDiscard:  // Answered already.
      if (paused_) return;
      if (now - progress_at_ > kBodyProgressTimeout ||
          in_phase > kBodyTimeout) {
        finished_ = true;
      }
      return;
    case Phase::kClosed:
      return;
  }
}

std::vector<Handle> Session::HandlesInFlight() const {
  std::vector<Handle> handles;
  replies_.ForEach([&](const PendingReply& pending) {
    if (!pending.handle.IsNone()) handles.push_back(pending.handle);
  });
  if (batch_ != nullptr) batch_->AppendHandles(&handles);
  return handles;
}

std::string_view Session::Buffered() const {
  return {in_.data() + in_begin_, in_end_ - in_begin_};
}

void Session::Consume(size_t bytes) {
  in_begin_ += bytes;
  ORRERY_INVARIANT(in_begin_ <= in_end_);
}

void Session::MakeRoom() {
  if (in_.size() - in_end_ >= kReadBytes / 2) return;
  if (in_begin_ > 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  // Grows to a whole head and one read at most: a body that does not fit goes
  // to its own buffer.
  if (in_.size() - in_end_ < kReadBytes / 2) in_.resize(in_end_ + kReadBytes);
}

}  // namespace orrery
