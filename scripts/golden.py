#!/usr/bin/env python3
"""Golden digests: committed scenarios must run to the same bytes everywhere.

usage: scripts/golden.py [--update | --make] ORRERY

Runs the packs tests/golden/*.pack.txt (many scenarios a file) and compares each
final digest with its line in digests.txt: name, digest, and the digest after
every 1,000 events, which says where two builds part.
--update  writes digests.txt anew; the commit says why digests moved
--make    makes the packs anew from seeds of profile golden, then --update: when
          the language has words that no golden uses
Exit code: 0 equal, 1 not, 2 usage.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
DIGESTS = GOLDEN / "digests.txt"
SCENARIOS, PER_PACK = 1000, 100
EVENTS_MAX, WINDOW = 5000, 1000  # So that the slowest build needs a minute.
CHOSEN_MAX = 4500  # A change that adds some events does not ask for new ones.
JOBS = int(os.environ.get("JOBS", os.cpu_count() or 1))


def call(binary, *arguments):
    return subprocess.run([binary, "sim", *arguments], capture_output=True, text=True,
                          check=False, cwd=ROOT)


def run_packs(binary, packs):
    """({name: (digest, events, [digest of each window])}, complaints)."""
    found, faults = {}, []
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        runs = list(pool.map(lambda pack: call(binary, "golden", str(pack)), packs))
    for pack, run in zip(packs, runs):
        last = "the first"
        for line in run.stdout.splitlines():
            words = line.split()
            if line.startswith(("FAIL", " ")):
                faults.append(line)
            elif len(words) >= 3:
                found[words[0]] = words[1], int(words[2]), words[3:]
                last = "the one after " + words[0]
        if run.returncode != 0:
            faults.append("%s: exit %d; if it died, at %s\n%s"
                          % (pack.name, run.returncode, last, run.stderr[-1000:]))
    return found, faults


def read_digests():
    lines = DIGESTS.read_text(encoding="utf-8").splitlines() if DIGESTS.is_file() else []
    return {words[0]: (words[1], words[2:]) for words in map(str.split, lines)}


def write_digests(found):
    DIGESTS.write_text("".join(
        "%s %s\n" % (name, " ".join([found[name][0]] + found[name][2]))
        for name in sorted(found)), encoding="utf-8")


def difference(name, expected, digest, windows):
    """None, or where it parts from what is committed."""
    if expected is None:
        return "%s: there is no digest of it" % name
    if expected[0] == digest:
        return None
    same = 0
    for ours, theirs in zip(windows, expected[1]):
        if ours != theirs:
            break
        same += 1
    return ("%s: digest %s, expected %s; first differs in events %d to %d"
            % (name, digest, expected[0], same * WINDOW, (same + 1) * WINDOW - 1))


def make(binary):
    """Packs of the first seeds whose run is short enough and holds."""
    chosen, seed = [], 0
    while len(chosen) < SCENARIOS:
        seeds = range(seed + 1, seed + 1 + 2 * PER_PACK)
        seed = seeds[-1]
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            texts = list(pool.map(lambda s: call(
                binary, "print-scenario", "--profile", "golden", "--seed",
                str(s)).stdout, seeds))
        named = {"seed_%04d" % s: text.replace("\n", "\n# golden seed_%04d\n" % s, 1)
                 for s, text in zip(seeds, texts)}
        with tempfile.NamedTemporaryFile("w", suffix=".txt", dir=GOLDEN) as file:
            file.write("".join(named.values()))
            file.flush()
            found, faults = run_packs(binary, [pathlib.Path(file.name)])
        failed = {fault.split()[1] for fault in faults if fault.startswith("FAIL")}
        if failed:
            print("golden: not taken, for they fail: " + " ".join(sorted(failed)))
        if len(found) < len(named):
            sys.exit("golden: a run died:\n" + "\n".join(faults))
        chosen += [named[name] for name in named
                   if name not in failed and found[name][1] <= CHOSEN_MAX]
    for old in GOLDEN.glob("*.pack.txt"):
        old.unlink()
    for first in range(0, SCENARIOS, PER_PACK):
        (GOLDEN / ("%04d.pack.txt" % first)).write_text(
            "".join(chosen[first:first + PER_PACK]), encoding="utf-8")


def main():
    flags = [a for a in sys.argv[1:] if a.startswith("--")]
    paths = [a for a in sys.argv[1:] if not a.startswith("--")]
    if len(paths) != 1 or set(flags) - {"--update", "--make"}:
        print(__doc__)
        return 2
    binary = os.path.abspath(paths[0])
    if "--make" in flags:
        make(binary)
    found, faults = run_packs(binary, sorted(GOLDEN.glob("*.pack.txt")))
    faults += ["%s: %d events, at most %d" % (name, events, EVENTS_MAX)
               for name, (_, events, _) in found.items() if events > EVENTS_MAX]
    if len(found) < SCENARIOS:
        faults.append("%d scenarios, at least %d" % (len(found), SCENARIOS))
    if flags and not faults:
        write_digests(found)
    expected = read_digests()
    faults += filter(None, (difference(name, expected.get(name), digest, windows)
                            for name, (digest, _, windows) in found.items()))
    faults += ["%s: a digest without a scenario" % name
               for name in sorted(set(expected) - set(found))]
    for fault in faults[:20]:
        print("golden: " + fault)
    print("golden: %d scenarios, %d events, %d faults"
          % (len(found), sum(events for _, events, _ in found.values()), len(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
