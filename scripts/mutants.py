#!/usr/bin/env python3
"""Planted bugs: does the simulator find them?

check      every old text stands exactly once in its file
run        each bug over 10 streams of at most 1,000 light seeds; one that no
           stream sees gets one stream to 50,000.  Goes on where it was stopped.
report     the table of what `run` measured on this tree; --write puts it into
           docs/simulation.md
ablation   12 bugs, 3 streams, 6 times something left out: what is it worth?
sample     six bugs that the tree of core/ chooses, seeds 1..200; fails if one
           is unseen in 1,000

A stream is a range of seeds of its own: stream k begins at k * 1,000,000 + 1.
The format of the catalogue is described in tests/mutants/README.md.
"""

import argparse
import hashlib
import os
import re
import signal
import sys

from mutation import measure, report
from mutation.bench import SCRATCH, Broken, kill_running
from mutation.catalogue import ROOT, digest_of, load, select
from mutation.results import LONG_STREAM, STREAM_SEEDS, Results

DOC = ROOT / "docs" / "simulation.md"
TABLE = re.compile(r"(<!-- mutants: [^\n]* -->\n).*?(<!-- end of mutants -->)", re.S)
SAMPLED = 6
SAMPLE_SEEDS, SAMPLE_SEEDS_MAX = 200, 1000
ABLATED = 12
ABLATIONS = ["crash", "powerloss", "split cut", "pause", "O4", "O11"]


def check():
    mutants, faults = load()
    for fault in faults:
        print("mutants: " + fault)
    if not mutants:
        faults.append("none")
        print("mutants: the catalogue is empty")
    print("mutants: %d in the catalogue, %d faults" % (len(mutants), len(faults)))
    return 1 if faults else 0


def chosen(options):
    """The mutants that the command names; leaves with a message if none."""
    mutants, faults = load()
    if faults:
        check()
        sys.exit(1)
    try:
        return select(mutants, options.ids)
    except ValueError as error:
        print("mutants: %s" % error)
        sys.exit(2)


def long_hunt(options):
    """What follows the streams: a long one, if none of them saw the bug."""
    def then(rows):
        if options.long <= options.cap or any(r["seed"] is not None for r in rows):
            return []
        return [measure.Hunt(LONG_STREAM, options.long)]
    return then


def lines_of(mutants, options, results):
    lines = []
    for mutant in mutants:
        rows = [results.get(mutant, s, options.cap) for s in range(options.streams)]
        rows.append(results.get(mutant, LONG_STREAM, options.long))
        rows = [row for row in rows if row]
        if rows:
            lines.append(report.Line(mutant, rows))
    return lines


def run(options):
    mutants, results = chosen(options), Results(options.profile, options.fresh)
    benches = measure.make_benches(options.jobs, options.profile)
    hunts = [measure.Hunt(stream, options.cap) for stream in range(options.streams)]

    def describe(mutant, rows):
        line = report.Line(mutant, rows)
        if not line.caught():
            return "NOT CAUGHT: " + mutant.story
        return "%d/%d streams, median %s seeds, %s" % (
            len(line.seen), len(line.short),
            report.number(line.over("seeds")[0], options.cap), line.seen_by())

    sound = measure.run_all(mutants, hunts, benches, results, describe,
                            long_hunt(options))
    lines = lines_of(mutants, options, results)
    print("\n" + report.markdown(lines, options.cap))
    print(report.summary(lines, options.cap), end="")
    return 0 if sound and all(line.caught() for line in lines) else 1


def show_report(options):
    results = Results(options.profile)
    lines = lines_of(chosen(options), options, results)
    text = "%s\n%s" % (report.markdown(lines, options.cap),
                       report.summary(lines, options.cap))
    print(text, end="")
    if not options.write or not lines:
        return 0 if lines else 1
    page, command = DOC.read_text(encoding="utf-8"), "python3 scripts/mutants.py run"
    block = ("<!-- mutants: %s --streams %d --cap %d; sources %s -->\n"
             % (command, options.streams, options.cap, results.tree))
    page, count = TABLE.subn(lambda m: block + text + m[2], page)
    if count != 1:
        print("mutants: %s has no place for the table" % DOC.name)
        return 1
    DOC.write_text(page, encoding="utf-8")
    return 0


