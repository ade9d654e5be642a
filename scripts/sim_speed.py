#!/usr/bin/env python3
"""How much faster than real time is the simulator?

usage: scripts/sim_speed.py [--rounds 5] [--load busy|light|all] [BINARY...]

Writes scenarios of five nodes and 60,000 client operations (half reads, a
twentieth deletes, values up to 1 KiB) and replays each; prints simulated
seconds per second of processor time and events per second, of the median
round and of the best.  `busy` is 1,000 operations a second, `light` 160 and
16.  Several binaries take turns, so that what else the machine does meets all
of them.  Goals: 100 times real time at 1,000, 1,000 at 160, 7,000 at 16.
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
FIRST = 4  # The second in which clients begin.
BUSY = [  # name, operations a second, keys, sync, faults
    ("1,000/s, 32 keys", 1000, 32, "off", False),
    ("1,000/s, 1,000 keys", 1000, 1000, "off", False),
    ("1,000/s, faults", 1000, 32, "off", True),
    ("1,000/s, faults, sync=on", 1000, 32, "on", True),
]
LIGHT = [
    ("160/s, 32 keys", 160, 32, "off", False),
    ("16/s, 32 keys", 16, 32, "off", False),
]
CASES = {"busy": BUSY, "light": LIGHT, "all": BUSY + LIGHT}
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


def scenario(rate, keys, sync, faults):
    """The text of one scenario; the same at every call."""
    draw = random.Random(1)
    gap = 1_000_000 // rate
    lines = ["orrery-sim 1",
             f"cfg nodes=5 n=3 r=2 w=2 vnodes=8 keys={keys} clients=6"
             f" sync={sync} seed=4 end={FIRST + OPERATIONS // rate}s",
             "noise delay=1ms..20ms disk.latency=50us..5ms"]
    if faults:
        lines += FAULTS.splitlines()
    at = FIRST * 1_000_000
    for op in range(1, OPERATIONS + 1):
        at += draw.randint(1, 2 * gap - 1)
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
    """(processor seconds, simulated seconds, events) of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run([binary, "sim", "replay", file], text=True,
                         capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(r"([0-9]+) events, ([0-9.]+) s simulated", run.stdout)
    if run.returncode != 0 or not found:
        sys.exit(f"{file}: exit {run.returncode}\n{run.stdout}{run.stderr}")
    spent = (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return spent, float(found.group(2)), int(found.group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--load", choices=CASES, default="busy")
    parser.add_argument("binary", nargs="*", default=["bin/orrery"])
    arguments = parser.parse_args()
    print(f"{'scenario':<26}{'simulated s':>12}{'events':>10}{'CPU s':>7}"
          f"{'best':>7}{'times real time':>17}{'best':>7}{'M events/s':>12}"
          f"{'best':>6}  binary")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, *shape) in enumerate(CASES[arguments.load]):
            file = pathlib.Path(folder) / f"{number}.txt"
            file.write_text(scenario(*shape), encoding="ascii")
            runs = {binary: [] for binary in arguments.binary}
            for _ in range(arguments.rounds):
                for binary in runs:
                    runs[binary].append(replay(binary, str(file)))
            for binary, results in runs.items():
                _, simulated, events = results[0]
                middle = statistics.median(spent for spent, _, _ in results)
                best = min(spent for spent, _, _ in results)
                print(f"{name:<26}{simulated:>12.0f}{events:>10}{middle:>7.2f}"
                      f"{best:>7.2f}{simulated / middle:>17.0f}"
                      f"{simulated / best:>7.0f}{events / middle / 1e6:>12.2f}"
                      f"{events / best / 1e6:>6.2f}  {binary}")


if __name__ == "__main__":
    main()
