"""Reads tests/mutants/*.txt: one planted bug each (see README.md there)."""

import hashlib
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CATALOGUE = ROOT / "tests" / "mutants"


class Mutant:
    """One file of the catalogue."""

    def __init__(self, path):
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        head, _, rest = self.text.partition("--- old\n")
        old, _, rest = rest.partition("--- new\n")
        new, end, _ = rest.partition("--- end\n")
        if not end:
            raise ValueError("%s: needs `--- old`, `--- new`, `--- end`" % path.name)
        fields = dict(re.findall(r"^(\w+): *(.*)$", head, re.M))
        for name in ("id", "file", "oracles", "story"):
            if not fields.get(name):
                raise ValueError("%s: needs `%s:`" % (path.name, name))
        self.id, self.file, self.story = fields["id"], fields["file"], fields["story"]
        self.late = fields.get("late", "")
        self.oracles = fields["oracles"].split()
        self.old, self.new = old, new
        if self.id != path.stem:
            raise ValueError("%s: its id is %s" % (path.name, self.id))

    def key(self):
        """Names what is planted; the story may be reworded."""
        planted = "\0".join((self.file, self.old, self.new))
        return hashlib.sha256(planted.encode()).hexdigest()[:16]

    def fault(self, root):
        """Why it cannot be applied to the tree at `root`, or None."""
        target = root / self.file
        if not target.is_file():
            return "%s does not exist" % self.file
        count = target.read_text(encoding="utf-8").count(self.old)
        if not self.old.strip():
            return "its old text is empty"
        if self.old == self.new:
            return "it changes nothing"
        if count != 1:
            return "its old text stands %d times in %s" % (count, self.file)
        return None


def load():
    """All mutants by id, and what is wrong with the catalogue."""
    mutants, faults = [], []
    for path in sorted(CATALOGUE.glob("*.txt")):
        try:
            mutant = Mutant(path)
        except ValueError as error:
            faults.append(str(error))
            continue
        if fault := mutant.fault(ROOT):
            faults.append("%s: %s" % (path.name, fault))
        mutants.append(mutant)
    return sorted(mutants, key=lambda m: in_order(m.id)), faults


def in_order(name):
    """B2 before B10."""
    letters, digits = re.fullmatch(r"([A-Za-z]*)(\d*).*", name).groups()
    return letters, int(digits or 0), name


def select(mutants, ids):
    """Those named, in the order of the catalogue; raises on an unknown id."""
    unknown = set(ids) - {m.id for m in mutants}
    if unknown:
        raise ValueError("no such mutant: " + " ".join(sorted(unknown)))
    return [m for m in mutants if not ids or m.id in ids]


def digest_of(folders):
    """A hash over the sources below some folders of the tree."""
    digest = hashlib.sha256()
    for name in folders:
        for file in sorted((ROOT / name).rglob("*")):
            if file.suffix in (".h", ".cc", ".proto", ".txt", ".cmake"):
                digest.update(file.relative_to(ROOT).as_posix().encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
