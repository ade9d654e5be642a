// One Store on a disk in memory.  What it asks of the disk waits, in order,
// until `complete`; `settle` lets everything happen.  Answers are numbered as
// the puts and gets were.

#include <algorithm>
#include <memory>
#include <string>

#include "core/storage/store.h"
#include "tests/core/storage/store_driver.h"
#include "tests/transcripts/interpreter.h"
#include "tests/transcripts/storage_bench.h"
#include "tests/transcripts/wording.h"

namespace orrery::transcripts {

namespace {

class StorageInterpreter : public Interpreter {
 public:
  StorageInterpreter(const Store::Options& options, uint64_t seed)
      : bench_(options, seed) {}

  Lines Run(Command& command) override {
    constexpr Verb<StorageInterpreter> kVerbs[] = {
        {"open", &StorageInterpreter::Open},
        {"crash", &StorageInterpreter::Crash},
        {"lose-power", &StorageInterpreter::LosePower},
        {"put", &StorageInterpreter::Put},
        {"delete", &StorageInterpreter::Delete},
        {"get", &StorageInterpreter::Get},
        {"tick", &StorageInterpreter::Tick},
        {"complete", &StorageInterpreter::Complete},
        {"settle", &StorageInterpreter::Settle},
        {"advance", &StorageInterpreter::Advance},
        {"compact", &StorageInterpreter::Compact},
        {"close", &StorageInterpreter::Close},
        {"clear-suspect", &StorageInterpreter::ClearSuspect},
        {"fail-next", &StorageInterpreter::FailNext},
        {"spoil", &StorageInterpreter::Spoil},
        {"files", &StorageInterpreter::Files},
        {"show", &StorageInterpreter::Show},
    };
    const bool is_for_the_dead = command.name() == "open" ||
                                 command.name() == "files" ||
                                 command.name() == "spoil";
    const bool is_known = std::any_of(
        std::begin(kVerbs), std::end(kVerbs),
        [&](const auto& verb) { return verb.name == command.name(); });
    if (is_known && !is_for_the_dead && !bench_.IsRunning()) {
      command.Fail("no process runs: `open` starts one");
      return {};
    }
    return RunVerb<StorageInterpreter>(*this, kVerbs, command);
  }

 private:
  // Says what recovery found; its many operations only if `loud`.
  Lines Open(Command& command) {
    const bool machine_restarted = command.Flag("machine_restarted");
    const bool loud = command.Flag("loud");
    if (bench_.IsRunning()) command.Fail("a process runs already");
    if (!command.IsComplete()) return {};
    bench_.Open(machine_restarted);
    Lines lines = bench_.TakeLines();
    if (!loud) RemoveDiskLines(lines);
    return lines;
  }
  static void RemoveDiskLines(Lines& lines) {
    std::erase_if(lines, [](const std::string& line) {
      return line.starts_with("disk ") || line.starts_with("done ");
    });
  }
  Lines Crash(Command& command) {
    if (!command.IsComplete()) return {};
    bench_.Crash();
    return {};
  }
  Lines LosePower(Command& command) {
    if (!command.IsComplete()) return {};
    bench_.LosePower();
    return {};
  }

  Lines Put(Command& command) {
    const std::string key = command.Word("key");
    const std::string value = command.ReadValue(command.Word("value"));
    const bool must_sync = command.Flag("must_sync");
    const bool older = command.Flag("older");
    if (!command.IsComplete()) return {};
    bench_.Put({.key = key,
                .meta = Bytes::CopyOf("meta"),
                .value = Bytes::CopyOf(value),
                // Older than whatever was put without a word.
                .timestamp = older ? uint64_t{1} : uint64_t{0},
                .must_sync = must_sync});
    return bench_.TakeLines();
  }
  Lines Delete(Command& command) {
    const std::string key = command.Word("key");
    if (!command.IsComplete()) return {};
    bench_.Put({.key = key, .meta = Bytes::CopyOf("gone"), .deleted = true});
    return bench_.TakeLines();
  }
  Lines Get(Command& command) {
    const std::string key = command.Word("key");
    if (!command.IsComplete()) return {};
    bench_.Get(key);
    return bench_.TakeLines();
  }

