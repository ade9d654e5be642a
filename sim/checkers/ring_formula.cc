#include "sim/checkers/ring_formula.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <string>

#include "core/base/total_order.h"
#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

constexpr uint64_t kFirst = 0x87c37b91114253d5ULL;
constexpr uint64_t kSecond64 = 0x4cf5ad432745937fULL;

// Up to eight bytes, the first one lowest.
uint64_t LittleEndian(std::string_view bytes) {
  uint64_t word = 0;
  for (size_t i = bytes.size(); i > 0; --i) {
    word = word << 8 | static_cast<uint8_t>(bytes[i - 1]);
  }
  return word;
}

uint64_t Scatter(uint64_t word, uint64_t by, int turn, uint64_t again) {
  return std::rotl(word * by, turn) * again;
}

uint64_t Finish(uint64_t word) {
  word = (word ^ (word >> 33)) * 0xff51afd7ed558ccdULL;
  word = (word ^ (word >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return word ^ (word >> 33);
}

void ReportRing(std::string sentence, Instant at, uint32_t key,
                Verdict* verdict) {
  Report(verdict, {.oracle = "O20",
                   .property = "ring-formula",
                   .sentence = std::move(sentence),
                   .op = 0,
                   .key = key,
                   .at = at});
}

std::vector<uint32_t> MembersOf(const std::vector<RingToken>& tokens) {
  std::vector<uint32_t> members;
  for (const RingToken& token : tokens) members.push_back(token.node);
  Sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  return members;
}

std::string InOrder(const std::vector<uint32_t>& nodes) {
  std::string text;
  for (const uint32_t node : nodes) {
    text += (text.empty() ? "" : ", ") + NodeText(node);
  }
  return text.empty() ? "nobody" : text;
}

// What the formula makes of the members of that ring.
const std::vector<RingToken>* FormulaOf(
    const std::vector<std::vector<RingToken>>& formulas,
    const Evidence& evidence, uint64_t ring_hash) {
  for (size_t i = 0; i < evidence.rings.size(); ++i) {
    if (evidence.rings[i].hash == ring_hash) return &formulas[i];
  }
  return nullptr;
}

void CheckOwners(const Evidence& evidence, const OwnersSeen& seen,
                 const std::vector<RingToken>& tokens, Verdict* verdict) {
  ++verdict->checked;
  const std::vector<uint32_t> owners =
      FormulaOwners(tokens, FormulaHash(KeyText(seen.key)),
                    evidence.config.engine.replication);
  if (owners == seen.owners) return;
  ReportRing(NodeText(seen.node) + " takes " + InOrder(seen.owners) +
                 " for the owners of " + KeyText(seen.key) + " at " +
                 SecondsText(seen.at) + "; by the formula they are " +
                 InOrder(owners) + ".",
             seen.at, seen.key, verdict);
}

}  // namespace

uint64_t FormulaHash(std::string_view text) {
  const size_t length = text.size();
  uint64_t one = 0;
  uint64_t two = 0;
  while (text.size() >= 16) {
    one ^= Scatter(LittleEndian(text.substr(0, 8)), kFirst, 31, kSecond64);
    one = (std::rotl(one, 27) + two) * 5 + 0x52dce729;
    two ^= Scatter(LittleEndian(text.substr(8, 8)), kSecond64, 33, kFirst);
    two = (std::rotl(two, 31) + one) * 5 + 0x38495ab5;
    text.remove_prefix(16);
  }
  if (text.size() > 8) {
    two ^= Scatter(LittleEndian(text.substr(8)), kSecond64, 33, kFirst);
  }
  one ^= Scatter(LittleEndian(text.substr(0, 8)), kFirst, 31, kSecond64);
  one ^= length;
  two ^= length;
  one += two;
  two += one;
  return Finish(one) + Finish(two);
}

std::vector<RingToken> FormulaTokens(const std::vector<uint32_t>& members,
                                     uint32_t vnodes) {
  std::vector<RingToken> tokens;
  for (const uint32_t member : members) {
    for (uint32_t i = 0; i < vnodes; ++i) {
      tokens.push_back(
          {FormulaHash(NodeText(member) + "#vnode" + std::to_string(i)),
           member});
    }
  }
  Sort(tokens.begin(), tokens.end(),
       [](const RingToken& a, const RingToken& b) {
         if (a.token != b.token) return a.token < b.token;
         return NodeText(a.node) < NodeText(b.node);
       });
  return tokens;
}

std::vector<uint32_t> FormulaOwners(const std::vector<RingToken>& tokens,
                                    uint64_t key_token, uint32_t replication) {
  size_t first = 0;
  while (first < tokens.size() && tokens[first].token < key_token) ++first;
  std::vector<uint32_t> owners;
  for (size_t step = 0; step < tokens.size(); ++step) {
    const uint32_t node = tokens[(first + step) % tokens.size()].node;
    const bool known =
        std::find(owners.begin(), owners.end(), node) != owners.end();
    if (!known && owners.size() < replication) owners.push_back(node);
  }
  return owners;
}

Verdict CheckRingFormula(const Evidence& evidence) {
  Verdict verdict;
  std::vector<std::vector<RingToken>> formulas;
  for (const RingSeen& ring : evidence.rings) {
    ++verdict.checked;
    formulas.push_back(
        FormulaTokens(MembersOf(ring.tokens), evidence.config.engine.vnodes));
    if (ring.tokens != formulas.back()) {
      ReportRing("The tokens of the ring that " + NodeText(ring.node) +
                     " holds at " + SecondsText(ring.at) +
                     " are not those of its members by the formula.",
                 ring.at, 0, &verdict);
    }
    for (const RingSeen& earlier : evidence.rings) {
      if (&earlier == &ring) break;
      if (earlier.cluster != ring.cluster) continue;
      ReportRing("Ownership moved: " + NodeText(ring.node) + " holds at " +
                     SecondsText(ring.at) + " another closed ring than " +
                     NodeText(earlier.node) + " did at " +
                     SecondsText(earlier.at) + ", and nobody asked for it.",
                 ring.at, 0, &verdict);
      break;
    }
  }
  for (const OwnersSeen& seen : evidence.owners_seen) {
    const std::vector<RingToken>* tokens =
        FormulaOf(formulas, evidence, seen.ring_hash);
    if (tokens != nullptr) CheckOwners(evidence, seen, *tokens, &verdict);
  }
  return verdict;
}

}  // namespace orrery::sim
