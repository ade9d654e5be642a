// One engine, alone in its ring, fed with hostile events: the input is a list
// of steps, each decoded totally, so that every input is a run.  No message,
// completion or order of them may break an invariant, hang a step, or leave a
// client unanswered once its deadline has passed.
//
// A step is one byte of kind, one of argument, and for the kinds that carry
// bytes a length and the bytes.  Digests of two runs of one input are equal.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/coding.h"
#include "core/base/hash.h"
#include "core/base/invariant.h"
#include "core/engine/engine.h"
#include "tests/core/engine/engine_bench.h"
#include "transport/wire/codec.h"

namespace orrery {

namespace {

constexpr size_t kStepsMax = 300;
// Until all clients are answered, and long enough for each timer that an idle
// node has.
constexpr int kPassesMin = 24;
constexpr int kPassesMax = 200;

class Run {
 public:
  bool Boot() { return bench_.Boot(); }

  void Feed(ByteView input) {
    for (size_t step = 0; step < kStepsMax && input.size() >= 2; ++step) {
      const auto kind = std::to_integer<uint8_t>(input[0]);
      const auto argument = std::to_integer<uint8_t>(input[1]);
      input = input.subspan(2);
      Perform(kind % 8, argument, &input);
    }
  }

  // Every client is answered once nothing but time is left.
  void Finish() {
    for (int pass = 0; pass < kPassesMax; ++pass) {
      if (pass >= kPassesMin && answered_ == asked_) break;
      bench_.Settle();
      bench_.Pass(200 * kMillisecond);
    }
    bench_.engine.CheckInvariants();
    // A failed sync of IDENTITY ends the process; the shell tells its clients.
    if (bench_.engine.state() == EngineState::kFailed) return;
    ORRERY_INVARIANT(answered_ == asked_);
  }

  uint64_t Digest() const {
    Hasher hasher;
    hasher.Add(hash_);
    hasher.Add(bench_.engine.StateDigest());
    return hasher.Value();
  }

 private:
  void Perform(uint8_t kind, uint8_t argument, ByteView* input) {
    switch (kind) {
      case 0:
        return bench_.Pass(kMillisecond * argument);
      case 1:
        if (!bench_.disk.IsIdle()) bench_.Deliver(bench_.disk.Perform());
        return;
      case 2:
        return Ask(argument, TakeBytes(input));
      case 3:
      case 4:
        return HearPeer(argument, TakeBytes(input));
      case 5:
        return HearDatagram(argument, TakeBytes(input));
      case 6:
        if (argument % 8 == 0) bench_.disk.FailNextSync(DiskError::kIo);
        if (argument % 8 == 1) bench_.disk.FailNextWrite(DiskError::kNoSpace);
        return;
      case 7: {
        Endpoint peer;
        peer.port = argument;
        return bench_.Deliver(PeerLinkEvent{peer, argument % 2 == 0});
      }
      default:
        return;
    }
  }

  ByteView TakeBytes(ByteView* input) {
    if (input->size() < 2) return {};
    const size_t wanted = LoadU16(input->data());
    *input = input->subspan(2);
    const size_t size = std::min(wanted, input->size());
    const ByteView bytes = input->first(size);
    *input = input->subspan(size);
    return bytes;
  }

  void Ask(uint8_t argument, ByteView bytes) {
    ClientRequest request;
    request.client = {++asked_, 1};
    request.verb =
        static_cast<ClientVerb>(1 + argument % (kClientVerbsEnd - 1));
    request.key = std::string(1, static_cast<char>('a' + argument / 4 % 4));
    request.write_level.kind = static_cast<Level::Kind>(argument / 16 % 4);
    request.read_level.kind = request.write_level.kind;
    request.sloppy = argument >= 128;
    request.limit = 10;
    if (request.verb == ClientVerb::kListKeys) request.key.clear();
    if (request.verb == ClientVerb::kPut) request.value = Bytes::CopyOf(bytes);
    if (request.verb == ClientVerb::kGet) request.cursor = Bytes::CopyOf(bytes);
    if (argument % 3 == 0) request.context = Bytes::CopyOf(bytes);
    bench_.Deliver(std::move(request));
  }

  void HearPeer(uint8_t argument, ByteView bytes) {
    std::optional<PeerMessage> message = DecodePeerMessage(bytes);
    if (!message.has_value()) return;
    if (argument % 4 != 0) {  // Past the checks that stand before every room.
      message->envelope.cluster = bench_.engine.cluster_id();
      message->envelope.epoch = bench_.engine.epoch();
      message->envelope.ring_hash = bench_.engine.ring_hash();
    }
    bench_.Deliver(PeerMessageEvent{*std::move(message)});
  }

  void HearDatagram(uint8_t argument, ByteView bytes) {
    std::optional<Datagram> datagram = DecodeDatagram(bytes);
    if (!datagram.has_value()) return;
    if (argument % 4 != 0) {
      datagram->header.cluster_tag = bench_.engine.cluster_id().Tag();
    }
    Endpoint source;
    source.port = 7002;
    bench_.Deliver(DatagramEvent{source, *std::move(datagram)});
  }

  void Watch(const Effects& effects) {
    for (const ReplyEffect& reply : effects.replies) {
      ORRERY_INVARIANT(bench_.engine.IsDurable(reply.promise));
      ++answered_;
    }
    Hasher hasher;
    hasher.Add(hash_);
    hasher.Add(uint64_t{effects.disk.size()});
    hasher.Add(uint64_t{effects.sends.size()});
    hasher.Add(uint64_t{effects.datagrams.size()});
    hasher.Add(uint64_t{effects.replies.size()});
    hash_ = hasher.Value();
  }

  EngineBench bench_{[this](const Effects& effects) { Watch(effects); }};
  uint32_t asked_ = 0;
  uint32_t answered_ = 0;
  uint64_t hash_ = 0;
};

uint64_t RunOnce(ByteView input) {
  Run run;
  ORRERY_INVARIANT(run.Boot());
  run.Feed(input);
  run.Finish();
  return run.Digest();
}

}  // namespace
}  // namespace orrery

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const orrery::ByteView input =
      std::as_bytes(std::span<const uint8_t>(data, size));
  const uint64_t digest = orrery::RunOnce(input);
  // One input in sixteen is run again: same events, same bytes.
  if (size % 16 == 0) ORRERY_INVARIANT(orrery::RunOnce(input) == digest);
  return 0;
}