  Lines Tick(Command& command) {
    if (!command.IsComplete()) return {};
    bench_.Tick();
    return bench_.TakeLines();
  }
  Lines Complete(Command& command) {
    if (bench_.in_flight() == 0) command.Fail("nothing is in flight");
    if (!command.IsComplete()) return {};
    bench_.CompleteOne();
    return bench_.TakeLines();
  }
  Lines Settle(Command& command) {
    const bool quiet = command.Flag("quiet");
    if (!command.IsComplete()) return {};
    bench_.Settle();
    return Told(quiet);
  }
  Lines Advance(Command& command) {
    const Duration time = command.ReadDuration(command.Word("time"));
    const bool quiet = command.Flag("quiet");
    if (!command.IsComplete()) return {};
    bench_.Advance(time);
    return Told(quiet);
  }
  Lines Told(bool quiet) {
    Lines lines = bench_.TakeLines();
    if (quiet) RemoveDiskLines(lines);
    return lines;
  }
  Lines Compact(Command& command) {
    if (!command.IsComplete()) return {};
    bench_.Compact();
    return bench_.TakeLines();
  }
  Lines Close(Command& command) {
    if (!command.IsComplete()) return {};
    bench_.Close();
    return bench_.TakeLines();
  }
  Lines ClearSuspect(Command& command) {
    if (!command.IsComplete()) return {};
    bench_.ClearSuspect();
    return bench_.TakeLines();
  }

  Lines FailNext(Command& command) {
    constexpr std::string_view kWhat[] = {"write", "sync"};
    const bool is_sync = command.Choose(command.Word("operation"), kWhat) == 1;
    const auto error = static_cast<DiskError>(
        command.Choose(command.Named("error").value_or("io"), kDiskErrorNames));
    if (!command.IsComplete()) return {};
    if (is_sync) {
      bench_.disk().FailNextSync(error);
    } else {
      bench_.disk().FailNextWrite(error);
    }
    return {};
  }
  // A bit of the first byte where `text` stands in a data file turns.
  Lines Spoil(Command& command) {
    const std::string text = command.Word("text");
    MemoryDisk& disk = bench_.disk();
    std::string path;
    size_t at = std::string::npos;
    for (const std::string& candidate : disk.PathsEndingWith(".data")) {
      if (at != std::string::npos) break;
      path = candidate;
      at = disk.Content(candidate).find(text);
    }
    if (at == std::string::npos) command.Fail("no file holds `" + text + "`");
    if (!command.IsComplete()) return {};
    disk.FlipBit(path, at, 0);
    return {Cat("a bit of ", ShortPath(path), " at ", at, " turned")};
  }

  Lines Files(Command& command) {
    if (!command.IsComplete()) return {};
    Lines lines;
    for (const std::string& path : bench_.disk().Paths()) {
      lines.push_back(Cat(ShortPath(path), " ",
                          bench_.disk().Content(path).size(), " bytes"));
    }
    return lines;
  }
  Lines Show(Command& command) {
    if (!command.IsComplete()) return {};
    const StoreCounters counters = bench_.store().counters();
    std::string line = Cat(
        "keys ", counters.active_keys, " tombstones ", counters.deleted_keys,
        " files ", counters.data_files, " dead bytes ", counters.dead_bytes);
    if (bench_.store().IsSuspect()) line += " in doubt";
    if (bench_.store().IsReadOnly()) line += " read only";
    return {line};
  }

  StorageBench bench_;
};

}  // namespace

std::unique_ptr<Interpreter> MakeStorageRoom(Command& heading) {
  Store::Options options = SmallStore();
  options.sync_writes = heading.Flag("sync_writes");
  options.max_file_bytes =
      heading.Number("max_file_bytes", options.max_file_bytes);
  const uint64_t seed = heading.Number("seed", 1);
  if (options.max_file_bytes < 8192) {
    heading.Fail("max_file_bytes must be 8192 at least");
  }
  if (!heading.IsComplete()) return nullptr;
  return std::make_unique<StorageInterpreter>(options, seed);
}

}  // namespace orrery::transcripts
