"""What was measured, one JSON object a line, so that an interrupted run goes
on.  A result belongs to a tree (its sources' hash) and to what is planted.

A stream is a range of seeds of its own: stream k begins at k * 1,000,000 + 1,
and no cap reaches into the next one.
"""

import json
import threading

from mutation.bench import SCRATCH
from mutation.catalogue import digest_of

STREAM_SEEDS = 1_000_000
LONG_STREAM = 1000  # Far from those of any `--streams`.
MEASURED = ("core", "sim", "transport/wire", "scripts/cmake")


def first_seed(stream):
    return stream * STREAM_SEEDS + 1


class Results:
    """The file, and what of it is of this tree."""

    def __init__(self, profile, fresh=False):
        self.path = SCRATCH / "results.jsonl"
        self.tree, self.profile = digest_of(MEASURED), profile
        self.lock = threading.Lock()
        self.rows = {}
        if fresh or not self.path.is_file():
            return
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue  # The machine stopped while it was written.
            if row.get("tree") == self.tree and row.get("profile") == profile:
                self.rows[row["bug"], row["without"], row["stream"]] = row

    def get(self, mutant, stream, cap, without=()):
        """A row as if it had been run with this cap, or None: not known."""
        row = self.rows.get((mutant.key(), " ".join(without), stream))
        if row is None or (row["seed"] is None and row["cap"] < cap):
            return None
        if row["seeds"] > cap:  # Found, but only later.
            share = cap / row["seeds"]
            return {**row, "seed": None, "oracle": None, "seeds": cap, "cap": cap,
                    "cpu_s": round(row["cpu_s"] * share, 2)}
        return row

    def put(self, mutant, stream, cap, without, found):
        row = {"id": mutant.id, "bug": mutant.key(), "tree": self.tree,
               "profile": self.profile, "without": " ".join(without),
               "stream": stream, "cap": cap, **found}
        with self.lock:
            self.rows[row["bug"], row["without"], stream] = row
            with self.path.open("a", encoding="utf-8") as out:
                out.write(json.dumps(row) + "\n")
        return row
