#include "sim/workload.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/prng.h"

namespace orrery::sim {
namespace {

constexpr uint64_t kStyleStream = 0x7374796cULL;
constexpr uint64_t kStepStream = 0x73746570ULL;
// Operations of a key whose contexts are used again.
constexpr size_t kOldOnesMax = 8;
// Large values: a fraction of the usual operations, or a seed takes minutes.
constexpr int64_t kLargeSlower = 4;
constexpr uint64_t kLargeBytesMax = 48 << 10;
constexpr uint32_t kBurstOpsMax = 160;

class WorkloadMaker {
 public:
  WorkloadMaker(const WorkloadFrame& frame, WorkloadStyle style)
      : frame_(frame),
        style_(style),
        prng_(frame.seed ^ kStepStream),
        old_ones_(frame.keys) {}

  Workload Make();

 private:
  bool Chance(uint64_t num, uint64_t den) { return prng_.Chance(num, den); }
  uint32_t Below(uint64_t bound) {
    return static_cast<uint32_t>(prng_.Below(bound));
  }
  Duration Pause(int64_t mean_ns) {
    const int64_t pause = prng_.Between(0, 2 * mean_ns);
    return Duration{pause / 1000 * 1000};
  }

  OpStep NewOp(OpStep::Verb verb, uint32_t key);
  void Add(Duration at, OpStep op);
  void AddNext(Duration at);
  void AddReadModifyWrite(Duration at);
  void AddAppend(Duration at);
  void AddChurn(Duration at);
  void AddHot(Duration at);
  void AddLarge(Duration at);
  void AddImpatient(Duration at);
  void AddAny(Duration at, uint32_t keys);
  void AddColdKeys();
  void AddBursts();
  void Reuse(OpStep* op);
  void ChooseLevel(OpStep* op);

