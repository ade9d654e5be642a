#!/usr/bin/env python3
"""Golden digests: committed scenarios must run to the same bytes everywhere.

usage: scripts/golden.py [--update] ORRERY

Replays every scenario of tests/golden/*.txt and compares its final digest with
the line of that name in tests/golden/digests.txt.  --update rewrites the file;
the commit then says why digests moved.  Exit code: 0 equal, 1 not.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
DIGESTS = GOLDEN / "digests.txt"
SCENARIOS_MIN = 50
EVENTS_MAX = 5000  # so that the slowest build runs all of them in seconds


def replay(binary, scenario):
    """(digest, events), or a complaint."""
    run = subprocess.run([binary, "sim", "golden", str(scenario)],
                         capture_output=True, text=True, check=False, cwd=ROOT)
    text = run.stdout + run.stderr
    found = re.search(r": digest ([0-9a-f]{16}), (\d+) events", text)
    if run.returncode != 0 or not found:
        return "exit %d: %s" % (run.returncode, text[-500:])
    return found[1], int(found[2])


def read_digests():
    if not DIGESTS.is_file():
        return {}
    lines = DIGESTS.read_text(encoding="utf-8").splitlines()
    return dict(line.split() for line in lines if line and line[0] != "#")


def main():
    arguments = sys.argv[1:]
    update = "--update" in arguments
    paths = [a for a in arguments if not a.startswith("--")]
    if len(paths) != 1:
        print(__doc__)
        return 2
    binary = os.path.abspath(paths[0])
    scenarios = sorted(p for p in GOLDEN.glob("*.txt") if p != DIGESTS)
    expected, found, faults = read_digests(), {}, 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", 2))) as pool:
        outcomes = list(pool.map(lambda s: replay(binary, s), scenarios))
    for scenario, outcome in zip(scenarios, outcomes):
        name = scenario.stem
        if isinstance(outcome, str):
            print("golden: %s: %s" % (name, outcome))
            faults += 1
            continue
        digest, events = outcome
        found[name] = digest
        if events > EVENTS_MAX:
            print("golden: %s: %d events, at most %d" % (name, events, EVENTS_MAX))
            faults += 1
        if not update and expected.get(name) != digest:
            print("golden: %s: digest %s, expected %s"
                  % (name, digest, expected.get(name, "none")))
            faults += 1
    if not update:
        for name in sorted(set(expected) - {s.stem for s in scenarios}):
            print("golden: %s: a digest without a scenario" % name)
            faults += 1
    if len(scenarios) < SCENARIOS_MIN:
        print("golden: %d scenarios, at least %d" % (len(scenarios), SCENARIOS_MIN))
        faults += 1
    if update and faults == 0:
        DIGESTS.write_text("".join("%s %s\n" % item for item in sorted(found.items())),
                           encoding="utf-8")
    print("golden: %d scenarios, %d faults%s"
          % (len(scenarios), faults, ", updated" if update and not faults else ""))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
