#!/usr/bin/env python3
"""Nodes are killed with -9 in a loop, under load and while they compact, and
nothing that was acknowledged may be missing, nothing deleted may be back.

usage: kill_loop.py ORRERY [--kills N] [--nodes 1|3] [--seed S]

The judge is outside: it knows of each key what was acknowledged last and what
was tried since.  Values name their key and the number of the write.  Files are
small and the compaction looks often, so that a kill finds every stage of it;
each start draws `sync_writes`, for a killed process may lose nothing in either
mode.  A third of the kills meet a node that has not finished starting.

The seed repeats the draws, not the threads' timing.  Exit code: 0 nothing is
missing; 1 something is (the data directories are kept and named), or the loop
was too tame to say.
"""

import argparse
import dataclasses
import http.client
import json
import random
import shutil
import sys
import tempfile
import threading
import time

from processes import PATIENCE_S, Cluster, Gone, path_of, wait_until

WRITERS = 6
KEYS = 180  # Few: most of what is written is soon dead.
ATTEMPT_S = 5.0
LOAD_S = (0.05, 0.6)
START_S_MAX = 0.15  # A kill in the middle of a start comes this soon.
VALUE_BYTES_MAX = 3000
SETTINGS = {"DYNAMO_MAX_FILE_SIZE": "65536", "DYNAMO_COMPACT_INTERVAL": "50ms"}


@dataclasses.dataclass(frozen=True)
class Write:
    """What one write leaves: a value that says whose it is, or none."""
    number: int
    value: str | None


class Key:
    """What may be read of one key.  One thread at a time writes it."""

    def __init__(self, name):
        self.name = name
        self.next = 1
        self.known = Write(0, None)  # Acknowledged last, or read since.
        self.tried = []              # After it; the outcome is unknown.

    def draw(self, draws):
        number = self.next
        self.next += 1
        if draws.random() < 0.25:
            return Write(number, None)
        padding = "." * draws.randrange(VALUE_BYTES_MAX)
        return Write(number, "%s#%d#%s" % (self.name, number, padding))

    def on_acknowledged(self, write, superseded):
        self.known = write
        # Superseded: by one that was tried before and is there after all.
        self.tried = [w for w in self.tried if superseded and w != write]

    def judge(self, value):
        """A complaint about what was read, or None.  What was read stays."""
        for write in [self.known] + self.tried:
            if write.value == value:
                self.known = write
                self.tried = [w for w in self.tried if w.number > write.number]
                return None
        return "%s reads %s; known %s, tried since %s" % (
            self.name, shown(value), shown_write(self.known),
            [shown_write(w) for w in self.tried])


def shown(value):
    return "nothing" if value is None else repr(value[:40])


def shown_write(write):
    return "#%d %s" % (write.number, shown(write.value))


class Connection:
    """One kept connection to one node."""

    def __init__(self, node):
        self.connection = http.client.HTTPConnection("127.0.0.1", node.port,
                                                     timeout=ATTEMPT_S)

    def ask(self, method, path, body=None):
        try:
            self.connection.request(method, path, body=body, headers={
                "Content-Type": "application/json"} if body else {})
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.connection.close()
            raise Gone(str(error)) from error


class Writer(threading.Thread):
    """Writes its own keys, through whichever node answers."""

    def __init__(self, nodes, keys, seed, stop):
        super().__init__(daemon=True)
        self.nodes, self.keys, self.stop = nodes, keys, stop
        self.draws = random.Random(seed)
        self.acknowledged = self.unknown = self.refused = 0
        self.connection = None
        self.at = self.draws.randrange(len(nodes))

    def run(self):
        while not self.stop.is_set():
            key = self.draws.choice(self.keys)
            write = key.draw(self.draws)
            key.tried.append(write)
            try:
                status, answer = self.write(key, write)
            except Gone:
                self.unknown += 1
                self.turn_away()
                continue
            if status == 200:
                self.acknowledged += 1
                key.on_acknowledged(write, "superseded_by" in answer)
            elif answer.get("applied") == "no":  # A promise.
                self.refused += 1
                key.tried.remove(write)
                self.turn_away()
            else:
                self.unknown += 1

    def write(self, key, write):
        if self.connection is None:
            self.connection = Connection(self.nodes[self.at])
        if write.value is None:
            return self.connection.ask("DELETE", path_of(key.name))
        body = json.dumps({"value": write.value})
        return self.connection.ask("PUT", path_of(key.name), body)

    def turn_away(self):
        self.connection = None
        self.at = (self.at + 1) % len(self.nodes)
        time.sleep(0.01)


