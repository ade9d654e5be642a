#!/usr/bin/env python3
"""Measures, in one run and in turns, what a request costs.

usage: scripts/bench.py [--requests 100000] [--rounds 3] [--orrery bin/orrery]

Three targets: a do-nothing responder on the node's own HTTP transport, one
node, and a cluster of three (N=3, R=W=2).  1 KiB values, 50 connections, PUT
and GET, as plain bytes and in the JSON envelope.  Throughput and latency are
the medians of the rounds; CPU per request is that of the servers, all of them;
memory is the largest process at its peak.  Only the ratios carry over to
another machine: each is of the responder's figure in the same row.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "system"))

from processes import Cluster, free_port, wait_until  # noqa: E402

CONNECTIONS = 50
VALUE_BYTES = 1024
KEYS = 10000
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Responder:
    """`orrery bench --responder`: a context manager like Cluster."""

    def __init__(self, binary):
        self.port = free_port()
        self.command = [str(binary), "bench", "--responder", str(self.port),
                        "--value-size", str(VALUE_BYTES)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        wait_until(lambda: answers(self.port), "the responder answers", 10)
        return self

    def __exit__(self, kind, error, trace):
        self.process.terminate()
        self.process.wait()


def answers(port):
    probe = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-m", "2",
         "http://127.0.0.1:%d/kv/probe" % port], check=False)
    return probe.returncode == 0


class Target:
    def __init__(self, name, ports, pids):
        self.name, self.ports, self.pids = name, ports, pids

    def cpu_seconds(self):
        total = 0
        for pid in self.pids:
            fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1]
            total += sum(int(t) for t in fields.split()[11:13])
        return total / TICKS_PER_SECOND

    def peak_mib(self):
        peaks = []
        for pid in self.pids:
            for line in pathlib.Path("/proc/%d/status" % pid).read_text().splitlines():
                if line.startswith("VmHWM:"):
                    peaks.append(int(line.split()[1]) / 1024)
        return max(peaks)


def load(binary, target, writes, raw, requests):
    """One run of the load tester against one target."""
    command = [str(binary), "bench", "--target",
               ",".join("127.0.0.1:%d" % p for p in target.ports),
               "--requests", str(requests), "--concurrency", str(CONNECTIONS),
               "--write-ratio", "1" if writes else "0", "--keys", str(KEYS),
               "--value-size", str(VALUE_BYTES), "-o", "json"]
    if raw:
        command.append("--raw")
    before = target.cpu_seconds()
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(run.stdout)
    if set(result["statuses"]) != {"200"}:
        sys.exit("bench: %s answered %s" % (target.name, result["statuses"]))
    latency = result["writes" if writes else "reads"]
    return {"per_second": result["requests_per_second"],
            "p50": latency["p50_ms"], "p99": latency["p99_ms"],
            "p99.9": latency["p99.9_ms"],
            "cpu_us": (target.cpu_seconds() - before) * 1e6 / requests}


def measure(binary, targets, requests, rounds):
    """{(verb, form, target): medians}, the targets in turns."""
    for target in targets:  # Every key exists before the first read.
        load(binary, target, True, True, KEYS)
    runs = {}
    for _ in range(rounds):
        for raw in (True, False):
            for writes in (True, False):
                for target in targets:
                    key = ("PUT" if writes else "GET", "bytes" if raw else "JSON",
                           target.name)
                    runs.setdefault(key, []).append(
                        load(binary, target, writes, raw, requests))
    return {key: {name: statistics.median(run[name] for run in some)
                  for name in some[0]} for key, some in runs.items()}


def print_table(medians, targets):
    print("| | target | requests/s | of responder | p50 ms | p99 ms | p99.9 ms "
          "| CPU us/request |")
    print("|---|---|---|---|---|---|---|---|")
    for verb, form, name in medians:
        row = medians[verb, form, name]
        base = medians[verb, form, targets[0].name]
        print("| %s, %s | %s | %s | %.2f | %.2f | %.2f | %.2f | %.1f |"
              % (verb, form, name, format(round(row["per_second"]), ","),
                 row["per_second"] / base["per_second"], row["p50"], row["p99"],
                 row["p99.9"], row["cpu_us"]))
    print("\nPeak memory of a process: "
          + ", ".join("%s %.0f MiB" % (t.name, t.peak_mib()) for t in targets))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--orrery", default=str(ROOT / "bin" / "orrery"))
    options = parser.parse_args()
    binary = pathlib.Path(options.orrery).resolve()
    with Responder(binary) as responder, Cluster(binary, 1) as one, \
            Cluster(binary, 3) as three:
        targets = [
            Target("responder", [responder.port], [responder.process.pid]),
            Target("one node", [one.nodes[0].port], [one.nodes[0].process.pid]),
            Target("three nodes", [n.port for n in three.nodes],
                   [n.process.pid for n in three.nodes])]
        medians = measure(binary, targets, options.requests, options.rounds)
        print_table(medians, targets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
