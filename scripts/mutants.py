#!/usr/bin/env python3
"""Planted bugs: does the simulator find them?

usage: scripts/mutants.py check
       scripts/mutants.py run [ID...] [--seeds 1..2000] [--profile light]
                              [--jobs 2] [--fresh]

check   every old text stands exactly once in its file
run     applies each edit to a copy of the tree, builds, runs seeds until one
        fails; prints a table; exit 1 if one is not caught

The format is described in tests/mutants/README.md.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "tests" / "mutants"
SCRATCH = ROOT / "build" / "mutants"
TREE = SCRATCH / "tree"
RESULTS = SCRATCH / "results.jsonl"
COPIED = ["CMakeLists.txt", "CMakePresets.json", "scripts", "core", "transport",
          "sim", "node", "tests/CMakeLists.txt", "tests/house_rules_test.cc",
          "tests/support"]
VIOLATED = 10  # exit code of `orrery sim`
BUILD_SECONDS_MAX = 3600
SEED_SECONDS_MAX = 30  # a seed that takes longer is a hang


class Mutant:
    """One file of the catalogue."""

    def __init__(self, path):
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        head, _, rest = self.text.partition("--- old\n")
        old, _, rest = rest.partition("--- new\n")
        new, end, _ = rest.partition("--- end\n")
        if not end:
            raise ValueError("%s: needs `--- old`, `--- new`, `--- end`" % path.name)
        fields = dict(re.findall(r"^(\w+): *(.*)$", head, re.M))
        for name in ("id", "file", "oracles", "story"):
            if not fields.get(name):
                raise ValueError("%s: needs `%s:`" % (path.name, name))
        self.id, self.file, self.story = fields["id"], fields["file"], fields["story"]
        self.oracles = fields["oracles"].split()
        self.old, self.new = old, new
        if self.id != path.stem:
            raise ValueError("%s: its id is %s" % (path.name, self.id))

    def fault(self, root):
        """Why it cannot be applied to the tree at `root`, or None."""
        target = root / self.file
        if not target.is_file():
            return "%s does not exist" % self.file
        count = target.read_text(encoding="utf-8").count(self.old)
        if not self.old.strip():
            return "its old text is empty"
        if self.old == self.new:
            return "it changes nothing"
        if count != 1:
            return "its old text stands %d times in %s" % (count, self.file)
        return None


def load():
    """All mutants by id, and what is wrong with the catalogue."""
    mutants, faults = [], []
    for path in sorted(CATALOGUE.glob("*.txt")):
        try:
            mutant = Mutant(path)
        except ValueError as error:
            faults.append(str(error))
            continue
        if fault := mutant.fault(ROOT):
            faults.append("%s: %s" % (path.name, fault))
        mutants.append(mutant)
    return mutants, faults


def check():
    mutants, faults = load()
    for fault in faults:
        print("mutants: " + fault)
    if not mutants:
        faults.append("none")
        print("mutants: the catalogue is empty")
    print("mutants: %d in the catalogue, %d faults" % (len(mutants), len(faults)))
    return 1 if faults else 0


def copy_tree():
    """Brings the scratch tree up to date; unchanged files keep their times."""
    TREE.mkdir(parents=True, exist_ok=True)
    wanted = set()
    for name in COPIED:
        source = ROOT / name
        files = [source] if source.is_file() else sorted(source.rglob("*"))
        for file in files:
            if not file.is_file():
                continue
            relative = file.relative_to(ROOT)
            wanted.add(relative)
            put(TREE / relative, file.read_bytes())
            shutil.copymode(file, TREE / relative)
    for file in sorted(TREE.rglob("*")):
        relative = file.relative_to(TREE)
        if file.is_file() and relative not in wanted and relative.parts[0] != "build":
            file.unlink()


def put(path, data):
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def build(jobs):
    """Builds the simulator in the scratch tree; returns what failed, or None."""
    folder = TREE / "build" / "release"
    if not (folder / "build.ninja").is_file():
        configure = subprocess.run(
            ["cmake", "--preset", "release"],  # Its flags, hence ccache's hits.
            cwd=TREE, capture_output=True, text=True, check=False)
        if configure.returncode != 0:
            return configure.stderr[-2000:]
    made = subprocess.run(["ninja", "-C", str(folder), "-j%d" % jobs, "orrery"],
                          capture_output=True, text=True, check=False,
                          timeout=BUILD_SECONDS_MAX)
    return None if made.returncode == 0 else made.stdout[-2000:]


def batches(first, last):
    """1..2000 as growing pieces, so that an early find ends early."""
    size = 20
    while first <= last:
        upto = min(last, first + size - 1)
        yield first, upto
        first, size = upto + 1, min(size * 2, 500)


def hunt(seeds, profile):
    """Runs seeds until one fails: (seed, oracle, CPU seconds), or None."""
    first, last = seeds
    before = os.times()
    for low, high in batches(first, last):
        command = [str(TREE / "bin" / "orrery"), "sim", "run", "--profile", profile,
                   "--no-shrink", "--seeds", "%d..%d" % (low, high)]
        try:
            run = subprocess.run(command, capture_output=True, text=True, check=False,
                                 cwd=SCRATCH,
                                 timeout=SEED_SECONDS_MAX * (high - low + 1))
        except subprocess.TimeoutExpired:
            return low, "hang", spent(before)
        if run.returncode == 0:
            continue
        seed, oracle = first_failure(run.stdout + run.stderr, low)
        if run.returncode != VIOLATED:
            oracle = "exit %d" % run.returncode
        return seed, oracle, spent(before)
    return None


def spent(before):
    now = os.times()
    return round(now.children_user - before.children_user
                 + now.children_system - before.children_system, 1)


def first_failure(text, default_seed):
    """The lowest failing seed of a run, and the oracle that saw it."""
    found = []
    for line in text.splitlines():
        seed = re.search(r"\bseed[ =:]+(\d+)", line)
        oracle = re.search(r"\b([A-Z]+-?\d+)\b", line)
        if seed and oracle:
            found.append((int(seed[1]), oracle[1]))
    if found:
        return min(found)
    seed = re.search(r"\bseed[ =:]+(\d+)", text)
    oracle = re.search(r"\b(O\d+|[A-Z]{2,}-\d+|invariant failed[^\n]*)", text)
    return (int(seed[1]) if seed else default_seed,
            oracle[1] if oracle else "unnamed")


def tree_hash():
    """Identifies what a result was measured on."""
    digest = hashlib.sha256()
    for name in ("core", "sim", "transport/wire"):
        for file in sorted((ROOT / name).rglob("*")):
            if file.suffix in (".h", ".cc", ".proto"):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def kept_results(options, tree):
    kept = {}
    if options.fresh or not RESULTS.is_file():
        return kept
    for line in RESULTS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["tree"] == tree and row["profile"] == options.profile:
            kept[row["key"]] = row
    return kept


def measure(mutant, options, tree, key):
    """Applies one edit, builds, hunts, takes the edit back."""
    target = TREE / mutant.file
    original = target.read_text(encoding="utf-8")
    row = {"id": mutant.id, "key": key, "tree": tree, "profile": options.profile,
           "expected": mutant.oracles, "seed": None, "oracle": None, "cpu_s": None}
    target.write_text(original.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        begin = time.monotonic()
        broken = build(options.jobs)
        row["build_s"] = round(time.monotonic() - begin, 1)
        if broken:
            row["oracle"] = "does not build"
            print(broken)
            return row
        if found := hunt(options.seed_range, options.profile):
            row["seed"], row["oracle"], row["cpu_s"] = found
    finally:
        target.write_text(original, encoding="utf-8")
    return row


def verdict(row):
    if row["oracle"] is None:
        return "NOT CAUGHT"
    if row["oracle"] == "does not build":
        return "BROKEN"
    return "caught" if row["oracle"] in row["expected"] else "caught, by another"


def print_table(rows):
    print("\n%-6s %-18s %8s %8s  %-14s %s"
          % ("id", "verdict", "seed", "CPU s", "first oracle", "expected"))
    for row in rows:
        print("%-6s %-18s %8s %8s  %-14s %s"
              % (row["id"], verdict(row), row["seed"] or "-", row["cpu_s"] or "-",
                 row["oracle"] or "-", " ".join(row["expected"])))


def run(options):
    mutants, faults = load()
    if faults:
        return check()
    if options.ids:
        mutants = [m for m in mutants if m.id in options.ids]
    if not mutants:
        print("mutants: nothing to run")
        return 2
    copy_tree()
    print("mutants: building the clean tree", flush=True)
    if broken := build(options.jobs):
        print(broken)
        return 1
    first = options.seed_range[0]
    if hunt((first, first + 49), options.profile):
        print("mutants: the clean tree fails already; nothing can be measured")
        return 1
    tree = tree_hash()
    kept, rows = kept_results(options, tree), []
    for mutant in mutants:
        key = hashlib.sha256((mutant.text + options.seeds).encode()).hexdigest()[:16]
        row = kept.get(key)
        if row is None:
            row = measure(mutant, options, tree, key)
            with RESULTS.open("a", encoding="utf-8") as out:
                out.write(json.dumps(row) + "\n")
        rows.append(row)
        print("%-6s %s: %s" % (mutant.id, verdict(row), mutant.story), flush=True)
    print_table(rows)
    caught = sum(1 for row in rows if verdict(row).startswith("caught"))
    print("mutants: %d of %d caught" % (caught, len(rows)))
    return 0 if caught == len(rows) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("check")
    runner = verbs.add_parser("run")
    runner.add_argument("ids", nargs="*")
    runner.add_argument("--seeds", default="1..2000")
    runner.add_argument("--profile", default="light")
    runner.add_argument("--jobs", type=int, default=2)
    runner.add_argument("--fresh", action="store_true", help="forget earlier results")
    options = parser.parse_args()
    if options.verb == "check":
        return check()
    low, _, high = options.seeds.partition("..")
    options.seed_range = (int(low), int(high))
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
