// Hostile payloads and datagrams against the codec.  What it accepts must be a
// message that it would send: decode(encode(m)) == m.
//
// The first byte says how the rest is taken, so that lengths and checksums do
// not keep the fuzzer out of what lies behind them.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/invariant.h"
#include "transport/wire/codec.h"

namespace orrery {
namespace {

constexpr size_t kDatagramHeaderBytes = 48;

void CheckPayload(std::string_view payload) {
  const std::optional<PeerMessage> message = DecodePeerMessage(ViewOf(payload));
  if (!message.has_value()) return;
  std::string again;
  EncodePeerMessage(*message, &again);
  ORRERY_INVARIANT(DecodePeerMessage(ViewOf(again)) == message);
}

void CheckDatagram(std::string_view bytes) {
  const std::optional<Datagram> datagram = DecodeDatagram(ViewOf(bytes));
  if (!datagram.has_value()) return;
  std::string again;
  // What was accepted may have been encoded more tightly than we do.
  if (!EncodeDatagram(*datagram, &again)) return;
  ORRERY_INVARIANT(DecodeDatagram(ViewOf(again)) == datagram);
}

// One byte: how many of the last bytes are values; the rest is the body.
std::string PayloadOf(std::string_view input) {
  const size_t wanted = static_cast<uint8_t>(input[0]);
  input.remove_prefix(1);
  const size_t values = std::min(wanted, input.size());
  std::string payload(4, '\0');
  StoreU32(reinterpret_cast<std::byte*>(payload.data()),
           static_cast<uint32_t>(input.size() - values));
  payload += input;
  return payload;
}

// Header and body as given, but for magic, version and flags; then a trailer
// that fits.
std::string DatagramOf(std::string_view input) {
  std::string bytes(input);
  bytes.resize(std::max(bytes.size(), kDatagramHeaderBytes));
  bytes.replace(0, 4, std::string_view("OG\x01\0", 4));
  const uint32_t checksum = Crc32c(ViewOf(bytes));
  bytes.append(16, '\0');
  StoreU32(reinterpret_cast<std::byte*>(bytes.data() + bytes.size() - 16),
           checksum);
  return bytes;
}

void Run(std::string_view input) {
  if (input.size() < 2) return;
  const auto kind = static_cast<uint8_t>(input[0]);
  input.remove_prefix(1);
  switch (kind % 4) {
    case 0:
      return CheckPayload(input);
    case 1:
      return CheckPayload(PayloadOf(input));
    case 2:
      return CheckDatagram(input);
    default:
      return CheckDatagram(DatagramOf(input));
  }
}

}  // namespace
}  // namespace orrery

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  orrery::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
