#!/usr/bin/env python3
"""`orrery demo`, driven by its standard input as a user would.

usage: demo_test.py ORRERY [TEST...]
"""

import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import unittest

from processes import wait_until

ORRERY = "bin/orrery"
PATIENCE_S = 60.0


def is_alive(pid):
    """It runs or is stopped; a zombie whose parent is gone is not."""
    try:
        state = pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")
    except OSError:
        return False
    return state[2].split()[0] not in "ZX"


class Demo:
    """The process, and what it said so far.  A context manager."""

    def __init__(self, *arguments, terminal=False):
        self.folder = tempfile.TemporaryDirectory(prefix="orrery-test-")
        self.said, self.seen = "", 0
        mine, theirs = pty.openpty() if terminal else (None, subprocess.PIPE)
        self.process = subprocess.Popen(
            [ORRERY, "demo", *arguments], stdin=theirs,
            stdout=theirs if terminal else subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=self.take_terminal if terminal else None,
            env={**os.environ, "TMPDIR": self.folder.name})
        if terminal:
            os.close(theirs)
        self.input = mine if terminal else self.process.stdin.fileno()
        self.output = mine if terminal else self.process.stdout.fileno()

    @staticmethod
    def take_terminal():
        os.close(os.open(os.ttyname(0), os.O_RDWR))

    def __enter__(self):
        self.expect("type help for what can be done")
        self.pids = [int(pid) for pid in re.findall(r"\(pid (\d+)\)", self.said)]
        return self

    def __exit__(self, kind, error, trace):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        if kind is not None:
            print(self.said)
        self.folder.cleanup()

    def expect(self, pattern):
        """Reads on until the pattern stands in what is new."""
        while (found := re.compile(pattern).search(self.said, self.seen)) is None:
            if not select.select([self.output], [], [], PATIENCE_S)[0]:
                raise AssertionError("not yet said: %s\n%s" % (
                    pattern, self.said))
            try:
                part = os.read(self.output, 65536)
            except OSError:
                part = b""  # The other end of a terminal is gone.
            if not part:
                raise AssertionError("never said: %s\n%s" % (pattern, self.said))
            self.said += part.decode(errors="replace")
        self.seen = found.end()
        return found

    def send(self, line, pattern):
        os.write(self.input, (line + "\n").encode())
        return self.expect(pattern)

    def left_behind(self):
        return [pid for pid in self.pids if is_alive(pid)], os.listdir(
            self.folder.name)


class DemoTest(unittest.TestCase):
    def assert_nothing_is_left(self, demo, code=0):
        self.assertEqual(demo.process.wait(timeout=PATIENCE_S), code)
        self.assertEqual(demo.left_behind(), ([], []))

    def test_nodes_are_hurt_and_healed(self):
        with Demo() as demo:
            self.assertEqual(len(demo.pids), 3)
            demo.send("put user:1 Ada Lovelace", r"\nok  version \d+\n")
            demo.send("get user:1", r"\nAda Lovelace\n")
            demo.send("kill n2", "n2 is killed")
            self.assertFalse(is_alive(demo.pids[1]))
            demo.send("put user:2 Grace", r"\nok  version \d+\n")
            demo.send("get user:1", r"\nAda Lovelace\n")
            demo.send("get user:1 all", r"of 3 required")
            demo.send("status", r"n2 .* killed ")
            demo.send("pause n3", "n3 is paused")
            state = pathlib.Path("/proc/%d/stat" % demo.pids[2]).read_text()
            self.assertIn(") T ", state)
            demo.send("get user:1", "too few of the key's owners")
            demo.send("status", r"n3 .* paused, pid \d+ ")
            demo.send("resume n3", "n3 is running again")
            pid = demo.send("start n2", r"n2 serves at .*\(pid (\d+)\)").group(1)
            demo.pids.append(int(pid))
            demo.send("get user:2 all", r"\nGrace\n")
            demo.send("del user:2", r"\nok  version \d+\n")
            demo.send("get user:2", "key not found")
            demo.send("quit", "stopping the nodes")
            self.assert_nothing_is_left(demo)

    def test_heal_brings_all_back(self):
        with Demo() as demo:
            demo.send("heal", "nothing to heal")
            demo.send("kill n1", "n1 is killed")
            demo.send("pause n2", "n2 is paused")
            demo.send("heal", r"n1 serves at .*\(pid (\d+)\)")
            demo.send("put a 1", r"\nok  version \d+\n")
            demo.send("get a all", r"\n1\n")

    def test_what_makes_no_sense_is_said(self):
        with Demo("--nodes", "1") as demo:
            for line, said in (
                    ("dance", "there is no command dance"),
                    ("kill", "which node\\? n1"), ("kill n2", "which node\\? n1"),
                    ("resume n1", "n1 is not paused"),
                    ("start n1", "n1 runs already"), ("put a", "usage: put"),
                    ("get", "usage: get"), ("help", "kill -9"),
                    ("get a most", "consistency must be"),
                    ("kill n1", "n1 is killed"), ("kill n1", "does not run"),
                    ("pause n1", "does not run"), ("get a", "no node runs"),
                    ("status", r"n1 .* killed ")):
                demo.send(line, said)

    def test_a_node_that_ends_by_itself_is_seen(self):
        with Demo("--nodes", "2") as demo:
            os.kill(demo.pids[0], signal.SIGKILL)
            # The first thread is gone before the last one: until then the
            # process cannot be waited for.
            wait_until(lambda: " ended " in
                       demo.send("status", r"\nn1 .*\n").group(), "n1 is gone")
            demo.send("start n1", r"n1 serves at .*\(pid \d+\)")

    def test_the_end_of_the_input_ends_it(self):
        with Demo("--nodes", "1") as demo:
            os.write(demo.input, b"put a 1\nget a")  # The last without an end.
            demo.process.stdin.close()
            demo.expect(r"\n1\n")
            demo.expect("stopping the nodes")
            self.assert_nothing_is_left(demo)

    def test_signals_end_it_whatever_the_nodes_do(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with Demo() as demo:
                demo.send("pause n1", "n1 is paused")
                demo.process.send_signal(number)
                self.assert_nothing_is_left(demo)

    def test_ctrl_c_at_a_terminal_is_for_the_prompt(self):
        with Demo("--nodes", "1", terminal=True) as demo:
            demo.expect("demo> ")
            demo.send("get a", "key not found")
            demo.expect("demo> ")
            os.write(demo.input, b"\x03")
            demo.expect("stopping the nodes")
            self.assert_nothing_is_left(demo)

    def test_nodes_do_not_outlive_a_demo_that_is_killed(self):
        with Demo() as demo:
            demo.process.kill()
            wait_until(lambda: not demo.left_behind()[0], "the nodes are gone")


if __name__ == "__main__":
    ORRERY = os.path.abspath(sys.argv[1])
    unittest.main(argv=[sys.argv[0]] + sys.argv[2:])
