"""The arithmetic of scripts/mutants.py: caps, streams, medians, attribution."""

import json
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from mutation import bench, catalogue, report, results  # noqa: E402

TEXT = """id: X1
file: core/x.cc
oracles: O4 O1
story: Something goes wrong.
--- old
a
--- new
b
--- end
"""


def mutant(folder, text=TEXT):
    path = pathlib.Path(folder) / "X1.txt"
    path.write_text(text, encoding="utf-8")
    return catalogue.Mutant(path)


def row(stream, seeds, oracle="O4"):
    seed = None if oracle is None else results.first_seed(stream) + seeds - 1
    return {"stream": stream, "seeds": seeds, "seed": seed, "oracle": oracle,
            "cpu_s": seeds / 10, "cap": 1000}


class MutationTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        results.SCRATCH = pathlib.Path(self.folder.name)
        self.mutant = mutant(self.folder.name)

    def test_streams_do_not_overlap(self):
        for stream in range(20):
            last = results.first_seed(stream) + results.STREAM_SEEDS - 1
            self.assertEqual(results.first_seed(stream + 1), last + 1)
        self.assertEqual(results.first_seed(0), 1)

    def test_what_was_measured_is_known_again_and_for_smaller_caps(self):
        kept = results.Results("light")
        kept.put(self.mutant, 0, 1000, (), {"seeds": 300, "seed": 300, "oracle": "O4",
                                            "cpu_s": 30.0, "said": ""})
        kept.put(self.mutant, 1, 1000, (), {"seeds": 1000, "seed": None,
                                            "oracle": None, "cpu_s": 99.0, "said": ""})
        again = results.Results("light")

        self.assertEqual(again.get(self.mutant, 0, 1000)["seed"], 300)
        self.assertEqual(again.get(self.mutant, 0, 50_000)["seed"], 300)
        self.assertIsNone(again.get(self.mutant, 0, 200)["seed"])
        self.assertAlmostEqual(again.get(self.mutant, 0, 200)["cpu_s"], 20.0)
        self.assertIsNone(again.get(self.mutant, 1, 500)["seed"])
        self.assertIsNone(again.get(self.mutant, 1, 50_000), "1,000 are too few")
        self.assertIsNone(again.get(self.mutant, 0, 1000, ("O4",)))
        self.assertIsNone(results.Results("swarm").get(self.mutant, 0, 1000))

    def test_a_build_and_a_hunt_that_do_not_end_are_ended(self):
        one = bench.Bench.__new__(bench.Bench)
        one.folder = one.tree = pathlib.Path(self.folder.name)
        forever = ["sh", "-c", "echo began; sleep 1000 & wait"]

        with self.assertRaisesRegex(bench.Hang, "began"):
            one.run(forever, 0.5)
        with self.assertRaisesRegex(bench.Hang, "began"):
            one.call(forever, 0.5)

        self.assertEqual(one.run(["sh", "-c", "echo x; exit 10"], 60)[::2], (10, "x\n"))
        self.assertFalse(bench.RUNNING)

    def test_a_line_that_was_cut_short_is_passed_over(self):
        kept = results.Results("light")
        kept.put(self.mutant, 0, 10, (), {"seeds": 1, "seed": 1, "oracle": "O4",
                                          "cpu_s": 1.0, "said": ""})
        whole = kept.path.read_text(encoding="utf-8")
        kept.path.write_text(whole + whole[:40], encoding="utf-8")

        self.assertEqual(len(results.Results("light").rows), 1)
        json.loads(whole)

    def test_another_edit_is_another_bug_and_another_story_is_not(self):
        self.assertEqual(mutant(self.folder.name, TEXT.replace("Some", "No")).key(),
                         self.mutant.key())
        self.assertNotEqual(mutant(self.folder.name, TEXT.replace("\nb", "\nc")).key(),
                            self.mutant.key())

    def test_a_stream_that_saw_nothing_counts_as_never(self):
        line = report.Line(self.mutant, [row(0, 5), row(1, 7), row(2, 1000, None)])

        self.assertEqual(line.over("seeds"), (7, report.NEVER))
        self.assertEqual(len(line.seen), 2)
        self.assertIn("2/3 | 7 | > 1,000", report.markdown([line], 1000))

    def test_a_stranger_is_told_from_an_expected_oracle(self):
        line = report.Line(self.mutant, [row(0, 5), row(1, 7, "O11"), row(2, 9)])

        self.assertEqual(line.expected(), (2, 3))
        self.assertEqual(line.seen_by(), "O4 (2), O11 (1) *")

    def test_what_only_the_long_stream_saw_says_so(self):
        late = {**row(results.LONG_STREAM, 1425), "cap": 50_000}
        line = report.Line(self.mutant, [row(0, 1000, None), late])

        self.assertTrue(line.caught())
        self.assertIn("after 1,425 seeds of a long stream",
                      report.markdown([line], 1000))

    def test_an_ablation_that_costs_nothing_is_named(self):
        kept = results.Results("light")
        for without, seeds in (((), 10), (("crash",), 10), (("O4",), 40)):
            kept.put(self.mutant, 0, 100, without,
                     {"seeds": seeds, "seed": seeds, "oracle": "O4", "cpu_s": 1.0,
                      "said": ""})

        table = report.ablation_table([self.mutant], 1, 100, [("crash",), ("O4",)], kept)

        self.assertIn("| X1 | 10 | 10 | 40 |", table)
        self.assertIn("without loss for these bugs: crash.", table)


if __name__ == "__main__":
    unittest.main()
