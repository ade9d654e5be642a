// Bytes of a connection, cut anywhere, against the whole way in: framing
// guard, head parser, chunk decoder, router, envelopes.  The first byte says
// how the rest is cut; the core's replies come at once or late.
//
// Checks that the answer does not depend on the cut (FRG-1, CHK-1) and that
// what reaches the core is within the limits it asserts.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "core/base/invariant.h"
#include "core/protocol/limits.h"
#include "tests/transport/http/fake_node.h"
#include "transport/http/session.h"

namespace orrery {
namespace {

constexpr Instant kNow{1};

void CheckRequest(const ClientRequest& request) {
  ORRERY_INVARIANT(request.key.size() <= kKeyBytesMax);
  ORRERY_INVARIANT(request.value.size() <= kValueBytesMaxDefault);
  ORRERY_INVARIANT(request.context.size() <= kContextBytesMax);
  if (request.verb == ClientVerb::kListKeys) {
    ORRERY_INVARIANT(request.limit >= 1);
    ORRERY_INVARIANT(request.limit <= kListLimitMax);
  } else if (!IsForStorage(request.verb)) {
    ORRERY_INVARIANT(!request.key.empty());
  }
}

std::string Run(std::string_view bytes, size_t cut) {
  FakeHost host;
  Session session(host, kNow);
  host.answers_at_once = &session;
  std::string sent;
  while (!bytes.empty() && session.WantsRead()) {
    const std::span<char> space = session.ReadSpace();
    const size_t take = std::min({space.size(), bytes.size(), cut});
    ORRERY_INVARIANT(take > 0);
    std::memcpy(space.data(), bytes.data(), take);
    bytes.remove_prefix(take);
    session.OnRead(take, kNow);
    sent.append(session.Unsent());
    session.OnSent(session.Unsent().size(), kNow);
    session.Resume(kNow);
  }
  sent.append(session.Unsent());
  for (const ClientRequest& request : host.requests) CheckRequest(request);
  return sent;
}

}  // namespace
}  // namespace orrery

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1,
                               size - 1);
  // A 100 Continue is sent or not by what has arrived, so it may differ.
  const bool expects = bytes.find("xpect") != std::string_view::npos ||
                       bytes.find("XPECT") != std::string_view::npos;
  const std::string whole = orrery::Run(bytes, bytes.size());
  const std::string in_parts = orrery::Run(bytes, 1 + data[0] % 64);
  ORRERY_INVARIANT(expects || whole == in_parts);
  return 0;
}
