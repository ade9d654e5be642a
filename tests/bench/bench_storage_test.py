#!/usr/bin/env python3
"""The storage benchmark at a tiny scale: every row of the goals' table is
there, and counts are what they must be whatever the machine does.

usage: bench_storage_test.py BENCH_STORAGE
"""

import argparse
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "scripts"))
import bench_storage  # noqa: E402

BINARY = ""
REPEATS = 2


class RowsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            cls.results = bench_storage.measure(argparse.Namespace(
                binary=BINARY, scale=0.004, repeats=REPEATS, index_keys=5000,
                subjects="", directory=folder))
            cls.left = list(pathlib.Path(folder).iterdir())

    def once(self, row):
        values = self.results[row]["value"]
        self.assertEqual(len(values), 1, row)
        return values[0]

    def test_every_goal_has_its_row_and_every_row_a_place_in_the_table(self):
        self.assertEqual({g.row for g in bench_storage.GOALS},
                         set(self.results))
        table = bench_storage.table_of(self.results)
        self.assertEqual(len(table.splitlines()),
                         2 + len(bench_storage.GOALS))

    def test_rows_that_are_compared_have_a_raw_value_for_each_repeat(self):
        for goal in bench_storage.GOALS:
            row = self.results[goal.row]
            if goal.of_raw:
                self.assertEqual(len(row["raw"]), REPEATS, goal.row)
                self.assertEqual(len(row["value"]), REPEATS, goal.row)
            self.assertGreaterEqual(min(row["value"]), 0, goal.row)

    def test_a_get_reads_once_if_it_finds_and_never_if_not(self):
        self.assertEqual(self.once("disk_reads_per_hit"), 1.0)
        self.assertLessEqual(self.once("disk_reads_per_miss"), 0.001)

    def test_one_sync_serves_all_writers(self):
        for writers in (64, 256):
            for puts in self.results["synced_%d_puts_a_sync" % writers]["value"]:
                self.assertGreater(puts, writers / 2)
                self.assertLessEqual(puts, writers)

    def test_amplification_is_bounded_by_the_choice_of_files(self):
        """Files go when half of them is dead: about two bytes a byte."""
        for draws in ("uniform", "zipf"):
            self.assertGreater(self.once("write_amplification_" + draws), 1.0)
            self.assertLess(self.once("write_amplification_" + draws), 3.0)
            self.assertGreater(self.once("space_amplification_" + draws), 1.0)
            self.assertLess(self.once("space_amplification_" + draws), 2.2)

    def test_nothing_is_left_behind(self):
        self.assertEqual(self.left, [])


if __name__ == "__main__":
    BINARY = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
