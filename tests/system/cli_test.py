#!/usr/bin/env python3
"""What `orrery` says and exits with when it is used wrongly, or when what it
prints has no place to go.

usage: cli_test.py ORRERY [TEST...]
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

from processes import Cluster

ORRERY = "bin/orrery"
OK, UNEXPECTED, USAGE, NOT_FOUND, UNAVAILABLE, UNKNOWN = 0, 1, 2, 3, 5, 6


def orrery(*arguments, **more):
    more = {"stdout": subprocess.PIPE, **more}
    run = subprocess.run([ORRERY, *arguments], stderr=subprocess.PIPE,
                         stdin=subprocess.DEVNULL, text=True, check=False,
                         timeout=60, **more)
    return run.returncode, (run.stdout or "") + run.stderr


class UsageTest(unittest.TestCase):
    def test_a_verb_that_does_not_exist_is_named(self):
        for arguments in (["stauts"], ["sim", "rerun"]):
            code, said = orrery(*arguments)
            self.assertEqual(code, USAGE, said)
            self.assertIn("there is no verb " + arguments[-1], said)

    def test_every_verb_has_help(self):
        _, said = orrery("--help")
        verbs = [line.split()[0] for line in said.partition(
            "Subcommands:\n")[2].splitlines() if line.startswith("  ")]
        self.assertIn("inspect", verbs)
        for verb in verbs:
            code, said = orrery(verb, "--help")
            self.assertEqual(code, OK, said)
            self.assertIn("Usage: orrery " + verb, said)


@unittest.skipUnless(pathlib.Path("/dev/full").exists(), "no /dev/full")
class FullOutputTest(unittest.TestCase):
    def test_output_that_could_not_be_written_is_no_success(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            for arguments in (["--help"], ["node", "--print-config"],
                              ["sim", "print-scenario", "--seed", "1"]):
                code, said = orrery(*arguments, stdout=full)
                self.assertEqual(code, UNEXPECTED, arguments)
                self.assertIn("the output cannot be written", said)


class OperatorTest(unittest.TestCase):
    def test_an_empty_name_of_a_snapshot_is_none(self):
        with Cluster(ORRERY, 1) as cluster:
            at = "--endpoints=127.0.0.1:%d" % cluster.nodes[0].port
            code, said = orrery("snapshot", "", at)
            self.assertEqual(code, USAGE, said)
            self.assertIn("a snapshot's name is", said)
            self.assertEqual(orrery("snapshot", at)[0], OK)


class SiblingsTest(unittest.TestCase):
    """Three nodes: what several values of a key look like, and who holds them."""

    def test_values_are_kept_shown_and_merged(self):
        with Cluster(ORRERY, 3) as cluster:
            first, second, third = ("--endpoints=127.0.0.1:%d" % node.port
                                    for node in cluster.nodes)
            self.assertEqual(orrery("put", "cart", "apples", "--siblings", first)[0],
                             OK)
            self.assertEqual(orrery("put", "cart", "pears", "--siblings", second)[0],
                             OK)

            code, said = orrery("get", "cart", first)
            self.assertEqual(code, OK, said)
            self.assertIn("one of 2 concurrent values", said)
            code, said = orrery("get", "cart", "-o", "json", third)
            self.assertEqual(code, OK, said)
            answer = json.loads(said)
            self.assertEqual(sorted(one["value"] for one in answer["siblings"]),
                             ["apples", "pears"])

            code, said = orrery("put", "cart", "both", "--siblings", "--context",
                                answer["context"], second)
            self.assertEqual(code, OK, said)
            code, said = orrery("get", "cart", "-o", "json", third)
            self.assertEqual(json.loads(said)["value"], "both")
            self.assertNotIn("siblings", json.loads(said))

            code, said = orrery("inspect-key", "cart", first)
            self.assertEqual(code, OK, said)
            self.assertEqual(said.count("value, kept"), 3, said)
            self.assertIn("owners agree", said)

    def test_a_quorum_stamp_needs_a_majority(self):
        with Cluster(ORRERY, 3) as cluster:
            at = "--endpoints=127.0.0.1:%d" % cluster.nodes[0].port
            self.assertEqual(orrery("put", "k", "v", "--quorum-stamp", at)[0], OK)
            self.assertEqual(orrery("del", "k", "--quorum-stamp", at)[0], OK)
            for node in cluster.nodes[1:]:
                node.kill()

            code, said = orrery("put", "k", "w", "--quorum-stamp",
                                "--consistency", "one", at)

            self.assertEqual(code, UNAVAILABLE, said)
            code, said = orrery("inspect-key", "k", "-o", "json", at)
            self.assertEqual(code, OK, said)
            report = json.loads(said)
            self.assertFalse(report["agree"])
            self.assertEqual(len(report["owners"]), 3)


class Stub:
    """An endpoint that reads a request and answers it with these bytes; None:
    it leaves it without an answer.  A context manager."""

    def __init__(self, answer):
        self.answer, self.requests, self.open = answer, [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.requests.append(connection.recv(65536))
            if self.answer is None:
                self.open.append(connection)
                continue
            connection.sendall(self.answer)
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.listener.shutdown(socket.SHUT_RDWR)  # Wakes the accept too.
        self.listener.close()
        for connection in self.open:
            connection.close()


def refusal(status, applied):
    body = b'{"message":"refused","applied":"%s"}' % applied
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s" % (
        status, len(body), body)


class EndpointsTest(unittest.TestCase):
    """With the real node as the second of two endpoints."""

    def setUp(self):
        self.cluster = Cluster(ORRERY, 1)
        self.cluster.__enter__()
        self.addCleanup(self.cluster.__exit__, None, None, None)
        self.node = self.cluster.nodes[0]
        self.assertEqual(self.node.put("k", "old")[0], 200)

    def run_verb(self, first, *arguments):
        return orrery(*arguments, "--timeout", "1s", "--endpoints",
                      "%s,127.0.0.1:%d" % (first, self.node.port))

    def value(self):
        return self.node.get("k")[1].get("value")

    def test_a_get_tries_the_next_whatever_happens(self):
        for answer in (None, b"", b"nonsense", refusal(503, b"no")):
            with Stub(answer) as stub:
                code, said = self.run_verb(stub.endpoint, "get", "k")
                self.assertEqual((code, said), (OK, "old\n"), answer)
                self.assertEqual(len(stub.requests), 1)

    def test_a_404_is_an_answer(self):
        with Stub(refusal(404, b"no")) as stub:
            code, said = self.run_verb(stub.endpoint, "get", "k")
            self.assertEqual(code, NOT_FOUND, said)

    def test_a_write_tries_the_next_only_if_it_was_not_applied(self):
        for verb, value in ((["put", "k", "new"], "new"), (["del", "k"], None)):
            with Stub(refusal(503, b"no")) as stub:
                code, said = self.run_verb(stub.endpoint, *verb)
                self.assertEqual(code, OK, said)
                self.assertEqual(len(stub.requests), 1)
                self.assertEqual(self.value(), value)

    def test_a_write_whose_outcome_is_unknown_is_not_sent_again(self):
        for answer, expected in ((None, UNKNOWN), (b"", UNKNOWN),
                                 (refusal(503, b"maybe"), UNAVAILABLE),
                                 (refusal(504, b"maybe"), UNKNOWN),
                                 (refusal(507, b"no"), UNAVAILABLE)):
            for verb in (["put", "k", "new"], ["del", "k"]):
                with Stub(answer) as stub:
                    code, said = self.run_verb(stub.endpoint, *verb)
                    self.assertEqual(code, expected, (answer, said))
                self.assertEqual(self.value(), "old", answer)

    def test_a_write_that_could_not_be_sent_goes_to_the_next(self):
        with Stub(None) as gone:
            endpoint = gone.endpoint
        code, said = self.run_verb(endpoint, "put", "k", "new")
        self.assertEqual(code, OK, said)
        self.assertEqual(self.value(), "new")

    def test_all_that_failed_are_named(self):
        with Stub(None) as hangs, Stub(b"") as closes:
            code, said = orrery(
                "get", "k", "--timeout", "250ms", "--endpoints",
                hangs.endpoint + "," + closes.endpoint)
        self.assertEqual(code, UNAVAILABLE, said)
        self.assertIn(hangs.endpoint + ": no answer came in time", said)
        self.assertIn(closes.endpoint + ": the connection was lost", said)

    def test_a_time_out_that_is_none_is_said(self):
        code, said = orrery("get", "k", "--timeout", "soon")
        self.assertEqual(code, USAGE, said)
        self.assertIn("--timeout must be a duration", said)


class BatchTest(unittest.TestCase):
    def run_batch(self, at, text, *more):
        run = subprocess.run(
            [ORRERY, "batch", at, *more], input=text, capture_output=True,
            check=False, timeout=60)
        return (run.returncode, run.stdout.decode(errors="surrogateescape"),
                run.stderr.decode())

    def test_lines_are_done_in_their_order(self):
        with Cluster(ORRERY, 1) as cluster:
            node = cluster.nodes[0]
            at = "--endpoints=127.0.0.1:%d" % node.port

            code, said, _ = self.run_batch(
                at, b"# first\nput a  two words\nget a\n\nput \xff \xfe\n"
                b"get \xff\ndel a\nget a")

            self.assertEqual(code, NOT_FOUND, said)
            lines = said.splitlines()
            self.assertRegex(lines[0], r"^200 put a \d+$")
            self.assertEqual(lines[1], "200 get a  two words")
            self.assertEqual(lines[3], "200 get \udcff \udcfe")
            self.assertRegex(lines[4], r"^200 del a \d+$")
            self.assertEqual(lines[5], "404 get a key not found")

            many = "".join("put k%d %d\n" % (i, i) for i in range(600))
            code, said, _ = self.run_batch(at, many.encode(), "-o", "json")
            self.assertEqual(code, OK, said)
            results = [json.loads(line) for line in said.splitlines()]
            self.assertEqual([r["key"] for r in results],
                             ["k%d" % i for i in range(600)])
            self.assertEqual(node.get("k599")[1]["value"], "599")

            big = "".join("put b%d %s\n" % (i, "v" * 1000000)
                          for i in range(20))
            code, said, wrong = self.run_batch(at, big.encode())
            self.assertEqual(code, OK, wrong)
            self.assertEqual(len(said.splitlines()), 20)

    def test_a_line_that_is_wrong_is_named_and_nothing_is_sent(self):
        with Stub(None) as stub:
            for line in ("set a 1", "put", "get a b", "del"):
                code, _, said = self.run_batch(
                    "--endpoints=" + stub.endpoint,
                    ("put a 1\n%s\n" % line).encode())
                self.assertEqual(code, USAGE, said)
                self.assertIn("line 2: ", said)
            self.assertEqual(stub.requests, [])

    def test_what_had_no_answer_is_said_and_nothing_follows(self):
        with Stub(b"") as stub:
            code, said, wrong = self.run_batch(
                "--endpoints=" + stub.endpoint, b"put a 1\n" * 300)
            self.assertEqual((code, said), (UNKNOWN, ""), wrong)
            self.assertIn("without an answer: operations 1 to 256", wrong)
            self.assertEqual(len(stub.requests), 1)


class BenchTest(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(ORRERY, 1)
        self.cluster.__enter__()
        self.addCleanup(self.cluster.__exit__, None, None, None)
        self.target = "127.0.0.1:%d" % self.cluster.nodes[0].port

    def bench(self, *arguments):
        code, said = orrery("bench", "--target", self.target, "-o", "json",
                            *arguments)
        self.assertEqual(code, OK, said)
        return json.loads(said)

    def test_an_open_loop_lasts_as_long_as_it_is_told_at_its_rate(self):
        result = self.bench("--rate", "200", "--duration", "2s")

        self.assertEqual(result["seconds"], 2)
        self.assertEqual(result["rate"], 200)
        counted = result["reads"]["count"] + result["writes"]["count"]
        self.assertEqual(counted + result["unsent"], 400, result)
        self.assertIn("p99.99_ms", result["writes"])

    def test_requests_and_duration_end_it_whichever_is_first(self):
        result = self.bench("--requests", "100", "--duration", "50s")
        self.assertLess(result["seconds"], 50)
        self.assertEqual(sum(result["statuses"].values()), 100)

    def test_a_node_that_pauses_is_in_the_latency_of_an_open_loop(self):
        node = self.cluster.nodes[0]
        pause = threading.Timer(0.5, node.signal, [signal.SIGSTOP])
        resume = threading.Timer(1.5, node.signal, [signal.SIGCONT])
        pause.start()
        resume.start()
        result = self.bench("--rate", "500", "--duration", "2s",
                            "--concurrency", "4", "--write-ratio", "0")
        # Half of all were due in that second, half of these half a second or
        # more before its end.
        self.assertGreater(result["reads"]["p90_ms"], 400, result)
        self.assertGreater(result["reads"]["max_ms"], 900, result)

    def test_ctrl_c_ends_it_with_a_summary(self):
        for more in ([], ["--rate", "100"]):
            run = subprocess.Popen(
                [ORRERY, "bench", "--target", self.target, "--duration", "1h",
                 *more], stdout=subprocess.PIPE, text=True)
            time.sleep(1.0)
            run.send_signal(signal.SIGINT)
            said, _ = run.communicate(timeout=20)
            self.assertEqual(run.returncode, OK, said)
            self.assertIn("interrupted; until then:", said)
            self.assertIn("requests/s over ", said)
            self.assertIn("p99.99", said)

    def test_a_duration_that_is_none_is_said(self):
        code, said = orrery("bench", "--duration", "soon")
        self.assertEqual(code, USAGE, said)
        self.assertIn("--duration must be a duration", said)


if __name__ == "__main__":
    ORRERY = os.path.abspath(sys.argv[1])
    unittest.main(argv=[sys.argv[0]] + sys.argv[2:])
