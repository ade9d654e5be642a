#!/usr/bin/env python3
"""What `orrery` says and exits with when it is used wrongly, or when what it
prints has no place to go.

usage: cli_test.py ORRERY [TEST...]
"""

import os
import pathlib
import subprocess
import sys
import unittest

from processes import Cluster

ORRERY = "bin/orrery"
OK, UNEXPECTED, USAGE = 0, 1, 2


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


if __name__ == "__main__":
    ORRERY = os.path.abspath(sys.argv[1])
    unittest.main(argv=[sys.argv[0]] + sys.argv[2:])
