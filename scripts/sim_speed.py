#!/usr/bin/env python3
"""How much faster than real time is the simulator?

usage: scripts/sim_speed.py [--rounds 5] [--binary bin/orrery]

Writes scenarios of five nodes and 1,000 client operations a second for 60
seconds (half reads, a twentieth deletes, values up to 1 KiB) and replays each;
prints simulated seconds per second of processor time, the median and the best
of the rounds.  The goal is 50.
"""

import argparse
import pathlib
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile

OPERATIONS = 60_000
CASES = [  # name, keys, sync, faults
    ("32 keys", 32, "off", False),
    ("1,000 keys", 1000, "off", False),
    ("32 keys, faults", 32, "off", True),
    ("32 keys, sync=on, faults", 32, "on", True),
]
FAULTS = """\
at 12s crash n1
at 15s restart n1
at 22s powerloss n2
at 26s restart n2
at 34s split n0,n1 | n2,n3,n4
at 40s heal all
at 46s pause n3
at 49s resume n3
"""


def scenario(keys, sync, faults):
    """The text of one scenario; the same at every call."""
    draw = random.Random(1)
    lines = ["orrery-sim 1",
             f"cfg nodes=5 n=3 r=2 w=2 vnodes=8 keys={keys} clients=6"
             f" sync={sync} seed=4 end=64s",
             "noise delay=1ms..20ms disk.latency=50us..5ms"]
    if faults:
        lines += FAULTS.splitlines()
    at = 4_000_000
    for op in range(1, OPERATIONS + 1):
        at += draw.randint(1, 1999)
        dice = draw.random()
        what = (f"c{draw.randrange(6)} k{draw.randrange(keys)}"
                f" via=n{draw.randrange(5)}")
        if dice < 0.5:
            lines.append(f"at {at}us op {op} get {what}")
        elif dice < 0.95:
            lines.append(f"at {at}us op {op} put {what}"
                         f" size={draw.randrange(1024)}")
        else:
            lines.append(f"at {at}us op {op} del {what}")
    return "\n".join(lines) + "\n"


def replay(binary, file):
    """(simulated seconds, processor seconds) of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run([binary, "sim", "replay", file], text=True,
                         capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(r"([0-9.]+) s simulated", run.stdout)
    if run.returncode != 0 or not found:
        sys.exit(f"{file}: exit {run.returncode}\n{run.stdout}{run.stderr}")
    spent = (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return float(found.group(1)), spent


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--binary", default="bin/orrery")
    arguments = parser.parse_args()
    print(f"{'scenario':<28}{'simulated s':>12}{'CPU s':>8}{'best':>8}"
          f"{'times real time':>17}{'best':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, keys, sync, faults) in enumerate(CASES):
            file = pathlib.Path(folder) / f"{number}.txt"
            file.write_text(scenario(keys, sync, faults), encoding="ascii")
            runs = [replay(arguments.binary, str(file))
                    for _ in range(arguments.rounds)]
            simulated = runs[0][0]
            middle = statistics.median(cpu for _, cpu in runs)
            best = min(cpu for _, cpu in runs)
            print(f"{name:<28}{simulated:>12.1f}{middle:>8.2f}{best:>8.2f}"
                  f"{simulated / middle:>17.0f}{simulated / best:>8.0f}")


if __name__ == "__main__":
    main()
