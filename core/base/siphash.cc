#include "core/base/siphash.h"

#include <bit>
#include <cstddef>

#include "core/base/coding.h"

namespace orrery {
namespace {

struct SipState {
  uint64_t v0, v1, v2, v3;

  explicit SipState(SipKey key)
      : v0(key.k0 ^ 0x736f6d6570736575ULL),
        v1(key.k1 ^ 0x646f72616e646f6dULL),
        v2(key.k0 ^ 0x6c7967656e657261ULL),
        v3(key.k1 ^ 0x7465646279746573ULL) {}

  void Round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
};

template <int kCompressionRounds, int kFinalRounds>
uint64_t SipHash(SipKey key, ByteView bytes) {
  SipState state(key);
  const auto absorb = [&state](uint64_t word) {
    state.v3 ^= word;
    for (int i = 0; i < kCompressionRounds; ++i) state.Round();
    state.v0 ^= word;
  };

  const size_t whole = bytes.size() / 8;
  for (size_t i = 0; i < whole; ++i) absorb(LoadU64(bytes.data() + i * 8));

  absorb(uint64_t{bytes.size()} << 56 | LoadPartial(bytes.subspan(whole * 8)));

  state.v2 ^= 0xff;
  for (int i = 0; i < kFinalRounds; ++i) state.Round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace

uint64_t SipHash13(SipKey key, ByteView bytes) {
  return SipHash<1, 3>(key, bytes);
}

uint64_t SipHash24(SipKey key, ByteView bytes) {
  return SipHash<2, 4>(key, bytes);
}

}  // namespace orrery
