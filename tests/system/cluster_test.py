#!/usr/bin/env python3
"""A cluster of real processes is formed, hurt and healed.

usage: cluster_test.py ORRERY [TEST...]
"""

import resource
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from processes import Cluster, Gone, free_port, wait_until

ORRERY = "bin/orrery"
# CONTRACT section 5: with one node gone, no gap of quorum operations over 2 s.
GAP_S_MAX = 2.0
# One attempt may hang that long before a client turns to another node.
ATTEMPT_S = 1.0


def put_somewhere(nodes, key, value, seconds=10.0):
    """Puts through whichever node acknowledges, as a client would; returns the
    seconds until one did."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        for node in nodes:
            try:
                if node.put(key, value, timeout=ATTEMPT_S)[0] == 200:
                    return time.monotonic() - begin
            except Gone:
                continue
    raise AssertionError("%s was not acknowledged within %g s" % (key, seconds))


class FormationTest(unittest.TestCase):
    def test_three_nodes_serve_each_others_writes(self):
        with Cluster(ORRERY) as cluster:
            one, two, three = cluster.nodes

            status, put = one.put("city/köln", "dom")
            self.assertEqual(status, 200, put)
            status, read = three.get("city/köln")

            self.assertEqual((status, read["value"]), (200, "dom"), read)
            self.assertEqual(read["version"], put["version"])
            self.assertEqual(two.get("absent")[0], 404)
            self.assertEqual(two.delete("city/köln")[0], 200)
            status, read = one.get("city/köln")
            self.assertEqual((status, read.get("deleted")), (404, True), read)

    def test_sigterm_ends_a_node_cleanly_within_8_s(self):
        with Cluster(ORRERY) as cluster:
            cluster.nodes[0].put("a", "1")

            code, seconds = cluster.nodes[2].terminate()

            self.assertEqual(code, 0)
            self.assertLess(seconds, 8.0)
            self.assertEqual(cluster.nodes[0].get("a")[0], 200)

    def test_a_single_node_serves_alone(self):
        with Cluster(ORRERY, count=1) as cluster:
            self.assertEqual(cluster.nodes[0].put("a", "1")[0], 200)
            self.assertEqual(cluster.nodes[0].get("a")[1]["value"], "1")


class OneNodeGoneTest(unittest.TestCase):
    def hurt(self, cluster, hurt):
        """Writes and reads go on through the others; returns what was put."""
        one, two, _ = cluster.nodes
        put_somewhere([one], "before", "0")
        hurt(cluster.nodes[2])
        written = {"before": "0"}
        last = time.monotonic()
        for i in range(100):
            key, value = "while/%d" % i, "value %d" % i
            put_somewhere([one, two], key, value)
            written[key] = value
            self.assertLess(time.monotonic() - last, GAP_S_MAX,
                            "a gap before %s" % key)
            last = time.monotonic()
        for key, value in written.items():
            status, read = two.get(key)
            self.assertEqual((status, read.get("value")), (200, value), read)
        return written

    def assert_own_copies(self, node, written):
        """The node itself holds all of it: nobody else is asked."""
        missing = set(written)

        def arrived():
            for key in sorted(missing):
                try:
                    status, read = node.get(key, "consistency=one")
                except Gone:
                    return False
                if status == 200 and read["value"] == written[key]:
                    missing.discard(key)
            return not missing

        wait_until(arrived, "hints and repair bring %s what it missed" % node.name)

    def test_kill_9_and_restart_drains_the_hints(self):
        with Cluster(ORRERY) as cluster:
            third = cluster.nodes[2]
            written = self.hurt(cluster, lambda node: node.kill())

            third.start()
            cluster.wait_until_ready()

            self.assert_own_copies(third, written)

    def test_a_paused_node_is_suspected_and_catches_up(self):
        with Cluster(ORRERY) as cluster:
            one, _, third = cluster.nodes
            written = self.hurt(cluster, lambda node: node.signal(signal.SIGSTOP))
            wait_until(lambda: one.states().get("node3") in ("suspect", "dead"),
                       "node1 suspects node3")

            third.signal(signal.SIGCONT)
            cluster.wait_until_ready()

            self.assert_own_copies(third, written)


class AllNodesGoneTest(unittest.TestCase):
    def test_everything_acknowledged_survives_kill_9_of_all(self):
        with Cluster(ORRERY) as cluster:
            written = {}
            for i in range(300):
                node = cluster.nodes[i % 3]
                status, answer = node.put("key/%d" % i, "value %d" % i)
                self.assertEqual(status, 200, answer)
                written["key/%d" % i] = "value %d" % i
            for i in range(0, 300, 10):
                status, answer = cluster.nodes[0].delete("key/%d" % i)
                self.assertEqual(status, 200, answer)
                del written["key/%d" % i]

            for node in cluster.nodes:
                node.kill()
            for node in cluster.nodes:
                node.start()
            cluster.wait_until_ready()

            for key, value in written.items():
                status, read = cluster.nodes[1].get(key)
                self.assertEqual((status, read.get("value")), (200, value), read)
            for i in range(0, 300, 10):
                self.assertEqual(cluster.nodes[2].get("key/%d" % i)[0], 404)

    def test_synced_writes_survive_too(self):
        with Cluster(ORRERY) as cluster:
            for node in cluster.nodes:
                node.terminate()
            for node in cluster.nodes:
                node.start(DYNAMO_SYNC_WRITES="true")
            cluster.wait_until_ready()
            for i in range(30):
                status, answer = cluster.nodes[0].put("s/%d" % i, "x")
                self.assertEqual(status, 200, answer)

            for node in cluster.nodes:
                node.kill()
            for node in cluster.nodes:
                node.start()
            cluster.wait_until_ready()

            for i in range(30):
                self.assertEqual(cluster.nodes[2].get("s/%d" % i)[0], 200)


class TraceTest(unittest.TestCase):
    """What `orrery node --record` wrote, run again by `orrery sim replay`."""

    def replay(self, trace):
        run = subprocess.run([str(ORRERY), "sim", "replay", str(trace)],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        checks = re.search(r"(\d+) checks .* hold, up to event (\d+)", run.stdout)
        self.assertIsNotNone(checks, run.stdout)
        events = re.search(r"(\d+) events of", run.stdout)
        return int(events[1]), int(checks[1]), run.stdout

    def test_traces_of_a_cluster_replay_to_the_same_digests(self):
        with Cluster(ORRERY) as cluster:
            traces = []
            for node in cluster.nodes:
                node.terminate()
                traces.append(node.folder.parent / (node.name + ".trace"))
                node.command += ["--record", str(traces[-1])]
                node.start()
            cluster.wait_until_ready()
            for i in range(200):
                put_somewhere(cluster.nodes, "key/%d" % i, "value %d" % i)
            # What it has seen reaches the file within a tenth of a second.
            while traces[2].stat().st_size < 100_000:
                put_somewhere(cluster.nodes, "key", "value")
            cluster.nodes[2].kill()
            for i in range(50):
                put_somewhere(cluster.nodes[:2], "key/%d" % i, "again")
            for node in cluster.nodes[:2]:
                self.assertEqual(node.terminate()[0], 0)

            for trace in traces[:2]:
                events, checks, said = self.replay(trace)
                self.assertGreater(events, 300)
                self.assertGreaterEqual(checks, 1)
                self.assertIn("to its end", said)
            # The one that was killed has no check at its end.
            self.assertGreater(self.replay(traces[2])[0], 100)

    def test_a_trace_is_not_written_over(self):
        with Cluster(ORRERY, count=1) as cluster:
            node = cluster.nodes[0]
            node.terminate()
            trace = node.folder.parent / "kept.trace"
            trace.write_text("kept")
            node.command += ["--record", str(trace)]
            node.start()
            self.assertNotEqual(node.process.wait(timeout=30), 0)
            self.assertEqual(trace.read_text(), "kept")
            self.assertIn("File exists", node.log.read_text())


class FlightRecorderTest(unittest.TestCase):
    """The last seconds that every node remembers, dumped and run again."""

    VALUE = "a value that no dump may have"

    def replay(self, dump):
        run = subprocess.run([str(ORRERY), "sim", "replay", str(dump)],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("values elided", run.stdout)
        self.assertNotIn(self.VALUE.encode(), pathlib.Path(dump).read_bytes())
        counts = re.search(r"(\d+) checks .*; (\d+) snapshots", run.stdout)
        return int(counts[1]), int(counts[2])

    def traces(self, node):
        return list((node.folder / "traces").iterdir())

    def put_for(self, nodes, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            key = "key/%d" % (time.monotonic_ns() % 97)
            put_somewhere(nodes, key, self.VALUE)

    def test_dumps_of_a_cluster_in_trouble_replay(self):
        with Cluster(ORRERY) as cluster:
            self.put_for(cluster.nodes, 1)
            cluster.nodes[2].kill()
            self.put_for(cluster.nodes[:2], 5)
            cluster.nodes[2].start()
            self.put_for(cluster.nodes[:2], 5)
            for node in cluster.nodes:
                status, dump = node.request("POST", "/admin/trace")
                self.assertEqual(status, 200, dump)
                self.assertGreater(dump["events"], 100)
                self.assertLess(dump["first_time"], dump["last_time"])
                checks, snapshots = self.replay(dump["file"])
                self.assertGreaterEqual(checks, 2)
                self.assertGreaterEqual(snapshots, 1)

    def test_a_dump_that_no_longer_begins_at_the_start_replays(self):
        with Cluster(ORRERY, count=1) as cluster:
            node = cluster.nodes[0]
            node.terminate()
            node.command += ["--trace-memory", "8"]
            node.start()
            cluster.wait_until_ready()
            events = [0]
            # It holds ever more, until what is oldest has to go.
            for _ in range(400):
                self.put_for([node], 0.25)
                subprocess.run(
                    [str(ORRERY), "bench", "--target",
                     "127.0.0.1:%d" % node.port, "--requests", "3000"],
                    capture_output=True, check=True)
                dump = node.request("POST", "/admin/trace")[1]
                events.append(dump["events"])
                if events[-1] < events[-2]:
                    break
                pathlib.Path(dump["file"]).unlink()
            self.assertLess(events[-1], events[-2])
            checks, snapshots = self.replay(dump["file"])
            self.assertGreaterEqual(checks, 1)
            self.assertGreaterEqual(snapshots, 1)

    def test_a_fatal_signal_leaves_a_dump(self):
        with Cluster(ORRERY, count=1) as cluster:
            node = cluster.nodes[0]
            self.put_for([node], 0.5)
            self.assertEqual(self.traces(node), [])
            # One on request does not cost the other.
            asked = node.request("POST", "/admin/trace")[1]["file"]
            self.put_for([node], 0.5)
            node.signal(signal.SIGSEGV)
            self.assertEqual(node.process.wait(timeout=30), -signal.SIGSEGV)
            traces = self.traces(node)
            traces.remove(pathlib.Path(asked))
            self.assertEqual(len(traces), 1)
            self.replay(traces[0])
            self.assertIn("event=trace_dumped file=%s" % traces[0],
                          node.log.read_text())

    def test_of_nine_processes_that_crash_eight_are_dumped(self):
        with Cluster(ORRERY, count=1) as cluster:
            node = cluster.nodes[0]
            for _ in range(9):
                node.signal(signal.SIGABRT)
                self.assertEqual(node.process.wait(timeout=30),
                                 -signal.SIGABRT)
                node.start()
                cluster.wait_until_ready()
            self.assertEqual(len(self.traces(node)), 8)
            self.assertIn("event=trace_not_dumped", node.log.read_text())
            status, said = node.request("POST", "/admin/trace")
            self.assertEqual(status, 507)
            self.assertIn("remove some", said["message"])

    def test_a_stop_leaves_none(self):
        with Cluster(ORRERY, count=1) as cluster:
            node = cluster.nodes[0]
            self.assertEqual(node.terminate()[0], 0)
            self.assertEqual(self.traces(node), [])

    def test_without_memory_there_is_none(self):
        with Cluster(ORRERY, count=1) as cluster:
            node = cluster.nodes[0]
            node.terminate()
            node.command += ["--trace-memory", "0"]
            node.start()
            cluster.wait_until_ready()
            status, said = node.request("POST", "/admin/trace")
            self.assertEqual(status, 503)
            self.assertIn("--trace-memory", said["message"])

    def test_the_ninth_dump_is_refused(self):
        with Cluster(ORRERY, count=1) as cluster:
            node = cluster.nodes[0]
            for _ in range(8):
                self.assertEqual(node.request("POST", "/admin/trace")[0], 200)
            status, said = node.request("POST", "/admin/trace")
            self.assertEqual(status, 507)
            self.assertIn("remove some", said["message"])


class RefusalTest(unittest.TestCase):
    def run_node(self, *flags):
        result = subprocess.run([ORRERY, "node", *flags], capture_output=True,
                                text=True, timeout=30, check=False)
        return result.returncode, result.stdout + result.stderr

    # Catalogue B10.
    def test_a_data_directory_in_use_is_refused(self):
        with Cluster(ORRERY, count=1) as cluster:
            first = cluster.nodes[0]
            self.assertEqual(first.put("a", "1")[0], 200)
            code, text = self.run_node(
                "--node-id", "other", "--port", str(free_port()),
                "--gossip-port", str(free_port()),
                "--data-dir", str(cluster.nodes[0].folder))

            self.assertEqual(code, 1, text)
            self.assertIn(str(cluster.nodes[0].folder), text)
            self.assertTrue(first.is_running())
            self.assertEqual(first.get("a")[1]["value"], "1")
            self.assertEqual(first.put("b", "2")[0], 200)
            first.kill()
            first.start()
            cluster.wait_until_ready()
            self.assertEqual(first.get("a")[1]["value"], "1")
            self.assertEqual(first.get("b")[1]["value"], "2")

    def test_a_port_in_use_is_refused(self):
        with Cluster(ORRERY, count=1) as cluster, \
                tempfile.TemporaryDirectory() as folder:
            port = cluster.nodes[0].port
            code, text = self.run_node("--port", str(port), "--gossip-port",
                                       str(free_port()), "--data-dir", folder)

            self.assertEqual(code, 1, text)
            self.assertIn(str(port), text)

    def test_too_few_descriptors_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            result = subprocess.run(
                [ORRERY, "node", "--port", str(free_port()), "--gossip-port",
                 str(free_port()), "--data-dir", folder],
                capture_output=True, text=True, timeout=30, check=False,
                preexec_fn=lambda: resource.setrlimit(
                    resource.RLIMIT_NOFILE, (64, 64)))

        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("may open 64 files", result.stderr)
        self.assertIn("ulimit -n", result.stderr)

    def test_every_wrong_setting_is_named_at_once(self):
        code, text = self.run_node("--port", "0", "--replication", "100",
                                   "--vnodes", "many")

        self.assertEqual(code, 2, text)
        for name in ("port", "replication", "vnodes"):
            self.assertIn(name, text)

    def test_values_are_recorded_into_a_trace_only(self):
        code, text = self.run_node("--record-values")

        self.assertEqual(code, 2, text)
        self.assertIn("add --record FILE", text)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        ORRERY = sys.argv.pop(1)
    unittest.main(verbosity=2)
