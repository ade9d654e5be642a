#!/usr/bin/env python3
"""One bit of a file of a stopped node flips, again and again, in a cluster of
three.  It is found, it is told, and it is repaired from the others; no read
gives a wrong value, an older one, or "not found" for it.

usage: bit_flips.py ORRERY [--rounds N] [--seed S] [--keys N]

Every key is written twice and some are deleted, and each round writes some
again, so that the disk of each node holds older values that a wrong answer
could be.  A round stops one node, flips a bit of a file that no process will
append to, and asks:

  inspect  `orrery inspect` of the stopped node exits 1 and names the place, if
           the bit counts.  What counts is told here from docs/disk-format.md,
           not by the program.
  start    the log of the start.
  read     as soon as it is ready, every key at `one`, which is the node's own
           copy unless it doubts it, and at `quorum`.  503 is no answer, and is
           asked again.  In every other turn the files are compacted first.
  scrub    after that the log has named the file, if the bit counts.
  repair   the other two are halted and every key is asked at `one` again: now
           the node's own copies are right.  Nothing is in doubt any more.

The kinds take turns.  "header" is a bit of a header block of any file, "every"
one of each sealed data file.  The seed repeats the draws, not the threads'
timing, on which the bytes of a file depend.  Exit code: 0 if all of that holds;
1 if not (the data directories are kept and named), or if the rounds were tame.
"""

import argparse
import collections
import dataclasses
import http.client
import json
import pathlib
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from processes import PATIENCE_S, Cluster, Gone, path_of, wait_until

SETTINGS = {"DYNAMO_MAX_FILE_SIZE": "16384"}
HINTED_KEYS = 12   # Written while a node is away, in each round of that kind.
REWRITTEN = 20     # Of the keys, each round: older values in newer files.
HEADER_BYTES = 4096
READ_S = 10.0
WHOLE, DAMAGED = 0, 1  # Of `orrery inspect`.


# ---- What stands where: docs/disk-format.md ----

@dataclasses.dataclass(frozen=True)
class Place:
    """What the bytes from `begin` to `end` of a file are."""
    begin: int
    end: int
    what: str  # header, record, mark, nothing, or another file's kind


def places_of_data(data):
    """A whole data file, from its first byte to its last."""
    places = [Place(0, HEADER_BYTES, "header")]
    at = HEADER_BYTES
    while at + 36 <= len(data):
        if data[at + 21] != 1:  # ext_version: of zeros it is none.
            at += 8
            continue
        key, value = struct.unpack_from("<II", data, at + 12)
        meta, = struct.unpack_from("<H", data, at + 22)
        end = at + 36 + meta + key + value
        places.append(Place(at, end, "record" if key else "mark"))
        at = (end + 7) // 8 * 8
    return places


def places_of_manifest(data):
    places = [Place(0, HEADER_BYTES, "header")]
    at = HEADER_BYTES
    while at + 24 <= len(data):
        payload, number = struct.unpack_from("<IQ", data, at + 4)
        if number == 0:
            break
        places.append(Place(at, at + 24 + payload, "edit"))
        at = (at + 24 + payload + 4095) // 4096 * 4096
    return places


def places_of_ring(data):
    length, = struct.unpack_from("<I", data, 80)
    return [Place(0, HEADER_BYTES, "header"),
            Place(HEADER_BYTES, HEADER_BYTES + length, "ring")]


def place_of(path, at):
    """What the byte is; "nothing" if no checksum covers it."""
    data = path.read_bytes()
    if path.name == "IDENTITY":
        return "slot"
    if path.suffix == ".index":
        return "header" if at < HEADER_BYTES else "rows"
    places = (places_of_data(data) if path.suffix == ".data" else
              places_of_ring(data) if path.name == "RING" else
              places_of_manifest(data))
    for place in places:
        if place.begin <= at < place.end:
            return place.what
    return "nothing"