class Loop:
    def __init__(self, cluster, seed, kills):
        self.cluster, self.kills = cluster, kills
        self.draws = random.Random(seed)
        self.keys = [Key("key/%d" % i) for i in range(KEYS)]
        self.killed = self.killed_starting = self.reads = 0
        self.acknowledged = self.unknown = self.compactions = 0
        self.starts = {True: 0, False: 0}
        self.next_shown = 0

    def run(self):
        begin = time.monotonic()
        while self.killed < self.kills:
            self.round()
            self.show(time.monotonic() - begin)
        print("starts with sync_writes: %d, without: %d" % (
            self.starts[True], self.starts[False]))

    def show(self, seconds):
        """One line that is written over; without a terminal a few lines."""
        is_last = self.killed >= self.kills
        is_terminal = sys.stdout.isatty()
        if not is_terminal and not is_last and self.killed < self.next_shown:
            return
        self.next_shown = self.killed + max(1, self.kills // 10)
        print("%d of %d kills (%d while starting), %d writes acknowledged, "
              "%d unknown, %d compactions, %d reads judged, %.0f s" % (
                  self.killed, self.kills, self.killed_starting,
                  self.acknowledged, self.unknown, self.compactions,
                  self.reads, seconds),
              end="\r" if is_terminal and not is_last else "\n", flush=True)

    def round(self):
        victims = self.load_and_kill()
        for node in victims:
            self.start(node)
        while self.killed < self.kills and self.draws.random() < 1 / 3:
            time.sleep(self.draws.uniform(0, START_S_MAX))
            node = self.draws.choice(victims)
            node.kill()
            self.killed += 1
            self.killed_starting += 1
            self.start(node)
        wait_until(lambda: all(n.is_ready() for n in self.cluster.nodes),
                   "every node is ready again")
        complaints = self.judge_keys() + self.judge_damage()
        if complaints:
            raise AssertionError("\n".join(complaints))

    def load_and_kill(self):
        """Returns the nodes that were killed."""
        nodes = self.cluster.nodes
        stop = threading.Event()
        writers = [Writer(nodes, self.keys[i::WRITERS],
                          self.draws.getrandbits(64), stop)
                   for i in range(WRITERS)]
        victims = [self.draws.choice(nodes)]
        if self.draws.random() < 0.25:  # All at once.
            victims = nodes[:self.kills - self.killed]
        for writer in writers:
            writer.start()
        time.sleep(self.draws.uniform(*LOAD_S))
        for node in victims:
            self.compactions += compactions_of(node)
        time.sleep(self.draws.uniform(0, 0.05))
        for node in victims:
            node.kill()
            self.killed += 1
        if len(victims) < len(nodes):  # The others go on.
            time.sleep(self.draws.uniform(*LOAD_S))
        stop.set()
        for writer in writers:
            writer.join(timeout=PATIENCE_S)
            self.acknowledged += writer.acknowledged
            self.unknown += writer.unknown
        return victims

    def start(self, node):
        syncs = self.draws.random() < 0.5
        self.starts[syncs] += 1
        node.start(DYNAMO_SYNC_WRITES="true" if syncs else "false", **SETTINGS)

    def judge_keys(self):
        connection = Connection(self.draws.choice(self.cluster.nodes))
        complaints = []
        for key in self.keys:
            complaint = key.judge(self.read(connection, key))
            self.reads += 1
            if complaint:
                complaints.append(complaint)
        return complaints

    @staticmethod
    def read(connection, key):
        """The value or None, once a quorum answers."""
        begin = time.monotonic()
        while True:
            status, answer = connection.ask("GET", path_of(key.name))
            if status in (200, 404):
                return answer["value"] if status == 200 else None
            if time.monotonic() - begin > PATIENCE_S:
                raise AssertionError("%s: %d %s" % (key.name, status, answer))
            time.sleep(0.05)

    def judge_damage(self):
        """A kill tears tails; it damages nothing that was acknowledged."""
        complaints = []
        for node in self.cluster.nodes:
            damage = node.request("GET", "/admin/stats")[1]["damage"]
            if any(damage.values()):
                complaints.append("%s reports %s" % (node.name, damage))
        return complaints

    def tameness(self):
        """Why a loop without a complaint shows little, or nothing."""
        if self.compactions == 0:
            return "no file was compacted"
        if self.acknowledged < 10 * self.kills:
            return "only %d writes were acknowledged" % self.acknowledged
        return None


def compactions_of(node):
    try:
        stats = node.request("GET", "/admin/stats", timeout=2.0)[1]
        return stats["storage"]["compactions"]
    except Gone:
        return 0


def keep(cluster):
    kept = tempfile.mkdtemp(prefix="orrery-killed-")
    shutil.copytree(cluster.folder, kept, dirs_exist_ok=True)
    return kept


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("orrery")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed
    if seed is None:
        seed = random.SystemRandom().getrandbits(32)
    print("kill loop of %d nodes, --seed %d" % (options.nodes, seed))
    with Cluster(options.orrery, options.nodes, **SETTINGS) as cluster:
        loop = Loop(cluster, seed, options.kills)
        try:
            loop.run()
        except AssertionError as error:
            print("FAILED after %d kills, --seed %d:\n%s\nkept in %s" % (
                loop.killed, seed, error, keep(cluster)))
            return 1
        why = loop.tameness()
        if why:
            print("FAILED, too tame: %s" % why)
        return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
