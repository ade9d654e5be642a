#include "tests/core/storage/crash_points.h"

#include <algorithm>
#include <string>
#include <utility>

namespace orrery {

namespace {

constexpr size_t kKeys = 4;

// Small files, so that a short history rotates and compacts.
Store::Options StoreOf(uint64_t history) {
  Prng prng(history ^ 0x6f7074ULL);
  Store::Options options = SmallStore();
  options.sync_writes = prng.Chance(1, 2);
  // Batches that are synced begin on pages, and fill a file soon.
  const int64_t pages = prng.Between(2, options.sync_writes ? 6 : 3);
  options.max_file_bytes = 4096 * static_cast<uint64_t>(pages);
  options.limits.allocate_step = uint64_t{4096} << prng.Below(3);
  options.limits.key_segments = 1;
  options.compact_interval = 2 * kSecond;
  return options;
}

std::string TextOf(const std::vector<bool>& kept) {
  std::string text;
  for (const bool piece : kept) text += piece ? '1' : '0';
  return text;
}

}  // namespace

CrashPoints::CrashPoints(const Options& options)
    : options_(options),
      plan_(options.history),
      dice_(options.history ^ 0x64696365ULL),
      store_(StoreOf(options.history)),
      disk_(options.history),
      driver_(disk_, store_),
      model_(kKeys) {
  // The real disk's threads keep no order; half of the histories have one.
  disk_.set_in_order(options.history % 2 == 0);
  disk_.set_after_operation(
      [this](const DiskEffect& effect) { LookAt(effect); });
}

CrashPoints::Report CrashPoints::Play(
    const std::function<void(const Report&)>& progress) {
  progress_ = progress;
  driver_.StartAndRecover();
  const int64_t steps = plan_.Between(12, 24);
  for (int64_t i = 0; i < steps && !HasFailed(); ++i) PlayStep();
  driver_.Settle();
  is_looking_ = false;
  model_.TakeReplies(driver_);
  for (size_t key = 0; key < model_.keys() && !HasFailed(); ++key) {
    const std::string value = driver_.ValueOf(model_.KeyOf(key));
    if (value == model_.ValueOf(key)) continue;
    Fail("with no crash at all", model_.KeyOf(key) + " is not what was put");
  }
  return report_;
}

void CrashPoints::PlayStep() {
  const uint64_t what = plan_.Below(10);
  if (what <= 1) {
    driver_.Do([this](Turn& turn) { driver_.store().Compact(turn); });
  } else if (what == 2) {
    driver_.Advance(Duration{plan_.Between(1, 2'000'000'000)});
  } else {
    PutSome();
  }
  const uint64_t turns = plan_.Below(10);
  for (uint64_t n = 0; n < turns && !HasFailed(); ++n) driver_.RunOne();
}

void CrashPoints::PutSome() {
  const int64_t puts = plan_.Between(1, 3);
  for (int64_t n = 0; n < puts; ++n) {
    const auto key = static_cast<size_t>(plan_.Below(kKeys));
    if (plan_.Chance(1, 4)) {
      model_.Delete(driver_, key);
      continue;
    }
    const uint64_t size =
        plan_.Chance(2, 3) ? plan_.Below(200) : plan_.Below(1500);
    const std::string value = std::to_string(++values_) + ":" +
                              std::string(static_cast<size_t>(size), 'v');
    const bool must_sync = plan_.Chance(1, 6);
    model_.Put(driver_, key, value, must_sync);
  }
}

void CrashPoints::LookAt(const DiskEffect& effect) {
  if (!is_looking_ || HasFailed()) return;
  const auto answered = driver_.TakeReplies();
  has_changed_ |= !answered.empty() || ChangesDisk(effect);
  model_.NoteReplies(answered);
  if (!has_changed_) return;
  has_changed_ = false;
  ++report_.moments;
  CheckProcessDeath();
  const size_t pieces = disk_.UnsyncedPieces();
  if (pieces <= options_.pieces_max) {
    for (uint64_t mask = 0; mask < uint64_t{1} << pieces; ++mask) {
      if (HasFailed()) return;
      Kept kept(pieces);
      for (size_t i = 0; i < pieces; ++i) kept[i] = (mask >> i & 1) != 0;
      CheckPowerLoss(kept);
    }
  } else {
    ++report_.sampled;
    CheckPowerLoss(Kept(pieces, false));
    CheckPowerLoss(Kept(pieces, true));
    for (size_t i = 0; i < options_.samples && !HasFailed(); ++i) {
      CheckPowerLoss(SampledLoss(pieces));
    }
  }
  const size_t pages = disk_.UnsyncedPages();
  for (size_t page = 0; page < pages && !HasFailed(); ++page) {
    CheckPowerLoss(Kept(pieces, false), page);
    CheckPowerLoss(Kept(pieces, true), page);
  }
  if (progress_) progress_(report_);
}

// A prefix, all but one, or anything.
CrashPoints::Kept CrashPoints::SampledLoss(size_t pieces) {
  const uint64_t shape = dice_.Below(4);
  const auto edge = static_cast<size_t>(dice_.Below(pieces));
  Kept kept(pieces);
  for (size_t i = 0; i < pieces; ++i) {
    kept[i] = shape == 0   ? i < edge
              : shape == 1 ? i != edge
              : shape == 2 ? i == edge
                           : dice_.Chance(1, 2);
  }
  return kept;
}

void CrashPoints::CheckProcessDeath() {
  CheckRecovered(disk_.Fork(), false, "the process dies");
}

void CrashPoints::CheckPowerLoss(const Kept& kept,
                                 std::optional<size_t> garbage) {
  if (HasFailed()) return;
  MemoryDisk disk = disk_.Fork();
  disk.LosePowerBut([&kept](size_t piece) { return kept[piece]; }, garbage);
  std::string how = "the power goes but for " + TextOf(kept);
  if (garbage.has_value())
    how += ", garbage in page " + std::to_string(*garbage);
  CheckRecovered(std::move(disk), true, how);
}

StoreModel::Found CrashPoints::Recover(StoreDriver& driver,
                                       const StoreModel& model,
                                       bool power_lost) {
  ++report_.recoveries;
  driver.StartAndRecover(power_lost);
  StoreModel::Found found;
  if (!driver.store().IsOpen()) return found;
  found.content = model.Read(driver);
  found.suspect = driver.store().IsSuspect();
  if (driver.SawMark("storage.index_snapshot_used")) ++report_.indexed;
  found.damaged = driver.SawMark("storage.damage_found");
  return found;
}

void CrashPoints::CheckRecovered(MemoryDisk disk, bool power_lost,
                                 const std::string& how) {
  uint32_t generation = driver_.generation();
  std::string story = how;
  const bool again = dice_.Chance(1, options_.again_every);
  const bool later = dice_.Chance(1, options_.again_every);
  if (again) story += DieInRecovery(disk, &generation, &power_lost);

  StoreDriver driver(disk, store_);
  driver.SetGeneration(generation);
  const StoreModel::Found found = Recover(driver, model_, power_lost);
  if (!driver.store().IsOpen()) return Fail(story, driver.store().failure());
  const std::string wrong = model_.Judge(
      {.sync_writes = store_.sync_writes, .power_lost = power_lost}, found);
  if (!wrong.empty()) return Fail(story, wrong);

  disk.CrashProcess();
  const StoreModel::Found twice = Recover(driver, model_, false);
  if (!driver.store().IsOpen()) return Fail(story, driver.store().failure());
  if (twice.content != found.content) {
    return Fail(story, "a second recovery finds another content");
  }
  if (found.suspect && !twice.suspect) {
    return Fail(story, "a second recovery has forgotten the doubt");
  }
  if (later) CheckLaterLoss(driver, disk, found.content, story);
}

// The process that recovers dies as well.
std::string CrashPoints::DieInRecovery(MemoryDisk& disk, uint32_t* generation,
                                       bool* power_lost) {
  StoreDriver driver(disk, store_);
  driver.SetGeneration(*generation);
  driver.Start(*power_lost);
  const uint64_t operations = dice_.Below(60);
  for (uint64_t n = 0; n < operations; ++n) {
    if (!driver.RunOne()) break;
  }
  ++report_.recoveries;
  *generation = driver.generation();
  const std::string moment =
      ", in recovery after " + std::to_string(operations) + " turns ";
  if (dice_.Chance(1, 2)) {
    disk.CrashProcess();
    return moment + "the process dies";
  }
  const size_t pieces = disk.UnsyncedPieces();
  if (pieces == 0) {
    disk.CrashProcess();
    return moment + "the process dies with all synced";
  }
  *power_lost = true;
  const Kept kept = SampledLoss(pieces);
  disk.LosePowerBut([&kept](size_t piece) { return kept[piece]; });
  return moment + "the power goes but for " + TextOf(kept);
}

// What was recovered is there to stay, and what is written behind it counts.
void CrashPoints::CheckLaterLoss(StoreDriver& driver, MemoryDisk& disk,
                                 const StoreModel::Content& content,
                                 const std::string& how) {
  driver.Do([&driver](Turn& turn) { driver.store().ClearSuspect(turn); });
  driver.Settle();
  StoreModel model(kKeys);
  model.Continue(content);
  model.Put(driver, 0, "later");
  driver.Settle();
  model.Put(driver, 1, "last", true);
  driver.Settle();
  model.NoteReplies(driver.TakeReplies());
  const size_t pieces = disk.UnsyncedPieces();
  const Kept kept = pieces == 0 ? Kept() : SampledLoss(pieces);
  disk.LosePowerBut([&kept](size_t piece) { return kept[piece]; });
  const StoreModel::Found found = Recover(driver, model, true);
  const std::string story =
      how + ", and after two more writes again but for " + TextOf(kept);
  if (!driver.store().IsOpen()) return Fail(story, driver.store().failure());
  const std::string wrong = model.Judge(
      {.sync_writes = store_.sync_writes, .power_lost = true}, found);
  if (!wrong.empty()) Fail(story, wrong);
}

void CrashPoints::Fail(const std::string& how, const std::string& what) {
  if (HasFailed()) return;
  report_.failure = "history " + std::to_string(options_.history) +
                    (store_.sync_writes ? ", sync_writes" : "") + ", moment " +
                    std::to_string(report_.moments) + ": " + how + ": " + what;
}

}  // namespace orrery