@dataclasses.dataclass(frozen=True)
class Flip:
    path: pathlib.Path
    byte: int
    bit: int
    what: str

    def __str__(self):
        return "%s byte %d bit %d (%s)" % (
            "/".join(self.path.parts[4:]), self.byte, self.bit, self.what)

    def counts(self):
        return self.what != "nothing"


# ---- The cluster and its judge ----

class Keys:
    """What every key is, and was."""

    def __init__(self, count, draws):
        self.draws = draws
        self.writes = 0
        self.now = {"key/%d" % i: None for i in range(count)}

    def write(self, node, key):
        self.writes += 1
        value = "%s#%d#%s" % (key, self.writes, "." * self.draws.randrange(160))
        ask_until(lambda: node.put(key, value, "consistency=all"), (200,), key)
        self.now[key] = value

    def delete(self, node, key):
        ask_until(lambda: node.delete(key, "consistency=all"), (200,), key)
        self.now[key] = None


def ask_until(ask, statuses, what):
    """The answer, once it is one of these."""
    begin = time.monotonic()
    said = None
    while time.monotonic() - begin < PATIENCE_S:
        try:
            said = ask()
            if said[0] in statuses:
                return said
        except Gone as gone:
            said = gone
        time.sleep(0.02)
    raise AssertionError("not within %g s: %s: %s" % (PATIENCE_S, what, said))


class Reader:
    """One kept connection to one node."""

    def __init__(self, node):
        self.node = node
        self.connection = None

    def ask(self, key, level):
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(
                    "127.0.0.1", self.node.port, timeout=READ_S)
            self.connection.request("GET", path_of(key, "consistency=" + level))
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.connection = None
            raise Gone(str(error)) from error

    def read(self, key, level):
        """The value or None, once it is answered."""
        status, answer = ask_until(lambda: self.ask(key, level), (200, 404), key)
        return answer["value"] if status == 200 else None


class Log:
    """What a node wrote into its log since this was made."""

    def __init__(self, node):
        self.node = node
        self.begin = node.log.stat().st_size

    def text(self):
        with open(self.node.log, "rb") as log:
            log.seek(self.begin)
            return log.read().decode(errors="replace")

    def tells_of(self, flip):
        """Whether a line names the file, or what became of it."""
        name = "/".join(flip.path.relative_to(self.node.folder).parts)
        store = name.rpartition("/")[0]
        wanted = {
            ".data": r"event=damage file=%s " % re.escape(name),
            ".index": r"event=index_snapshot_bad file=%s " % re.escape(name),
        }.get(flip.path.suffix)
        if wanted is None and name in ("IDENTITY", "RING"):
            wanted = r"event=damage file=%s " % name
        if wanted is None:
            wanted = r"event=doubt_opened store=%s why=manifest_lost" % store
        return re.search(wanted, self.text()) is not None


KINDS = ("data", "index", "hints", "manifest", "every", "header", "identity",
         "ring")
WAYS = ("inspect", "start", "read", "compaction", "scrub")