def by_hash(mutants, salt):
    """An order that nobody chose, the same on every machine."""
    return sorted(mutants, key=lambda m: hashlib.sha256(
        (salt + m.id).encode()).hexdigest())


def ablation(options):
    mutants, results = chosen(options), Results(options.profile, options.fresh)
    if not options.ids:
        mutants = by_hash(mutants, "ablation")[:ABLATED]
    ablations = [tuple(off.split()) for off in options.off or ABLATIONS]
    benches = measure.make_benches(options.jobs, options.profile, [()] + ablations)
    hunts = [measure.Hunt(stream, options.cap, without)
             for without in [()] + ablations for stream in range(options.streams)]

    def describe(_, rows):
        missed = sum(1 for row in rows if row["seed"] is None)
        return "%d hunts, %d saw nothing" % (len(rows), missed)

    sound = measure.run_all(mutants, hunts, benches, results, describe)
    print("\n" + report.ablation_table(mutants, options.streams, options.cap,
                                       ablations, results), end="")
    return 0 if sound else 1


def sample(options):
    mutants, results = chosen(options), Results(options.profile, options.fresh)
    if not options.ids:
        # One that is known to need more seeds says so in its text.
        mutants = by_hash([m for m in mutants if not m.late], digest_of(["core"]))
        mutants = mutants[:SAMPLED]
    benches = measure.make_benches(options.jobs, options.profile)

    def describe(_, rows):
        if rows[0]["seed"] is None:
            return "UNSEEN in %d seeds" % SAMPLE_SEEDS_MAX
        late = rows[0]["seeds"] > SAMPLE_SEEDS
        return "seed %d, %s%s" % (rows[0]["seed"], rows[0]["oracle"],
                                  ", later than %d" % SAMPLE_SEEDS if late else "")

    sound = measure.run_all(mutants, [measure.Hunt(0, SAMPLE_SEEDS_MAX)], benches,
                            results, describe)
    rows = [results.get(m, 0, SAMPLE_SEEDS_MAX) for m in mutants]
    unseen = [m.id for m, row in zip(mutants, rows) if row and row["seed"] is None]
    soon = sum(1 for row in rows
               if row and row["seed"] is not None and row["seeds"] <= SAMPLE_SEEDS)
    print("mutants: %d of %d seen within %d seeds; unseen in %d: %s"
          % (soon, len(mutants), SAMPLE_SEEDS, SAMPLE_SEEDS_MAX,
             " ".join(unseen) or "none"))
    return 0 if sound and not unseen else 1


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("check").set_defaults(do=lambda options: check())
    for name, do in (("run", run), ("report", show_report), ("ablation", ablation),
                     ("sample", sample)):
        verb = verbs.add_parser(name)
        verb.set_defaults(do=do)
        verb.add_argument("ids", nargs="*", metavar="ID")
        verb.add_argument("--profile", default="light")
        verb.add_argument("--jobs", type=int, help="benches; one per core if not said",
                          default=int(os.environ.get("JOBS", os.cpu_count() or 1)))
        verb.add_argument("--fresh", action="store_true",
                          help="forget what was measured before")
        if name != "sample":
            verb.add_argument("--streams", type=int,
                              default=3 if name == "ablation" else 10)
            verb.add_argument("--cap", type=int, default=1000, help="seeds a stream")
        if name in ("run", "report"):
            verb.add_argument("--long", type=int, default=50_000,
                              help="seeds of the stream for what is unseen; 0: none")
        if name == "report":
            verb.add_argument("--write", action="store_true")
        if name == "ablation":
            verb.add_argument("--off", action="append", metavar="NAMES",
                              help="left out together; can be repeated (default: %s)"
                              % ", ".join(ABLATIONS))
    return parser.parse_args()


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = parse()
    if options.verb != "check" and (options.jobs < 1 or not 1 <= getattr(
            options, "streams", 1) < LONG_STREAM or not 1 <= getattr(
                options, "cap", 1) <= STREAM_SEEDS):
        print("mutants: --jobs, --streams and --cap want at least 1; a stream has "
              "%d seeds" % STREAM_SEEDS)
        return 2
    try:
        if options.verb != "check":
            SCRATCH.mkdir(parents=True, exist_ok=True)
        return options.do(options)
    except Broken as broken:
        print("mutants: %s" % broken)
        return 1
    except KeyboardInterrupt:
        kill_running()
        return 130


if __name__ == "__main__":
    sys.exit(main())
