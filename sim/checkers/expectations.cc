#include "sim/checkers/expectations.h"

#include <string>
#include <string_view>
#include <vector>

#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

std::string_view OutcomeText(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPending:
      return "pending";
    case Outcome::kOk:
      return "ok";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kUnknown:
      return "unknown";
  }
  return "";
}

std::string ReadText(const Operation& op) {
  return op.IsOk() ? AnswerText(op) : std::string(OutcomeText(op.outcome));
}

// Empty: met.
std::string Complaint(const Expectation& expected, const Operation& op) {
  switch (expected.kind) {
    case Expectation::Kind::kOutcome:
      if (OutcomeText(op.outcome) == expected.is) return "";
      return "is " + std::string(OutcomeText(op.outcome)) + ", not " +
             expected.is;
    case Expectation::Kind::kValue:
      if (ReadText(op) == expected.is) return "";
      return "returned " + ReadText(op) + ", not " + expected.is;
    case Expectation::Kind::kAcks:
      if (expected.owners.value_or(op.acks.owners) != op.acks.owners) {
        return "was acknowledged by " + std::to_string(op.acks.owners) +
               " owners";
      }
      if (expected.hints.value_or(op.acks.hints) != op.acks.hints) {
        return "was acknowledged by " + std::to_string(op.acks.hints) +
               " hints";
      }
      return "";
    case Expectation::Kind::kConverge:
    case Expectation::Kind::kQuiet:
    case Expectation::Kind::kMark:
      return "";
  }
  return "";
}

void Complain(std::string sentence, uint32_t op, Verdict* verdict) {
  Report(verdict, {.oracle = "E",
                   .property = "expected",
                   .sentence = std::move(sentence),
                   .op = op,
                   .key = 0,
                   .at = {}});
}

}  // namespace

Verdict CheckExpectations(const Evidence& evidence,
                          const std::vector<Expectation>& expectations,
                          const Tally& marks) {
  Verdict verdict;
  for (const Expectation& expected : expectations) {
    if (expected.kind == Expectation::Kind::kConverge ||
        expected.kind == Expectation::Kind::kQuiet) {
      continue;
    }
    ++verdict.checked;
    if (expected.kind == Expectation::Kind::kMark) {
      if (marks.of(expected.is) > 0) continue;
      Complain("The mark " + expected.is + " never fired.", 0, &verdict);
      continue;
    }
    const Operation* op = evidence.history.Find(expected.op);
    if (op == nullptr) {
      Complain("There is no operation " + std::to_string(expected.op) + ".",
               expected.op, &verdict);
      continue;
    }
    const std::string wrong = Complaint(expected, *op);
    if (wrong.empty()) continue;
    Complain("The " + OpText(*op) + " " + wrong + ".", expected.op, &verdict);
  }
  return verdict;
}

}  // namespace orrery::sim
