#!/usr/bin/env python3
"""A real data set: every word of Debian's `wamerican` becomes a key, written
through three nodes by 50 clients, while one node is killed with -9 half-way
and started again.  Nothing that was acknowledged may be missing, and a sample
of keys reads the same on every node's own copy.

usage: words.py ORRERY [WORDS]
"""

import http.client
import json
import pathlib
import random
import sys
import threading
import time

from processes import Cluster, path_of, wait_until

WORDS = "/usr/share/dict/words"
CLIENTS = 50
SAMPLE = 5000
ATTEMPT_S = 5.0


class Client(threading.Thread):
    """Takes words until none is left; keeps one connection, turns to the next
    node when it breaks or refuses, as a client library would."""

    def __init__(self, nodes, words, first):
        super().__init__()
        self.nodes, self.words, self.at = nodes, words, first
        self.connection = None
        self.acknowledged, self.unknown, self.retries = [], [], 0

    def run(self):
        while True:
            try:
                word = self.words.pop()
            except IndexError:
                return
            self.write(word)

    def write(self, word):
        body = json.dumps({"value": value_of(word)})
        for _ in range(30):
            try:
                if self.ask("PUT", path_of(word), body)[0] == 200:
                    self.acknowledged.append(word)
                    return
            except (OSError, http.client.HTTPException):
                self.connection = None
                self.at += 1
            self.retries += 1
            time.sleep(0.02)
        self.unknown.append(word)

    def ask(self, method, path, body=None):
        if self.connection is None:
            port = self.nodes[self.at % len(self.nodes)].port
            self.connection = http.client.HTTPConnection(
                "127.0.0.1", port, timeout=ATTEMPT_S)
        self.connection.request(method, path, body=body, headers={
            "Content-Type": "application/json"} if body else {})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def value_of(word):
    return json.dumps({"word": word, "length": len(word),
                       "reversed": word[::-1]})


def value_at(node, word, level, connections={}):
    connection = connections.setdefault(
        (node.name, node.process.pid),
        http.client.HTTPConnection("127.0.0.1", node.port, timeout=10))
    connection.request("GET", path_of(word, "consistency=" + level))
    answer = connection.getresponse()
    body = json.loads(answer.read())
    return body["value"] if answer.status == 200 else None


def main():
    binary = sys.argv[1] if len(sys.argv) > 1 else "bin/orrery"
    source = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else WORDS)
    words = sorted(set(source.read_text(encoding="utf-8").split()))
    random.Random(1).shuffle(words)
    with Cluster(binary) as cluster:
        victim = cluster.nodes[1]
        left = list(words)
        clients = [Client(cluster.nodes, left, i) for i in range(CLIENTS)]
        begin = time.monotonic()
        for client in clients:
            client.start()
        wait_until(lambda: len(left) < len(words) // 2, "half of the words",
                   seconds=900)
        victim.kill()
        print("killed %s with -9 after %d words" % (
            victim.name, len(words) - len(left)))
        for client in clients:
            client.join()
        seconds = time.monotonic() - begin
        acknowledged = [w for c in clients for w in c.acknowledged]
        print("%d words, %d acknowledged in %.1f s (%.0f a second), %d retries" % (
            len(words), len(acknowledged), seconds,
            len(acknowledged) / seconds, sum(c.retries for c in clients)))

        victim.start()
        cluster.wait_until_ready()

        def hints_held():
            return sum(n.request("GET", "/admin/stats")[1]["hints"]["held"]
                       for n in cluster.nodes)
        print("hints drained %.1f s after the restart" % wait_until(
            lambda: hints_held() == 0, "all hints are delivered", seconds=300))

        missing = [w for w in acknowledged
                   if value_at(cluster.nodes[0], w, "quorum") != value_of(w)]
        print("acknowledged and missing: %d" % len(missing))
        sample = random.Random(2).sample(acknowledged,
                                         min(SAMPLE, len(acknowledged)))
        differing = [w for w in sample if
                     {value_at(n, w, "one") for n in cluster.nodes}
                     != {value_of(w)}]
        print("of %d sampled, not equal on all three: %d" % (
            len(sample), len(differing)))
        return 1 if missing or differing or len(acknowledged) < len(words) else 0


if __name__ == "__main__":
    sys.exit(main())
