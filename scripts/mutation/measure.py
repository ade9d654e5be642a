"""Tries planted bugs on several benches at once."""

import concurrent.futures
import queue
import sys
import time

from mutation.bench import Bench, Broken, Hang, kill_running
from mutation.results import first_seed

CLEAN_SEEDS = 40


class Hunt:
    """One stream of one bug: at most `cap` seeds."""

    def __init__(self, stream, cap, without=()):
        self.stream, self.cap, self.without = stream, cap, tuple(without)


class Progress:
    """A line per bug, with the time that the rest will take."""

    def __init__(self, total):
        self.total, self.done, self.began = total, 0, time.monotonic()

    def say(self, mutant, text):
        self.done += 1
        spent = time.monotonic() - self.began
        left = spent / self.done * (self.total - self.done)
        cells = 20 * self.done // self.total
        print("[%s%s] %d/%d  ETA %s  %-5s %s"
              % ("#" * cells, "-" * (20 - cells), self.done, self.total, span(left),
                 mutant.id, text), flush=True)


def span(seconds):
    seconds = int(seconds)
    if seconds >= 3600:
        return "%dh%02dm" % (seconds // 3600, seconds // 60 % 60)
    return "%dm%02ds" % (seconds // 60, seconds % 60)


def make_benches(jobs, profile, ablations=((),)):
    """Benches with the clean tree built; raises Broken if it fails by itself."""
    print("mutants: building the clean tree", flush=True)
    benches = [Bench(number) for number in range(jobs)]
    benches[0].build(jobs)
    for bench in benches[1:]:
        bench.build(jobs)  # From the cache.
    for without in ablations:
        found = benches[0].hunt(1, CLEAN_SEEDS, profile, without)
        if found["seed"] is not None:
            raise Broken("the clean tree fails%s, so nothing can be measured:\n"
                         "seed %d  %s  %s"
                         % (" without " + " ".join(without) if without else "",
                            found["seed"], found["oracle"], found["said"]))
    return benches


def try_one(mutant, hunts, bench, results, then=None):
    """Plants, builds once, runs the hunts; `then(rows)` may ask for more."""
    with bench.planted(mutant):
        began = time.monotonic()
        bench.build()
        rows, built_s = [], time.monotonic() - began
        hunts = list(hunts)
        while hunts:
            for hunt in hunts:
                row = results.get(mutant, hunt.stream, hunt.cap, hunt.without)
                if row is None:
                    found = bench.hunt(first_seed(hunt.stream), hunt.cap, results.profile,
                                       hunt.without)
                    row = results.put(mutant, hunt.stream, hunt.cap, hunt.without,
                                      {**found, "build_s": round(built_s, 1)})
                rows.append(row)
            hunts = then(rows) if then else []
            then = None
    return rows


def run_all(mutants, hunts, benches, results, describe, then=None):
    """Every bug that has something left to run; False if one does not build, or
    hangs."""
    todo = []
    for mutant in mutants:
        rows = [results.get(mutant, h.stream, h.cap, h.without) for h in hunts]
        more = then(rows) if then and all(rows) else []
        known = all(rows) and all(
            results.get(mutant, h.stream, h.cap, h.without) for h in more)
        if not known:
            todo.append(mutant)
    if len(todo) < len(mutants):
        print("mutants: %d of %d were measured before" % (len(mutants) - len(todo),
                                                          len(mutants)))
    free, progress = queue.Queue(), Progress(max(len(todo), 1))
    for bench in benches:
        free.put(bench)
    sound = True

    def attempt(mutant):
        bench = free.get()
        try:
            return try_one(mutant, hunts, bench, results, then)
        finally:
            free.put(bench)

    with concurrent.futures.ThreadPoolExecutor(len(benches)) as pool:
        waiting = {pool.submit(attempt, mutant): mutant for mutant in todo}
        try:
            for done in concurrent.futures.as_completed(waiting):
                mutant = waiting[done]
                try:
                    progress.say(mutant, describe(mutant, done.result()))
                except Broken as broken:
                    sound = False
                    what = "HANG" if isinstance(broken, Hang) else "BROKEN"
                    progress.say(mutant, "%s\n%s" % (what, broken))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            kill_running()
            print("mutants: stopped; the same command goes on", file=sys.stderr)
            raise
    return sound
