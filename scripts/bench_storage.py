#!/usr/bin/env python3
"""The storage engine against raw loops of the same disk: the goals' table.

usage: scripts/bench_storage.py [--binary FILE] [--scale F] [--repeats N]
         [--index-keys N] [--subjects a,b] [--directory DIR] [--json FILE]
         [--write]

Runs build/release/bench/bench_storage and prints what it measured, one row a
goal: median (least to most) of the repeats, the raw loop's, and the quotient
of the two in each repeat.  DIR is where the files are made and removed again;
without it, where ./data is or would be.  --write puts the table into
docs/performance.md; do so on a quiet machine.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "build/release/bench/bench_storage"
DOC = ROOT / "docs/performance.md"
TABLE = re.compile(r"(<!-- bench-storage: .*? -->\n)(.*?)"
                   r"(<!-- end of bench-storage -->\n)", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Goal:
    row: str              # Of bench_storage's output.
    label: str
    must: float | None    # None: context for the rows about it.
    at_least: bool = True
    of_raw: bool = False  # The goal is about the quotient.
    raw: str = ""         # What it is compared with.


GOALS = [
    Goal("write_4k_mb_per_s", "unsynced puts of 4 KiB, until acknowledged, MB/s",
         0.85, of_raw=True, raw="pwrite of 1 MiB"),
    Goal("write_4k_to_the_device_mb_per_s",
         "the same, up to a clean stop, MB/s", None, raw="and fdatasync"),
    Goal("put_100b_per_core_second",
         "unsynced puts of 100 bytes per second of the loop's processor time",
         1e6),
    Goal("put_100b_per_second", "the same, per second", None),
    Goal("put_turn_longest_cpu_ms",
         "longest turn of the loop meanwhile (files change, the index grows),"
         " ms of processor time", 2, at_least=False),
    Goal("put_wait_p9999_ms", "wait for a put meanwhile, p99.99, ms", 2,
         at_least=False),
    Goal("synced_64_puts_per_s", "synced puts, 64 writers, a second", 0.90,
         of_raw=True, raw="write + fdatasync of as large batches"),
    Goal("synced_64_over_one_sync_a_put", "the same, over raw puts with a sync"
         " each", 50),
    Goal("synced_64_puts_a_sync", "the same, puts a sync", None),
    Goal("synced_256_puts_per_s", "synced puts, 256 writers, a second", 0.90,
         of_raw=True, raw="write + fdatasync of as large batches"),
    Goal("synced_256_over_one_sync_a_put", "the same, over raw puts with a"
         " sync each", 50),
    Goal("synced_256_puts_a_sync", "the same, puts a sync", None),
    Goal("synced_1_p50_us", "synced put, one writer, p50, us", 1.3,
         at_least=False, of_raw=True, raw="write + fdatasync of 4 KiB"),
    Goal("synced_1_p99_us", "the same, p99, us", 1.5, at_least=False,
         of_raw=True, raw="write + fdatasync of 4 KiB"),
    Goal("recovery_scan_mb_per_s", "start by scanning data, cold, MB/s", 0.80,
         of_raw=True, raw="pread of 1 MiB"),
    Goal("recovery_scan_cached_mb_per_s", "the same, from the page cache, MB/s",
         None, of_raw=True, raw="pread of 1 MiB"),
    Goal("recovery_clean_keys_per_s", "start after a clean stop, cached, keys/s",
         2e6),
    Goal("index_bytes_per_key_without_digest",
         "resident bytes per key, without its 8-byte digest", 64,
         at_least=False),
    Goal("index_bytes_per_key", "the same, with it", None),
    Goal("read_p99_us", "get beside compaction, cached, p99, us", 1.25,
         at_least=False, of_raw=True, raw="idle"),
    Goal("read_p999_us", "the same, p99.9, us", 2, at_least=False, of_raw=True,
         raw="idle"),
    Goal("read_p50_us", "the same, p50, us", None, of_raw=True, raw="idle"),
    Goal("read_compaction_mb_per_s", "that compaction, MB/s written", None),
    Goal("read_device_p99_us", "get beside compaction, from the device, p99, us",
         1.25, at_least=False, of_raw=True, raw="idle"),
    Goal("read_device_p999_us", "the same, p99.9, us", 2, at_least=False,
         of_raw=True, raw="idle"),
    Goal("read_device_p50_us", "the same, p50, us", None, of_raw=True,
         raw="idle"),
    Goal("read_device_compaction_mb_per_s", "that compaction, MB/s written",
         None),
    Goal("write_amplification_uniform",
         "bytes written per byte put, uniform overwrites", 2.1, at_least=False),
    Goal("space_amplification_uniform", "blocks kept per live byte, the same",
         1.45, at_least=False),
    Goal("write_amplification_zipf",
         "bytes written per byte put, Zipf 0.99 overwrites", 1.5,
         at_least=False),
    Goal("space_amplification_zipf", "blocks kept per live byte, the same", 1.4,
         at_least=False),
    Goal("disk_reads_per_hit", "disk reads per get that finds", 1.0,
         at_least=False),
    Goal("disk_reads_per_miss", "disk reads per get that does not", 0.001,
         at_least=False),
]


def text_of(number):
    if number == 0 or abs(number) >= 1000:
        return "{:,.0f}".format(number)
    if abs(number) >= 100:
        return "%.0f" % number
    if abs(number) < 0.01:
        return "%g" % number
    return "%.2f" % number if abs(number) < 10 else "%.1f" % number


def spread(values):
    """Median (least to most), or the one value."""
    if not values:
        return ""
    middle = text_of(statistics.median(values))
    if len(values) == 1:
        return middle
    return "%s (%s to %s)" % (middle, text_of(min(values)), text_of(max(values)))


def quotients(row):
    return [v / r for v, r in zip(row["value"], row["raw"])]


def verdict(goal, row):
    """What must be, and whether it is."""
    if goal.must is None:
        return "", ""
    values = quotients(row) if goal.of_raw else row["value"]
    reached = statistics.median(values)
    must = "%s %s" % (">=" if goal.at_least else "<=", text_of(goal.must))
    if reached >= goal.must if goal.at_least else reached <= goal.must:
        return must, "yes"
    return must, "**no**, %s" % text_of(reached)


def table_of(results):
    lines = ["| | store | raw loop | quotient | must | met |",
             "|---|---|---|---|---|---|"]
    for goal in GOALS:
        if goal.row not in results:
            continue
        row = results[goal.row]
        raw = "%s: %s" % (goal.raw, spread(row["raw"])) if row["raw"] else ""
        lines.append("| %s |" % " | ".join(
            [goal.label, spread(row["value"]), raw, spread(quotients(row)),
             *verdict(goal, row)]))
    return "\n".join(lines) + "\n"


def home_of_data():
    """A directory on the file system of ./data."""
    data = ROOT / "data"
    if data.exists() and os.stat(data).st_dev != os.stat(ROOT).st_dev:
        return data
    return ROOT / "build"


def measure(options):
    with tempfile.TemporaryDirectory(
            dir=options.directory or home_of_data(), prefix="bench-") as folder:
        command = [str(options.binary), "--scale", str(options.scale),
                   "--repeats", str(options.repeats),
                   "--index-keys", str(options.index_keys),
                   "--directory", folder]
        if options.subjects:
            command += ["--subjects", options.subjects]
        return json.loads(subprocess.run(command, stdout=subprocess.PIPE,
                                         check=True).stdout)


def write_doc(options, table):
    command = "make bench-storage SCALE=%g; %d repeats, %s, %d processors" % (
        options.scale, options.repeats, platform.machine(), os.cpu_count())
    page, count = TABLE.subn(
        lambda m: "<!-- bench-storage: %s -->\n%s%s" % (command, table, m[3]),
        DOC.read_text(encoding="utf-8"))
    if count != 1:
        raise SystemExit("bench_storage: %s has no place for the table" % DOC)
    DOC.write_text(page, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, default=BINARY)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--index-keys", type=int, default=1_000_000)
    parser.add_argument("--subjects", default="")
    parser.add_argument("--directory", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    try:
        results = measure(options)
    except subprocess.CalledProcessError as error:
        return error.returncode
    except KeyboardInterrupt:
        return 130
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n",
                                encoding="utf-8")
    table = table_of(results)
    print(table, end="")
    if options.write:
        write_doc(options, table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
