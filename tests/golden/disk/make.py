#!/usr/bin/env python3
"""usage: make.py BINARY FORMAT

Makes tests/golden/disk/FORMAT/{unsynced,synced}: data directories that BINARY's
nodes leave behind, with what a reader must find in them.  README.md says when.
"""

import concurrent.futures
import json
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))

from processes import Cluster, wait_until  # noqa: E402

SETTINGS = {"DYNAMO_MAX_FILE_SIZE": "8192", "DYNAMO_COMPACT_INTERVAL": "3"}
# Keys that no terminal shows as they are.
ODD_KEYS = ["with/slash", "gr\u00fcn", "tab\there", "back\\slash", "k" * 200]


class Expected:
    """What was acknowledged: a line for each key."""

    def __init__(self):
        self.live, self.deleted, self.hints, self.damaged = {}, set(), {}, set()

    def lines(self):
        for key, value in sorted(self.live.items()):
            if key not in self.damaged:
                yield ["live", key, value]
        for key in sorted(self.deleted):
            yield ["deleted", key]
        for key in sorted(self.damaged):
            yield ["damaged", key]
        for key, (node, value) in sorted(self.hints.items()):
            yield ["hint", key, value, node]


def check(answer):
    assert answer[0] == 200, answer


def put(node, expected, key, value, query=""):
    check(node.put(key, value, query))
    expected.live[key] = value
    expected.deleted.discard(key)


def delete(node, expected, key, query=""):
    check(node.delete(key, query))
    expected.live.pop(key, None)
    expected.deleted.add(key)


def data_files(folder):
    return sorted((folder / "shard-0000").glob("*.data"))


def has_compacted(folder):
    return any(path.read_bytes()[21:22] == b"\1" for path in data_files(folder))


def put_all(node, expected, values, query):
    """At once, so that some share a batch: in synced mode each takes a page."""
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda item: put(node, expected, *item, query),
                      values.items()))


def fill(node, expected, query, count):
    """Some files: older versions, tombstones, values of several sizes."""
    # For compaction to keep.
    put_all(node, expected, {"once%02d" % i: "never overwritten"
                             for i in range(4)}, query)
    put_all(node, expected, {"key%02d" % i: "first " + "v" * (40 * (i % 5))
                             for i in range(count)}, query)
    put_all(node, expected, {"key%02d" % i: "second " + "v" * (50 * (i % 4))
                             for i in range(count)}, query)
    for i in (3, 4, 5):
        delete(node, expected, "key%02d" % i, query)
    delete(node, expected, "never-there", query)
    put_all(node, expected, {key: "odd" for key in ODD_KEYS}, query)
    wait_until(lambda: has_compacted(node.folder), "a compacted file")
    put_all(node, expected, {"late%02d" % i: "after compaction " + "w" * 60
                             for i in range(count)}, query)


def make_unsynced(binary, expected, target):
    """One of three, killed: hints for a third that is away, tails not sealed,
    and, made by hand, a record that is torn."""
    cluster = Cluster(binary, 3)
    try:
        for node in cluster.nodes:
            node.start(**SETTINGS)
        cluster.wait_until_ready()
        node = cluster.nodes[0]
        fill(node, expected, "consistency=all", 14)
        cluster.nodes[2].kill()
        for i in range(4):
            key, value = "away%d" % i, "for node3 too"
            put(node, expected, key, value)
            expected.hints[key] = ("node3", value)
        time.sleep(2)  # A watermark, and the sync that it tells of.
        node.kill()
        cluster.nodes[1].kill()
        tear_tail(node.folder)
        shutil.copytree(node.folder, target)
    finally:
        cluster.__exit__(None, None, None)


def make_synced(binary, expected, target):
    """A node alone that stopped cleanly; then one bit rots in a sealed file."""
    cluster = Cluster(binary, 1)
    try:
        node = cluster.nodes[0]
        node.start(DYNAMO_SYNC_WRITES="true",
                   **{**SETTINGS, "DYNAMO_MAX_FILE_SIZE": "32768"})
        cluster.wait_until_ready()
        # Fewer: each batch is a page, each file two edits of a page.
        fill(node, expected, "", 8)
        put(node, expected, "rotten", "the value that rots")
        code, _ = node.terminate()
        assert code == 0, code
        rot(node.folder, b"the value that rots")
        expected.damaged.add("rotten")
        shutil.copytree(node.folder, target)
    finally:
        cluster.__exit__(None, None, None)


def tear_tail(folder):
    """Behind the last record of the file that grew last: half of another."""
    path = [p for p in data_files(folder)
            if b"for node3 too" in p.read_bytes()][-1]
    content = path.read_bytes()
    end = (len(content.rstrip(b"\0")) + 7) // 8 * 8
    half = content[4096:4096 + 44]
    path.write_bytes(content[:end] + half + content[end + len(half):])


def rot(folder, text):
    path = [p for p in data_files(folder) if text in p.read_bytes()][-1]
    content = bytearray(path.read_bytes())
    content[content.index(text)] ^= 0x04
    path.write_bytes(content)


def trim(folder):
    """What was allocated for edits to come, and not written, is left out."""
    for path in folder.rglob("MANIFEST-*"):
        size = len(path.read_bytes().rstrip(b"\0"))
        with open(path, "r+b") as manifest:
            manifest.truncate((size + 4095) // 4096 * 4096)


def main():
    binary, version = sys.argv[1:]
    for name, make in (("unsynced", make_unsynced), ("synced", make_synced)):
        target = HERE / version / name
        if target.exists():
            sys.exit("%s is there: golden files are never made again" % target)
        expected = Expected()
        make(binary, expected, target / "data")
        trim(target / "data")
        shutil.rmtree(target / "data" / "traces", ignore_errors=True)
        (target / "keys.json").write_text(
            "[\n" + ",\n".join(json.dumps(line) for line in expected.lines()) +
            "\n]\n")
        with open(target / "inspect.txt", "w") as out:
            subprocess.run(
                [binary, "inspect", str((target / "data").relative_to(ROOT)),
                 "--records"], cwd=ROOT, stdout=out, check=False)


main()