class Loop:
    def __init__(self, cluster, binary, options):
        self.cluster, self.binary = cluster, binary
        self.rounds, self.seed = options.rounds, options.seed
        self.draws = random.Random(options.seed)
        self.keys = Keys(options.keys, self.draws)
        self.done = self.reads = self.repaired = self.wrong = 0
        self.flips = collections.Counter()
        self.counting = 0
        self.found_by = collections.Counter()
        self.hurt = set()  # Data files that lost something: some stay as they are.
        self.next_shown = 0
        self.begin = time.monotonic()

    # -- Before the first round --

    def fill(self):
        nodes = self.cluster.nodes
        for _ in range(2):
            for key in self.keys.now:
                self.keys.write(self.draws.choice(nodes), key)
        for key in self.draws.sample(list(self.keys.now), len(self.keys.now) // 8):
            self.keys.delete(self.draws.choice(nodes), key)

    # -- One round --

    def run(self):
        self.fill()
        while self.done < self.rounds:
            self.round(KINDS[self.done % len(KINDS)])
            self.done += 1
            self.show()

    def round(self, kind):
        victim = self.draws.choice(self.cluster.nodes)
        others = [n for n in self.cluster.nodes if n is not victim]
        # A name is given again where a lost manifest was all that knew it.
        self.hurt = {path for path in self.hurt if path.exists()}
        for key in self.draws.sample(list(self.keys.now), REWRITTEN):
            self.keys.write(self.draws.choice(self.cluster.nodes), key)
        absent = self.hold_hints(victim, others) if kind == "hints" else None
        self.stop(victim)
        if kind != "manifest":  # Its last edit names the file appended to.
            self.seal(victim)
        self.assert_whole(victim)
        flips = self.flip(kind, victim)
        what = "%s of %s: %s" % (kind, victim.name,
                                 "; ".join(str(flip) for flip in flips))
        try:
            self.judge(victim, others, absent, flips)
        except AssertionError as error:
            raise AssertionError("%s\n%s" % (what, error)) from error

    def hold_hints(self, victim, others):
        """Stops one of the others, and has the victim hold writes for it."""
        absent = self.draws.choice(others)
        self.stop(absent)
        for i in range(HINTED_KEYS):
            key = self.draws.choice(list(self.keys.now))
            value = "%s#hinted in round %d#%d" % (key, self.done, i)
            ask_until(lambda: victim.put(key, value), (200,), key)
            self.keys.now[key] = value
        wait_until(lambda: stats_of(victim)["hints"]["held"] > 0, "hints are held")
        return absent

    def seal(self, victim):
        """A start seals what the process before it appended to."""
        victim.start(**SETTINGS)
        wait_until(victim.is_ready, "%s is ready" % victim.name)
        self.wait_for_indexes(victim)
        self.stop(victim)

    def assert_whole(self, victim):
        """But for what earlier rounds did to data files.  Compaction leaves
        those alone that lost a record."""
        damages = [d for d in self.inspect(victim)["findings"]
                   if d["kind"] != "note"
                   and victim.folder / d["file"] not in self.hurt]
        if damages:
            raise AssertionError("%s is not whole before a bit of it flips: %s"
                                 % (victim.name, damages))

    @staticmethod
    def wait_for_indexes(node):
        """Index snapshots are written in the background."""
        store = node.folder / "shard-0000"

        def lacking():
            sealed = {p.stem for p in store.glob("*.data")}
            return sealed - {p.stem for p in store.glob("*.index")}
        begin = time.monotonic()
        while lacking() and time.monotonic() - begin < 2.0:
            time.sleep(0.02)

    @staticmethod
    def stop(node):
        code, _ = node.terminate()
        if code != 0:
            raise AssertionError("%s stopped with exit code %d" % (node.name, code))

    def inspect(self, node):
        run = subprocess.run([str(self.binary), "inspect", "-o", "json",
                              str(node.folder)], capture_output=True, text=True,
                             timeout=PATIENCE_S, check=False)
        report = json.loads(run.stdout)
        if run.returncode != (WHOLE if report["whole"] else DAMAGED):
            raise AssertionError("orrery inspect exits %d and says %s" % (
                run.returncode, run.stdout))
        return report

    def flip(self, kind, victim):
        store = victim.folder / "shard-0000"
        user = self.sealed(victim, store)
        hints = self.sealed(victim, store / "hints")
        # Where data is hurt the index snapshot names what is lost, and cannot
        # be made again.
        indexes = [p for p in sorted(store.glob("**/*.index"))
                   if p.with_suffix(".data") in user + hints]
        manifests = sorted(store.glob("**/MANIFEST-*"))
        ring = [victim.folder / "RING"]
        identity = [victim.folder / "IDENTITY"]
        candidates = {"data": user, "hints": hints, "index": indexes,
                      "manifest": manifests, "identity": identity, "ring": ring,
                      "header": user + hints + indexes + manifests + ring,
                      "every": user + hints}[kind]
        if not candidates:
            raise AssertionError("%s has no file to flip a bit of" % kind)
        chosen = candidates if kind == "every" else [self.draws.choice(candidates)]
        flips = [self.flip_in(path, kind) for path in chosen]
        self.hurt.update(path for path in chosen if path.suffix == ".data")
        self.flips[kind] += len(flips)
        return flips

    def sealed(self, victim, store):
        """Data files that are complete, and whole so far."""
        paths = [victim.folder / f["path"] for f in self.inspect(victim)["files"]
                 if f["kind"] == "data" and f["state"] == "sealed"]
        return [p for p in paths if p.parent == store and p not in self.hurt]

    def flip_in(self, path, kind):
        data = bytearray(path.read_bytes())
        if kind == "header":
            at = self.draws.randrange(HEADER_BYTES)
        elif kind == "manifest":  # Most of it is zeros that nobody needs.
            places = places_of_manifest(data)
            # The last edit could be taken for one that was not finished.
            place = self.draws.choice([places[-1], self.draws.choice(places)])
            at = self.draws.randrange(place.begin, place.end)
        else:
            at = self.draws.randrange(len(data))
        bit = self.draws.randrange(8)
        what = place_of(path, at)
        data[at] ^= 1 << bit
        with open(path, "r+b") as file:  # Its inode is a part of it.
            file.write(data)
        return Flip(path, at, bit, what)

    def judge(self, victim, others, absent, flips):
        counting = [flip for flip in flips if flip.counts()]
        self.counting += len(counting)
        found = self.inspect(victim)["findings"]
        for flip in counting:
            if not any(is_told_by(flip, finding, victim) for finding in found):
                raise AssertionError("orrery inspect does not name it: %s" % found)
        self.found_by["inspect"] += len(counting)

        log = Log(victim)
        found = set()
        victim.start(**SETTINGS)
        wait_until(victim.is_ready, "%s is ready" % victim.name)
        self.note_found("start", log, counting, found)
        if self.done // len(KINDS) % 2 == 1:
            self.compact(victim)
            self.note_found("compaction", log, counting, found)
        if absent is None:
            self.judge_reads(victim, ("one", "quorum"))
        else:  # Who was away may read what was, until the hints come.
            self.judge_reads(victim, ("quorum",))
            absent.start(**SETTINGS)
            wait_until(absent.is_ready, "%s is ready" % absent.name)
            self.judge_reads(absent, ("quorum",))
            self.judge_reads(victim, ("one", "quorum"))
        self.note_found("read", log, counting, found)
        self.scrub(victim)
        self.note_found("scrub", log, counting, found)
        missed = [str(flip) for flip in counting if flip not in found]
        if missed:
            raise AssertionError("the log of %s tells nothing of %s" % (
                victim.name, "; ".join(missed)))
        self.judge_repair(victim, others)
        if absent is not None:
            self.judge_repair(absent, [n for n in self.cluster.nodes
                                       if n is not absent])
        self.repaired += len(counting)

    def note_found(self, how, log, counting, found):
        """A file that compaction removed needs no word: what was alive in it
        was read."""
        for flip in counting:
            is_gone = how == "compaction" and not flip.path.exists()
            if flip not in found and (is_gone or log.tells_of(flip)):
                found.add(flip)
                self.found_by[how] += 1

    def judge_reads(self, node, levels):
        reader = Reader(node)
        complaints = []
        for level in levels:
            for key, value in self.keys.now.items():
                read = reader.read(key, level)
                self.reads += 1
                if read != value:
                    complaints.append("%s at %s from %s reads %s and is %s" % (
                        key, level, node.name, shown(read), shown(value)))
        self.wrong += len(complaints)
        if complaints:
            raise AssertionError("\n".join(complaints[:20]))

    def scrub(self, node):
        ask_until(lambda: node.request("POST", "/admin/scrub"), (200,), "scrub")
        wait_until(lambda: all(stats_of(node)[store]["scrub"]["files_left"] == 0
                               for store in ("storage", "hint_storage")),
                   "%s is scrubbed" % node.name)

    def compact(self, node):
        ask_until(lambda: node.request("POST", "/admin/compact"), (200,), "compact")
        wait_until(lambda: not any(stats_of(node)[store]["compaction"]["running"]
                                   for store in ("storage", "hint_storage")),
                   "%s is compacted" % node.name)

    def judge_repair(self, node, others):
        wait_until(lambda: stats_of(node)["damage"]["ranges_in_doubt"] == 0,
                   "%s doubts nothing" % node.name)
        if not any(path.parent == node.folder / "shard-0000" / "hints"
                   for path in self.hurt):  # That is never made good.
            wait_until(lambda: stats_of(node)["damage"]["records"] == 0,
                       "%s can read every record" % node.name)
        wait_until(lambda: self.has_own_copies(node, others),
                   "%s holds every key as it is" % node.name)

    def has_own_copies(self, node, others):
        """Nobody else can be asked meanwhile."""
        for other in others:
            other.signal(signal.SIGSTOP)
        try:
            reader = Reader(node)
            for key, value in self.keys.now.items():
                status, answer = reader.ask(key, "one")
                self.reads += 1
                if (status, answer.get("value")) != (
                        (200, value) if value is not None else (404, None)):
                    return False
            return True
        except Gone:
            return False
        finally:
            for other in others:
                other.signal(signal.SIGCONT)

    # -- What it came to --

    def show(self):
        """One line that is written over; without a terminal a few lines."""
        is_last = self.done >= self.rounds
        is_terminal = sys.stdout.isatty()
        if not is_terminal and not is_last and self.done < self.next_shown:
            return
        self.next_shown = self.done + max(1, self.rounds // 10)
        print("%d of %d rounds, %d bits flipped, %d reads judged, %.0f s" % (
            self.done, self.rounds, sum(self.flips.values()), self.reads,
            time.monotonic() - self.begin),
              end="\r" if is_terminal and not is_last else "\n", flush=True)

    def figures(self):
        return "rounds %d; bits flipped: %s; of these count %d\n" \
            "found by: %s; repaired %d; wrong answers %d of %d" % (
                self.done, listed(self.flips, KINDS), self.counting,
                listed(self.found_by, WAYS),
                self.repaired, self.wrong, self.reads)

    def tameness(self):
        """Why rounds without a complaint show little, or nothing."""
        if self.counting < self.done // 2:
            return "only %d bits counted" % self.counting
        return None


def is_told_by(flip, finding, node):
    """Whether a finding of `orrery inspect` is of this place."""
    if finding["kind"] != "damage" or node.folder / finding["file"] != flip.path:
        return False
    begin, size = finding.get("offset", 0), finding.get("bytes", 0)
    return size == 0 or begin <= flip.byte < begin + size


def stats_of(node):
    return node.request("GET", "/admin/stats")[1]


def listed(counts, names):
    return ", ".join("%s %d" % (name, counts[name]) for name in names)


def shown(value):
    return "nothing" if value is None else repr(value[:40])


def keep(cluster):
    kept = tempfile.mkdtemp(prefix="orrery-flipped-")
    shutil.copytree(cluster.folder, kept, dirs_exist_ok=True)
    return kept


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("orrery")
    parser.add_argument("--rounds", type=int, default=len(KINDS))
    parser.add_argument("--keys", type=int, default=300)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.SystemRandom().getrandbits(32)
    print("bit flips, --seed %d" % options.seed)
    with Cluster(options.orrery, 3, **SETTINGS) as cluster:
        loop = Loop(cluster, options.orrery, options)
        try:
            loop.run()
        except AssertionError as error:
            print("FAILED in round %d, --seed %d:\n%s\nkept in %s" % (
                loop.done + 1, options.seed, error, keep(cluster)))
            print(loop.figures())
            return 1
        print(loop.figures())
        why = loop.tameness()
        if why:
            print("FAILED, too tame: %s" % why)
        return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
