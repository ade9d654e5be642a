#include "node/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <iostream>
#include <string>

#include "node/admin_commands.h"
#include "node/batch_command.h"
#include "node/bench_command.h"
#include "node/config.h"
#include "node/demo_command.h"
#include "node/exit_code.h"
#include "node/inspect_command.h"
#include "node/key_commands.h"
#include "node/node_command.h"
#include "sim/host/sim_command.h"

namespace orrery {
namespace {

// Everything that any verb is told, and what to do once it is parsed.
struct Verbs {
  NodeCommand node;
  KeyCommand key;
  AdminCommand admin;
  BatchCommand batch;
  BenchCommand bench;
  DemoCommand demo;
  InspectCommand inspect;
  std::string output = "table";
  std::function<ExitCode()> run;
};

void AddNode(CLI::App& app, Verbs& verbs) {
  CLI::App* node = app.add_subcommand("node", "Run one node.");
  for (const ConfigFlag& flag : ConfigFlags()) {
    node->add_option_function<std::string>(
        flag.flag,
        [&verbs, key = std::string(flag.key)](const std::string& value) {
          verbs.node.flags[key] = value;
        },
        flag.help);
  }
  node->add_flag("--print-config", verbs.node.print_config,
                 "Print the effective configuration and its sources, exit.");
  node->add_option("--record", verbs.node.record.path,
                   "Write a trace of this process to FILE, which must not "
                   "exist, for `orrery sim replay`. It holds keys; of values "
                   "lengths and checksums, but of a torn or damaged record "
                   "whatever bytes it left on the disk.");
  node->add_flag("--record-values", verbs.node.record.values,
                 "With --record, which it needs: values too, byte for byte. "
                 "The flight recorder stays without.");
  node->add_option("--trace-memory", verbs.node.record.memory_mib,
                   "MiB of the flight recorder, which remembers the last "
                   "events, of values lengths and checksums; dumped by POST "
                   "/admin/trace and by a crash, for `orrery sim replay`. "
                   "0: none.")
      ->capture_default_str()
      ->check([](const std::string& text) -> std::string {
        if (text == "0") return {};
        return CLI::Range(kTraceMemoryMinMib, kTraceMemoryMaxMib)(text);
      });
  node->add_option("--trace-dir", verbs.node.record.trace_dir,
                   "Where its dumps go, 8 at most (default: traces in the "
                   "data directory).");
  node->footer(
      "Every configuration key can also be given in the environment, as\n"
      "DYNAMO_ and the key in upper case, or in the --config file.");
  node->callback([&verbs] {
    verbs.run = [&verbs] { return RunNodeCommand(verbs.node); };
  });
}

void AddOutput(CLI::App* verb, Verbs& verbs) {
  verb->add_option("-o,--output", verbs.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
}

void AddEndpoints(CLI::App* verb, ClientOptions& client, Verbs& verbs) {
  verb->add_option("--endpoints", client.endpoints,
                   "HTTP addresses host:port,... tried in turn "
                   "(default: 127.0.0.1:8080)");
  verb->add_option("--timeout", client.timeout,
                   "How long to wait for an answer of each (default: 30s, but "
                   "8s where the next one may be asked)");
  AddOutput(verb, verbs);
}

CLI::App* AddKeyVerb(CLI::App& app, const char* name, const char* help,
                     Verbs& verbs, ExitCode (*run)(const KeyCommand&)) {
  CLI::App* verb = app.add_subcommand(name, help);
  AddEndpoints(verb, verbs.key.client, verbs);
  verb->add_option("KEY", verbs.key.key, "The key.")->required();
  verb->add_option("--consistency", verbs.key.consistency,
                   "one, quorum or all (default: the node's R or W)");
  verb->callback([&verbs, run] {
    verbs.run = [&verbs, run] {
      verbs.key.client.json = verbs.output == "json";
      return run(verbs.key);
    };
  });
  return verb;
}

void AddWriteOptions(CLI::App* verb, Verbs& verbs) {
  verb->add_option("--context", verbs.key.context,
                   "Context of an earlier answer: what this write has seen.");
  verb->add_flag("--siblings", verbs.key.siblings,
                 "Keep concurrent values beside this one; without a context "
                 "all are.");
  verb->add_flag("--quorum-stamp", verbs.key.quorum_stamp,
                 "Ask a majority first, so that this write wins over every "
                 "earlier one whatever the clocks say.");
}

void AddKeyVerbs(CLI::App& app, Verbs& verbs) {
  CLI::App* put = AddKeyVerb(app, "put", "Store a value.", verbs, RunPut);
  put->add_option("VALUE", verbs.key.value,
                  "The value; read from standard input if it is not given.");
  AddWriteOptions(put, verbs);
  CLI::App* get = AddKeyVerb(app, "get", "Print a value.", verbs, RunGet);
  get->add_flag("--raw", verbs.key.raw, "Print the bytes and nothing else.");
  CLI::App* del = AddKeyVerb(app, "del", "Delete a key.", verbs, RunDelete);
  AddWriteOptions(del, verbs);
}

void AddBatch(CLI::App& app, Verbs& verbs) {
  CLI::App* batch =
      app.add_subcommand("batch", "Do the operations of a file, many at once.");
  AddEndpoints(batch, verbs.batch.client, verbs);
  batch->add_option("FILE", verbs.batch.path,
                    "Where they are (default: -, standard input).");
  batch->add_option("--consistency", verbs.batch.consistency,
                    "one, quorum or all (default: the node's R and W)");
  batch->footer(
      "A line is put KEY VALUE, get KEY or del KEY; the value is the rest of\n"
      "its line; empty lines and those that begin with # are passed over.\n"
      "Nothing is atomic; operations of one key are done in their order.");
  batch->callback([&verbs] {
    verbs.run = [&verbs] {
      verbs.batch.client.json = verbs.output == "json";
      return RunBatch(verbs.batch);
    };
  });
}

CLI::App* AddAdminVerb(CLI::App& app, const char* name, const char* help,
                       Verbs& verbs, ExitCode (*run)(const AdminCommand&)) {
  CLI::App* verb = app.add_subcommand(name, help);
  AddEndpoints(verb, verbs.admin.client, verbs);
  verb->callback([&verbs, run] {
    verbs.run = [&verbs, run] {
      verbs.admin.client.json = verbs.output == "json";
      return run(verbs.admin);
    };
  });
  return verb;
}

void AddAdminVerbs(CLI::App& app, Verbs& verbs) {
  AddAdminVerb(app, "status", "Show a node and the members it sees.", verbs,
               RunStatus);
  CLI::App* ring = AddAdminVerb(
      app, "ring", "Show each node's share of the ring.", verbs, RunRing);
  ring->add_option("--key", verbs.admin.key, "Also show this key's owners.");
  CLI::App* keys =
      AddAdminVerb(app, "keys", "List the keys a node holds.", verbs, RunKeys);
  keys->add_option("--prefix", verbs.admin.prefix, "Only keys that begin so.");
  keys->add_option("--limit", verbs.admin.limit,
                   "At most so many (default: all; with -o json one page).");
  AddAdminVerb(app, "stats", "Show a node's statistics.", verbs, RunStats);
  CLI::App* inspect =
      AddAdminVerb(app, "inspect-key",
                   "Show what each owner holds of a key, and who holds hints.",
                   verbs, RunInspectKey);
  inspect->add_option("KEY", verbs.admin.key, "The key.")->required();
  AddAdminVerb(app, "compact",
               "Reclaim the space of overwritten records on a node now.", verbs,
               RunCompact);
  AddAdminVerb(app, "scrub",
               "Read every sealed file of a node again and look for damage.",
               verbs, RunScrub);
  CLI::App* snapshot = AddAdminVerb(
      app, "snapshot",
      "Make a snapshot of a running node's data, by hard links, in its data "
      "directory.",
      verbs, RunSnapshot);
  snapshot->add_option("NAME", verbs.admin.name,
                       "1 to 64 letters, digits, dots, dashes and underscores "
                       "(default: the time in UTC).");
  snapshot->footer(
      "A snapshot is a data directory: copy it elsewhere, start a node on it.\n"
      "Remove one with rm -r.  docs/operations.md tells more.");
}

void AddBench(CLI::App& app, Verbs& verbs) {
  BenchOptions& load = verbs.bench.load;
  CLI::App* bench = app.add_subcommand("bench", "Load nodes and measure.");
  bench->add_option("--target", verbs.bench.target,
                    "HTTP addresses host:port,... (default: 127.0.0.1:8080)");
  bench
      ->add_option("--requests", verbs.bench.requests,
                   "default: 10000, or as many as --duration lasts for")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 40));
  bench
      ->add_option("--concurrency", load.concurrency,
                   "connections, default: 50")
      ->check(CLI::Range(1u, 10000u));
  bench
      ->add_option("--rate", load.rate,
                   "requests a second, of all connections, sent when they are "
                   "due (open loop); a latency counts from then. Without it, "
                   "each connection sends when it has its last answer.")
      ->check(CLI::Range(uint64_t{1}, uint64_t{10'000'000}));
  bench->add_option("--duration", verbs.bench.duration,
                    "how long: 30s, 5m, or a number of seconds");
  bench
      ->add_option("--write-ratio", load.write_ratio,
                   "share of writes, 0 to 1, default: 0.5")
      ->check(CLI::Range(0.0, 1.0));
  bench
      ->add_option("--value-size", load.value_bytes,
                   "bytes of a value, default: 1024")
      ->check(CLI::Range(0u, 1u << 20));
  bench->add_option("--keys", load.keys, "number of keys, default: 10000")
      ->check(CLI::Range(uint64_t{1}, uint64_t{100'000'000}));
  bench
      ->add_option("--consistency", load.consistency,
                   "one, quorum or all (default: the node's R and W)")
      ->check(CLI::IsMember({"one", "quorum", "all"}));
  bench->add_flag("--raw", load.raw, "Plain bytes instead of JSON.");
  bench->footer("Ctrl-C ends it early, with the summary of what was measured.");
  bench->add_option("--responder", verbs.bench.responder_port)->group("");
  AddOutput(bench, verbs);
  bench->callback([&verbs] {
    verbs.run = [&verbs] {
      verbs.bench.json = verbs.output == "json";
      return RunBench(verbs.bench);
    };
  });
}

void AddDemo(CLI::App& app, Verbs& verbs) {
  CLI::App* demo = app.add_subcommand(
      "demo", "Start a cluster of real processes here, to hurt and to heal.");
  demo->add_option("--nodes", verbs.demo.nodes, "default: 3")
      ->check(CLI::Range(1u, kDemoNodesMax));
  demo->footer(
      "Commands are read from standard input; type help for them. The nodes\n"
      "and their data, in a temporary directory, are gone when it ends.");
  demo->callback(
      [&verbs] { verbs.run = [&verbs] { return RunDemo(verbs.demo); }; });
}

void AddInspect(CLI::App& app, Verbs& verbs) {
  CLI::App* inspect = app.add_subcommand(
      "inspect", "Look at the files of a stopped node, and verify them.");
  inspect
      ->add_option("PATH", verbs.inspect.path,
                   "A data directory, one of its stores (shard-0000, "
                   "shard-0000/hints), or one file.")
      ->required();
  inspect->add_flag("--records", verbs.inspect.records,
                    "List every record too: offset, seq, timestamp, lengths, "
                    "key.");
  inspect->add_option("--key", verbs.inspect.key,
                      "List the records of this key only, older ones too; "
                      "\\xNN is a byte.");
  AddOutput(inspect, verbs);
  inspect->footer(
      "Writes nothing. A data directory that a running node holds is refused,\n"
      "and no node starts on one while it is looked at. Exit status: 0 whole;\n"
      "1 damaged, unreadable, of another format, or in use; 2 usage.");
  inspect->callback([&verbs] {
    verbs.run = [&verbs] {
      verbs.inspect.json = verbs.output == "json";
      return RunInspect(verbs.inspect);
    };
  });
}

// CLI11 would only say that a verb is missing.
bool HasVerb(const CLI::App& app, const std::string& name) {
  const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(verbs.begin(), verbs.end(), [&name](const CLI::App* verb) {
    return verb->get_name() == name;
  });
}

int RunVerb(int argc, char** argv) {
  // The simulator has a command line of its own.
  if (argc >= 2 && std::string(argv[1]) == "sim") {
    return RunSimCommand(argc - 1, argv + 1);
  }
  Verbs verbs;
  CLI::App app("Orrery: a Dynamo-style key-value store.", "orrery");
  app.set_version_flag("--version", "orrery " ORRERY_VERSION);
  app.require_subcommand(1);
  AddNode(app, verbs);
  AddKeyVerbs(app, verbs);
  AddBatch(app, verbs);
  AddAdminVerbs(app, verbs);
  AddBench(app, verbs);
  AddDemo(app, verbs);
  AddInspect(app, verbs);
  app.add_subcommand("sim", "Run the simulator; see orrery sim --help.");
  if (argc >= 2 && argv[1][0] != '-' && !HasVerb(app, argv[1])) {
    std::fprintf(stderr, "orrery: there is no verb %s; see orrery --help\n",
                 argv[1]);
    return kExitUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version are "errors" with status 0.
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return verbs.run();
}

}  // namespace

int RunCli(int argc, char** argv) {
  const int code = RunVerb(argc, argv);
  std::cout.flush();
  errno = 0;
  const bool is_written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (is_written) return code;
  // What somebody saves in a file may be all that is left of it.
  std::fprintf(stderr, "orrery: the output cannot be written%s%s\n",
               errno == 0 ? "" : ": ", errno == 0 ? "" : std::strerror(errno));
  return code == kExitOk ? kExitUnexpected : code;
}

}  // namespace orrery
