#include "core/version/causal_context.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/base/coding.h"
#include "core/base/hash.h"
#include "core/base/siphash.h"
#include "core/base/total_order.h"
#include "core/version/object_merge.h"
#include "core/version/version_vector.h"

namespace orrery {

namespace {

// First byte of a token: what it is, and the version of its layout.
constexpr uint8_t kContextKind = 1;
constexpr uint8_t kOperationKind = 2;

constexpr size_t kMacBytes = 16;
constexpr size_t kHeadBytes = 1 + 16 + 8;  // Kind, cluster, key hash.
constexpr size_t kDotBytesMax = 12 + kVarintBytesMax;
constexpr size_t kContextDotsMax =
    (kContextRawBytesMax - kHeadBytes - 8 - 3 - kMacBytes) / kDotBytesMax;

uint64_t KeyHash(std::string_view key) {
  Hasher hasher;
  hasher.AddText(key);
  return hasher.Value();
}

// The half of the MAC that `label` names.  One half would leave a forger that
// guesses 2^64 tags; two under different keys leave 2^128.
uint64_t MacHalf(const ClusterId& cluster, std::string_view label,
                 ByteView bytes) {
  const SipKey root{cluster.hi, cluster.lo};
  std::array<std::byte, 32> text{};
  const size_t size = std::min(label.size(), text.size() - 1);
  std::copy_n(ViewOf(label).data(), size, text.data() + 1);
  text[0] = std::byte{0};
  const uint64_t k0 = SipHash24(root, text);
  text[0] = std::byte{1};
  const uint64_t k1 = SipHash24(root, text);
  return SipHash24({k0, k1}, bytes);
}

void PutHead(uint8_t kind, const ClusterId& cluster, std::string_view key,
             BytesWriter& out) {
  out.PutU8(kind);
  out.PutU64(cluster.hi);
  out.PutU64(cluster.lo);
  out.PutU64(KeyHash(key));
}

Bytes Seal(const ClusterId& cluster, BytesWriter& out) {
  const ByteView sealed = out.view();
  const uint64_t first = MacHalf(cluster, "orrery.token.mac.a", sealed);
  const uint64_t second = MacHalf(cluster, "orrery.token.mac.b", sealed);
  out.PutU64(first);
  out.PutU64(second);
  return out.Finish();
}

// What stands between head and MAC, if both are right.
std::optional<Reader> Unseal(uint8_t kind, const ClusterId& cluster,
                             std::string_view key, ByteView token) {
  if (token.size() < kHeadBytes + kMacBytes) return std::nullopt;
  if (token.size() > kContextRawBytesMax) return std::nullopt;
  const ByteView sealed = token.first(token.size() - kMacBytes);
  const std::byte* mac = token.data() + sealed.size();
  if (LoadU64(mac) != MacHalf(cluster, "orrery.token.mac.a", sealed) ||
      LoadU64(mac + 8) != MacHalf(cluster, "orrery.token.mac.b", sealed)) {
    return std::nullopt;
  }
  BytesWriter head(kHeadBytes);
  PutHead(kind, cluster, key, head);
  if (TextOf(head.view()) != TextOf(sealed.first(kHeadBytes))) {
    return std::nullopt;
  }
  return Reader(sealed.subspan(kHeadBytes));
}

// Highest counters first to stay, in the order of actors.
VersionVector Shortened(const VersionVector& vv) {
  VersionVector kept = vv;
  if (kept.entries.size() <= kContextDotsMax) return kept;
  auto& entries = kept.entries;
  Sort(entries.begin(), entries.end(), [](const Dot& a, const Dot& b) {
    if (a.counter != b.counter) return a.counter > b.counter;
    return a.actor < b.actor;
  });
  entries.resize(kContextDotsMax);
  Sort(entries.begin(), entries.end());
  return kept;
}

}  // namespace

SeenVersions SeenOf(const Object& object) {
  return {.vv = object.vv, .stamp = TopStamp(object)};
}

Bytes SealContext(const ClusterId& cluster, std::string_view key,
                  const SeenVersions& seen) {
  const VersionVector vv = Shortened(seen.vv);
  BytesWriter out(kHeadBytes + 8 + 3 + vv.entries.size() * kDotBytesMax +
                  kMacBytes);
  PutHead(kContextKind, cluster, key, out);
  out.PutU64(seen.stamp);
  out.PutVarint(vv.entries.size());
  for (const Dot& dot : vv.entries) {
    out.PutU64(dot.actor.storage);
    out.PutU32(dot.actor.generation);
    out.PutVarint(dot.counter);
  }
  return Seal(cluster, out);
}

std::optional<SeenVersions> OpenContext(const ClusterId& cluster,
                                        std::string_view key, ByteView token) {
  std::optional<Reader> in = Unseal(kContextKind, cluster, key, token);
  if (!in.has_value()) return std::nullopt;
  SeenVersions seen;
  uint64_t count = 0;
  if (!in->ReadU64(&seen.stamp)) return std::nullopt;
  if (!in->ReadVarint(&count) || count > kContextDotsMax) return std::nullopt;
  for (uint64_t i = 0; i < count; ++i) {
    Dot dot;
    if (!in->ReadU64(&dot.actor.storage)) return std::nullopt;
    if (!in->ReadU32(&dot.actor.generation)) return std::nullopt;
    if (!in->ReadVarint(&dot.counter)) return std::nullopt;
    seen.vv.entries.push_back(dot);
  }
  if (!in->AtEnd() || !IsWellFormed(seen.vv)) return std::nullopt;
  if (seen.stamp > kStampMax) return std::nullopt;
  return seen;
}

Bytes SealOperation(const ClusterId& cluster, std::string_view key,
                    OperationId operation, uint64_t stamp) {
  BytesWriter out(kHeadBytes + 24 + kMacBytes);
  PutHead(kOperationKind, cluster, key, out);
  out.PutU64(operation.hi);
  out.PutU64(operation.lo);
  out.PutU64(stamp);
  return Seal(cluster, out);
}

std::optional<std::pair<OperationId, uint64_t>> OpenOperation(
    const ClusterId& cluster, std::string_view key, ByteView token) {
  std::optional<Reader> in = Unseal(kOperationKind, cluster, key, token);
  if (!in.has_value()) return std::nullopt;
  std::pair<OperationId, uint64_t> opened;
  if (!in->ReadU64(&opened.first.hi)) return std::nullopt;
  if (!in->ReadU64(&opened.first.lo)) return std::nullopt;
  if (!in->ReadU64(&opened.second) || !in->AtEnd()) return std::nullopt;
  return opened;
}

}  // namespace orrery