  const WorkloadFrame frame_;
  const WorkloadStyle style_;
  Prng prng_;
  uint32_t next_id_ = 1;
  Workload workload_;
  std::vector<std::vector<uint32_t>> old_ones_;  // By key: latest last.
};

OpStep WorkloadMaker::NewOp(OpStep::Verb verb, uint32_t key) {
  OpStep op;
  op.id = next_id_++;
  op.verb = verb;
  op.key = key;
  op.client = Below(frame_.clients);
  op.via = Below(frame_.nodes);
  return op;
}

// Now and then a client sends a context that it got long ago.
void WorkloadMaker::Reuse(OpStep* op) {
  const std::vector<uint32_t>& old = old_ones_[op->key];
  if (op->verb == OpStep::Verb::kGet || old.empty()) return;
  const bool reuses = Chance(1, 16);
  if (!reuses) return;
  op->context = OpStep::Context::kOp;
  op->context_op = old[Below(old.size())];
}

void WorkloadMaker::ChooseLevel(OpStep* op) {
  if (frame_.odd_levels && Chance(1, 4)) {
    const uint32_t level = 1 + Below(frame_.replication);
    (op->verb == OpStep::Verb::kGet ? op->r : op->w) = level;
  }
  if (frame_.sloppy && Chance(1, 4)) op->sloppy = true;
}

void WorkloadMaker::Add(Duration at, OpStep op) {
  Reuse(&op);
  ChooseLevel(&op);
  std::vector<uint32_t>& old = old_ones_[op.key];
  if (old.size() == kOldOnesMax) old.erase(old.begin());
  old.push_back(op.id);
  const uint32_t id = op.id;
  const bool is_write = op.verb != OpStep::Verb::kGet;
  workload_.steps.push_back({std::min(at, frame_.until), op});
  if (!is_write) return;
  // Whoever was told 504 asks again, through another node.
  const bool repeats = Chance(1, 12);
  if (!repeats) return;
  OpStep retry = NewOp(op.verb, op.key);
  retry.client = op.client;
  retry.retry_of = id;
  const Duration later = prng_.Between(1, 6000) * kMillisecond;
  workload_.steps.push_back({std::min(at + later, frame_.until), retry});
}

void WorkloadMaker::AddAny(Duration at, uint32_t keys) {
  const uint64_t kind = prng_.Below(20);
  const OpStep::Verb verb = kind < 9    ? OpStep::Verb::kPut
                            : kind < 18 ? OpStep::Verb::kGet
                                        : OpStep::Verb::kDelete;
  OpStep op = NewOp(verb, Below(keys));
  const bool knows = Chance(1, 2);
  if (verb != OpStep::Verb::kGet && knows) op.context = OpStep::Context::kLast;
  Add(at, op);
}

void WorkloadMaker::AddReadModifyWrite(Duration at) {
  const OpStep read = NewOp(OpStep::Verb::kGet, Below(frame_.keys));
  Add(at, read);
  const bool removes = Chance(1, 8);
  OpStep write =
      NewOp(removes ? OpStep::Verb::kDelete : OpStep::Verb::kPut, read.key);
  write.client = read.client;
  write.context = OpStep::Context::kOp;
  write.context_op = read.id;
  const Duration later = prng_.Between(1, 300) * kMillisecond;
  Add(at + later, write);
}

// The context of each append is the answer to the one before, whoever made
// it: the list is the chain of contexts.
void WorkloadMaker::AddAppend(Duration at) {
  const uint32_t key = Below(std::min<uint32_t>(frame_.keys, 16));
  const bool reads = Chance(2, 5);
  OpStep op = NewOp(reads ? OpStep::Verb::kGet : OpStep::Verb::kPut, key);
  if (!reads && !old_ones_[key].empty()) {
    op.context = OpStep::Context::kOp;
    op.context_op = old_ones_[key].back();
  }
  Add(at, op);
}

void WorkloadMaker::AddChurn(Duration at) {
  const uint32_t key = Below(std::min<uint32_t>(frame_.keys, 8));
  const uint64_t kind = prng_.Below(10);
  const OpStep::Verb verb = kind < 3   ? OpStep::Verb::kPut
                            : kind < 6 ? OpStep::Verb::kDelete
                                       : OpStep::Verb::kGet;
  OpStep op = NewOp(verb, key);
  const bool knows = Chance(1, 3);
  if (verb != OpStep::Verb::kGet && knows) op.context = OpStep::Context::kLast;
  Add(at, op);
}

void WorkloadMaker::AddHot(Duration at) {
  const bool elsewhere = Chance(1, 16);
  const bool reads = Chance(2, 5);
  OpStep op = NewOp(reads ? OpStep::Verb::kGet : OpStep::Verb::kPut,
                    elsewhere ? Below(frame_.keys) : 0);
  const bool knows = Chance(1, 2);
  if (!reads && knows) op.context = OpStep::Context::kLast;
  Add(at, op);
}

void WorkloadMaker::AddLarge(Duration at) {
  const bool reads = Chance(1, 3);
  OpStep op = NewOp(reads ? OpStep::Verb::kGet : OpStep::Verb::kPut,
                    Below(std::min<uint32_t>(frame_.keys, 16)));
  if (!reads) {
    const uint64_t most =
        std::min<uint64_t>(frame_.file_bytes * 5 / 4, kLargeBytesMax);
    op.size =
        static_cast<uint32_t>(prng_.Between(16, static_cast<int64_t>(most)));
  }
  Add(at, op);
}

void WorkloadMaker::AddImpatient(Duration at) {
  const uint64_t kind = prng_.Below(10);
  OpStep op = NewOp(kind < 5   ? OpStep::Verb::kPut
                    : kind < 9 ? OpStep::Verb::kGet
                               : OpStep::Verb::kDelete,
                    Below(frame_.keys));
  const bool knows = Chance(1, 2);
  const bool is_write = op.verb != OpStep::Verb::kGet;
  if (is_write && knows) op.context = OpStep::Context::kLast;
  op.own_id = is_write && Chance(3, 4);
  const bool hurries = Chance(1, 2);
  op.patience = prng_.Between(1, hurries ? 10 : 500) * kMillisecond;
  Add(at, op);
  if (!op.own_id) return;
  // As often as it takes, or until it has lost interest.
  Duration again = at + op.patience;
  const int64_t tries = prng_.Between(0, 3);
  for (int64_t i = 0; i < tries; ++i) {
    OpStep retry = NewOp(op.verb, op.key);
    retry.client = op.client;
    retry.retry_of = op.id;
    retry.patience = op.patience;
    const Duration wait = prng_.Between(1, 400) * kMillisecond;
    again = again + wait;
    workload_.steps.push_back({std::min(again, frame_.until), retry});
  }
}

void WorkloadMaker::AddNext(Duration at) {
  switch (style_) {
    case WorkloadStyle::kBlindPuts: {
      const bool reads = Chance(2, 5);
      return Add(at, NewOp(reads ? OpStep::Verb::kGet : OpStep::Verb::kPut,
                           Below(frame_.keys)));
    }
    case WorkloadStyle::kReadModifyWrite:
      return AddReadModifyWrite(at);
    case WorkloadStyle::kAppends:
      return AddAppend(at);
    case WorkloadStyle::kChurn:
      return AddChurn(at);
    case WorkloadStyle::kHotKey:
      return AddHot(at);
    case WorkloadStyle::kLargeValues:
      return AddLarge(at);
    case WorkloadStyle::kColdKeys:
      return AddAny(at, std::max<uint32_t>(frame_.keys / 2, 1));
    case WorkloadStyle::kOverload:
      return AddAny(at, frame_.keys);
    case WorkloadStyle::kImpatient:
      return AddImpatient(at);
  }
}

// The upper half, once each, and never again before the end: what becomes of
// them only anti-entropy sees.
void WorkloadMaker::AddColdKeys() {
  const uint32_t first = std::max<uint32_t>(frame_.keys / 2, 1);
  for (uint32_t key = first; key < frame_.keys; ++key) {
    const int64_t at = prng_.Between(frame_.first_op.ns, frame_.first_fault.ns);
    const OpStep op = NewOp(OpStep::Verb::kPut, key);
    workload_.steps.push_back({Duration{at / 1000 * 1000}, op});
  }
}

// Many at once, through one node.
void WorkloadMaker::AddBursts() {
  const int64_t requests = int64_t{1} << prng_.Between(2, 5);
  // Never below what hints and repair of all peers have under way at once.
  const int64_t served = int64_t{128} << prng_.Between(0, 2);
  workload_.settings.push_back(
      {"limits.client_requests_max", std::to_string(requests)});
  workload_.settings.push_back(
      {"limits.peer_requests_max", std::to_string(served)});
  const bool few_hints = Chance(1, 2);
  if (few_hints) {
    const int64_t bytes = int64_t{512} << prng_.Between(0, 6);
    workload_.settings.push_back(
        {"limits.hint_bytes_per_target_max", std::to_string(bytes)});
  }
  const int64_t bursts = prng_.Between(2, 12);
  for (int64_t burst = 0; burst < bursts; ++burst) {
    const int64_t start = prng_.Between(frame_.first_op.ns, frame_.until.ns);
    const int64_t ops = prng_.Between(8, kBurstOpsMax);
    const uint32_t node = Below(frame_.nodes);
    for (int64_t i = 0; i < ops; ++i) {
      const int64_t after = prng_.Between(0, 5 * kMillisecond.ns);
      const bool reads = Chance(1, 3);
      OpStep op = NewOp(reads ? OpStep::Verb::kGet : OpStep::Verb::kPut,
                        Below(frame_.keys));
      op.via = node;
      const Duration at{(start + after) / 1000 * 1000};
      workload_.steps.push_back({std::min(at, frame_.until), op});
    }
  }
}

Workload WorkloadMaker::Make() {
  if (style_ == WorkloadStyle::kColdKeys) AddColdKeys();
  if (style_ == WorkloadStyle::kOverload) AddBursts();
  int64_t mean_ns = kSecond.ns / frame_.ops_per_second;
  if (style_ == WorkloadStyle::kLargeValues) mean_ns *= kLargeSlower;
  // It makes two operations at a time.
  if (style_ == WorkloadStyle::kReadModifyWrite) mean_ns *= 2;
  Duration at = frame_.first_op;
  while (true) {
    const Duration pause = Pause(mean_ns);
    at = at + pause;
    if (at >= frame_.until) break;
    AddNext(at);
  }
  return std::move(workload_);
}

}  // namespace

std::string_view NameOf(WorkloadStyle style) {
  switch (style) {
    case WorkloadStyle::kBlindPuts:
      return "blind-puts";
    case WorkloadStyle::kReadModifyWrite:
      return "read-modify-write";
    case WorkloadStyle::kAppends:
      return "appends";
    case WorkloadStyle::kChurn:
      return "churn";
    case WorkloadStyle::kHotKey:
      return "hot-key";
    case WorkloadStyle::kLargeValues:
      return "large-values";
    case WorkloadStyle::kColdKeys:
      return "cold-keys";
    case WorkloadStyle::kOverload:
      return "overload";
    case WorkloadStyle::kImpatient:
      return "impatient";
  }
  return "";
}

std::optional<WorkloadStyle> StyleOf(uint64_t seed) {
  Prng prng(seed ^ kStyleStream);
  const bool mixed = prng.Chance(1, 2);
  if (mixed) return std::nullopt;
  const uint64_t style = 1 + prng.Below(kWorkloadStyles);
  return static_cast<WorkloadStyle>(style);
}

Workload MakeWorkload(const WorkloadFrame& frame, WorkloadStyle style) {
  return WorkloadMaker(frame, style).Make();
}

}  // namespace orrery::sim
