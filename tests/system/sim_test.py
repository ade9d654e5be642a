#!/usr/bin/env python3
"""`orrery sim` as a user has it: exit codes, resumption, what it prints.

usage: sim_test.py ORRERY [TEST...]

A violated property needs no bug: a scenario may expect what does not come true.
A worker that dies, and a run that is not deterministic, are seen in unit tests
(tests/sim/host) and with planted bugs (scripts/mutants.py).
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ORRERY = "bin/orrery"
HELD, USAGE, VIOLATED = 0, 2, 10
JUDGED = (HELD, VIOLATED)  # Whether seeds hold is not what is tested here.
FALSE_HOPE = """orrery-sim 1
cfg nodes=3 seed=1 end=8s
at 6s op 1 put c0 k1 via=n0
at 6s crash n2
at 7s op 2 get c0 k1 via=n1
expect value op=2 is=op9
"""


class SimTest(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.folder = pathlib.Path(self.place.name)

    def sim(self, *arguments, code=HELD, given=""):
        run = subprocess.run([ORRERY, "sim", *map(str, arguments)], input=given,
                             capture_output=True, text=True, check=False,
                             cwd=self.folder, timeout=900)
        wanted = JUDGED if code is None else (code,)
        self.assertIn(run.returncode, wanted, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


class CampaignTest(SimTest):
    def run_seeds(self, *more, code=None):
        return self.sim("run", "--profile", "golden", "--no-shrink", *more, code=code)

    @staticmethod
    def sums(text):
        """What must not depend on how often it was stopped."""
        table = text[text.index("property "):text.index("\nmarks:")]
        return re.search(r"^seeds ([\d,]+) \(([\d,]+) run twice\)", text, re.M).groups(
            ), re.search(r"events ([\d,]+)", text)[1], table

    def test_a_campaign_that_was_stopped_comes_to_the_same_sums(self):
        whole = self.run_seeds("--seeds", "1..600", "--jobs", "2")
        stopped = self.stop_early("--seeds", "1..600", "--jobs", "2", "--out", "o2")
        self.assertIn("stopped early", stopped)
        command = re.search(r"go on with: bin/orrery (sim run .*)$", stopped, re.M)[1]
        self.assertIn("--resume", command)

        resumed = self.sim(*command.split()[1:], "--no-shrink", code=None)

        self.assertIn("Going on at seed", resumed)
        self.assertEqual(self.sums(resumed), self.sums(whole))
        self.assertEqual(list((self.folder / "o2").glob("*.checkpoint")), [])

    @staticmethod
    def catches_interrupts(pid):
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        caught = int(re.search(r"^SigCgt:\s*(\w+)$", status, re.M)[1], 16)
        return caught >> (signal.SIGINT - 1) & 1 == 1

    def stop_early(self, *arguments):
        """Ctrl-C after the first seeds: the summary, and how to go on."""
        process = subprocess.Popen(
            [ORRERY, "sim", "run", "--profile", "golden", "--no-shrink", *arguments],
            stdout=subprocess.PIPE, text=True, cwd=self.folder)
        while not self.catches_interrupts(process.pid):
            time.sleep(0.01)
        time.sleep(0.2)  # Far from enough for all seeds.
        process.send_signal(signal.SIGINT)
        text = process.communicate(timeout=120)[0]
        self.assertIn(process.returncode, JUDGED)
        return text

    def test_resume_with_nothing_to_resume_begins_at_the_beginning(self):
        text = self.run_seeds("--seeds", "1..3", "--resume")

        self.assertIn("beginning at seed 1", text)
        self.assertIn("seeds 3 (", text)

    def test_a_time_limit_stops_it_and_says_how_to_go_on(self):
        text = self.run_seeds("--seeds", "1..100000", "--time-limit", "1")

        self.assertIn("stopped early; go on with", text)
        self.assertEqual(len(list((self.folder / "out").glob("*.checkpoint"))), 1)

    def test_every_seed_may_be_run_twice(self):
        text = self.run_seeds("--seeds", "1..5", "--check-determinism", "1/1")

        self.assertIn("seeds 5 (5 run twice)", text)

    def test_what_is_left_out_is_gone(self):
        with_it = self.run_seeds("--seeds", "1..30")
        without = self.run_seeds("--seeds", "1..30", "--without", "powerloss")

        self.assertIn("fault.powerloss", with_it)
        self.assertNotIn("fault.powerloss", without)
        self.assertIn("left out: powerloss", without)

    def test_wrong_words_are_refused_with_those_that_there_are(self):
        self.assertIn("there are swarm, light, net",
                      self.sim("run", "--profile", "heavy", code=USAGE))
        self.assertIn("wants A..B", self.sim("run", "--seeds", "9..2", code=USAGE))
        self.assertIn("they have O0",
                      self.run_seeds("--without", "earthquake", code=USAGE))
        self.sim("run", "--jobs", "0", code=USAGE)
        self.sim("fly", code=USAGE)

    def test_every_verb_explains_itself(self):
        self.assertIn("print-scenario", self.sim("--help"))
        for verb in ("run", "replay", "shrink", "show", "diff", "print-scenario",
                     "golden"):
            self.assertIn("--help", self.sim(verb, "--help"))


class ScenarioTest(SimTest):
    def test_a_scenario_that_fails_its_expectation_exits_10(self):
        text = self.sim("replay", self.write("hope.txt", FALSE_HOPE), code=VIOLATED)

        self.assertIn("FAIL", text)
        self.assertIn("digest", text)

    def test_a_malformed_one_is_named_by_line(self):
        bad = self.write("bad.txt", "orrery-sim 1\nat 1s explode n0\n")

        self.assertRegex(self.sim("replay", bad, code=USAGE), r"bad\.txt:2: .*explode")
        self.assertIn("cannot read", self.sim("replay", "nowhere.txt", code=USAGE))

    def test_shrink_makes_it_smaller_and_it_fails_the_same_way(self):
        text = self.sim("shrink", self.write("hope.txt", FALSE_HOPE), code=VIOLATED)

        self.assertIn("shrunk", text)
        small = (self.folder / "hope.min.txt").read_text(encoding="utf-8")
        self.assertNotIn("crash", small)
        self.assertIn("stored with the scenario",
                      self.sim("replay", "hope.min.txt", code=VIOLATED))
        held = self.write("held.txt", FALSE_HOPE.replace("op9", "op1"))
        self.assertIn("nothing to shrink", self.sim("shrink", held, code=USAGE))

    def test_diff_finds_where_two_runs_part(self):
        one = self.write("one.txt", FALSE_HOPE)
        two = self.write("two.txt", FALSE_HOPE.replace("at 7s", "at 7100ms"))

        self.assertIn("do not differ", self.sim("diff", one, one))
        text = self.sim("diff", one, two, code=1)

        self.assertIn("equal up to event", text)
        self.assertRegex(text, r"(?m)^> +\d+ +7\.0000")

    def test_a_log_can_be_of_one_node_and_up_to_a_time(self):
        hope = self.write("hope.txt", FALSE_HOPE)

        text = self.sim("replay", hope, "--log", "--node", "1", "--until", "5s")

        times = [float(x) for x in re.findall(r"(?m)^ +(\d+\.\d+) n1 ", text)]
        self.assertGreater(len(times), 50)
        self.assertLessEqual(max(times), 5.0)
        self.assertNotRegex(text, r"(?m)^ +[\d.]+ n[02] ")

    def test_steps_are_taken_one_or_many_at_a_time(self):
        hope = self.write("hope.txt", FALSE_HOPE)

        text = self.sim("replay", hope, "--step", given="\n5\nq\n")

        events = re.findall(r"(?m)^ +[\d.]+ n\d \S", text)
        self.assertEqual(len(events), 7, text)  # The first, one, and five.
        whole = self.sim("replay", hope, "--step", given="c\n", code=VIOLATED)
        self.assertIn("digest", whole)

    def test_a_seed_replays_as_the_scenario_that_it_prints(self):
        text = self.sim("print-scenario", "--seed", "7", "--profile", "golden")
        path = self.write("seven.txt", text)

        by_file = self.sim("replay", path, "--twice")
        by_seed = self.sim("replay", "--seed", "7", "--profile", "golden")

        digest = re.compile(r"digest ([0-9a-f]{16})")
        self.assertEqual(digest.search(by_file)[1], digest.search(by_seed)[1])

    def test_show_writes_each_format(self):
        hope = self.write("hope.txt", FALSE_HOPE)
        for name, ending in (("html", "html"), ("jsonl", "jsonl"), ("edn", "edn"),
                             ("chrome", "trace.json"), ("shiviz", "shiviz.log")):
            self.sim("show", hope, "--format", name)
            self.assertGreater((self.folder / ("hope." + ending)).stat().st_size, 200)
        self.assertIn("there are html, jsonl",
                      self.sim("show", hope, "--format", "pdf", code=USAGE))


if __name__ == "__main__":
    ORRERY = os.path.abspath(sys.argv[1])
    unittest.main(argv=[sys.argv[0]] + sys.argv[2:])
