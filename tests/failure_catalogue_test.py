#!/usr/bin/env python3
"""The failure catalogue of storage cannot rot.

docs/storage-failures.md has a table: item, what goes wrong, what shows it. Each
item is there, each test or scenario that is named there exists and carries the
item's number, and whatever carries a number is named there.
"""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = "docs/storage-failures.md"
ITEMS = ["%s%d" % (section, number)
         for section, last in (("A", 21), ("B", 14), ("C", 12), ("D", 9))
         for number in range(1, last + 1)]

ROW = re.compile(r"^\| ([A-D]\d+) \| (.+?) \| (.+) \|$")
NAMED = re.compile(r"`([^`]+)`")
# "Catalogue A1", "Catalogue C3, C4".
NUMBERED = re.compile(r"\bCatalogue ((?:[A-D]\d+, )*[A-D]\d+)\b")
CPP_TEST = re.compile(
    r"^(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP)\(\s*(\w+),\s*(\w+)", re.MULTILINE)
NUMBER_IN_NAME = re.compile(r"^([A-D]\d+)(?=[A-Z])")


def items_in(text):
    return {item for found in NUMBERED.findall(text)
            for item in found.split(", ")}


def comment_before(text, at, sign):
    """The block of comments that ends where `at` begins."""
    block = []
    for line in reversed(text[:at].splitlines()):
        if not line.strip().startswith(sign):
            break
        block.append(line.strip()[len(sign):].strip())
    return " ".join(reversed(block))


def cpp_tests(text):
    """{Suite.Name: items} of one source."""
    found = {}
    for match in CPP_TEST.finditer(text):
        suite, name = match.groups()
        items = items_in(comment_before(text, match.start(), "//"))
        items.update(NUMBER_IN_NAME.findall(name))
        found["%s.%s" % (suite, name)] = items
    return found


def python_tests(path, text):
    """{path Class.name: items} of one file of unittest."""
    found = {}
    holder = ""
    for match in re.finditer(r"^(?:class (\w+)|    def (test_\w+))", text,
                             re.MULTILINE):
        if match[1]:
            holder = match[1]
            continue
        name = "%s %s.%s" % (path, holder, match[2])
        found[name] = items_in(comment_before(text, match.start(), "#"))
    return found


def shown_by_the_tree(root=ROOT):
    """{name: items} of every test, scenario and transcript."""
    shown = {}
    for path in sorted((root / "tests").rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix == ".cc":
            shown.update(cpp_tests(path.read_text(encoding="utf-8")))
        elif path.suffix == ".txt" and path.parent.name in ("scenarios",
                                                            "transcripts"):
            text = path.read_text(encoding="utf-8")
            prose = " ".join(line[1:].strip() for line in text.splitlines()
                             if line.startswith("#"))
            shown[name] = items_in(prose)
        elif path.parent.name == "system" and path.suffix == ".py":
            shown.update(python_tests(name, path.read_text(encoding="utf-8")))
    for path in sorted((root / "fuzz").glob("*_fuzz.cc")):
        shown[path.relative_to(root).as_posix()] = items_in(
            path.read_text(encoding="utf-8"))
    return shown


def findings(page, shown):
    """What is wrong with the table, as sentences."""
    wrong = []
    named = {}
    for line in page.splitlines():
        row = ROW.match(line)
        if row is None:
            continue
        item, _, shows = row.groups()
        if item in named:
            wrong.append("%s has two rows" % item)
        named[item] = NAMED.findall(shows)
    for item in sorted(set(ITEMS) ^ set(named)):
        wrong.append("%s %s" % (item, "is no item" if item in named
                                else "has no row"))
    for item, names in named.items():
        if not names:
            wrong.append("%s: nothing shows it" % item)
        for name in names:
            if name not in shown:
                wrong.append("%s: there is no %s" % (item, name))
            elif item not in shown[name]:
                wrong.append("%s: %s does not say so" % (item, name))
    for name, items in shown.items():
        for item in sorted(items):
            if name not in named.get(item, []):
                wrong.append("%s: %s is not in the table" % (item, name))
    return wrong


def table(rows):
    return "\n".join("| %s | wrong | %s |" % row for row in rows)


class FailureCatalogueTest(unittest.TestCase):
    def test_the_table_and_the_tree_agree(self):
        page = (ROOT / PAGE).read_text(encoding="utf-8")
        self.assertEqual(findings(page, shown_by_the_tree()), [])


class SelfTest(unittest.TestCase):
    SHOWN = {"Suite.Name": set(ITEMS), "other.txt": set()}
    WHOLE = [(item, "`Suite.Name`") for item in ITEMS]

    def test_there_are_56_items(self):
        self.assertEqual(len(ITEMS), 56)
        self.assertEqual(findings(table(self.WHOLE), self.SHOWN), [])

    def test_a_missing_row_is_found(self):
        self.assertEqual(
            findings(table(self.WHOLE[:-1]), self.SHOWN),
            ["D9 has no row", "D9: Suite.Name is not in the table"])

    def test_a_row_too_many_is_found(self):
        rows = self.WHOLE + [("B15", "`Suite.Name`"), ("A1", "`Suite.Name`")]
        wrong = findings(table(rows), self.SHOWN)
        self.assertIn("B15 is no item", wrong)
        self.assertIn("A1 has two rows", wrong)

    def test_a_test_that_is_gone_is_found(self):
        rows = [("A1", "`Suite.Name`, `Suite.Gone`")] + self.WHOLE[1:]
        self.assertEqual(findings(table(rows), self.SHOWN),
                         ["A1: there is no Suite.Gone"])

    def test_a_row_that_names_nothing_is_found(self):
        rows = [("A1", "somewhere")] + self.WHOLE[1:]
        self.assertIn("A1: nothing shows it", findings(table(rows), self.SHOWN))

    def test_what_does_not_carry_the_number_is_found(self):
        rows = [("A1", "`Suite.Name`, `other.txt`")] + self.WHOLE[1:]
        self.assertEqual(findings(table(rows), self.SHOWN),
                         ["A1: other.txt does not say so"])

    def test_what_carries_a_number_and_is_not_named_is_found(self):
        shown = dict(self.SHOWN, **{"other.txt": {"C7"}})
        self.assertEqual(findings(table(self.WHOLE), shown),
                         ["C7: other.txt is not in the table"])

    def test_numbers_are_read_from_names_and_from_the_comment_before(self):
        text = ("// Catalogue C3, C4: several\n// lines, Catalogue B13 too.\n"
                "TEST_F(One, Two) {\n}\n\n// Catalogue A1.\n\n"
                "TEST(Three,\n     A11Four) {\n}\n"
                "TEST(Five, A1) {}\n// D3: of another list\nTEST(Six, S1) {}\n")
        self.assertEqual(cpp_tests(text), {
            "One.Two": {"C3", "C4", "B13"}, "Three.A11Four": {"A11"},
            "Five.A1": set(), "Six.S1": set()})
        text = ("class One(Two):\n    # Catalogue B10.\n"
                "    def test_a(self):\n        pass\n\n"
                "    def test_b(self):\n")
        self.assertEqual(python_tests("p.py", text),
                         {"p.py One.test_a": {"B10"}, "p.py One.test_b": set()})


if __name__ == "__main__":
    unittest.main()
