#!/usr/bin/env python3
"""Collects the numbered invariants of all headers into docs/invariants.md.

usage: scripts/invariants.py [--check]

Exit 1 if an oracle under sim/ has no row below, or a row names an oracle or a
checker that is not there; --check: also if the document is not what the headers
say now.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "invariants.md"
HEAD = """# Invariants

Two kinds. What one class can check, it checks (`ORRERY_INVARIANT`, on in every build); its header states it, and the
second list repeats it so that one can read them together (`scripts/invariants.py` writes it). What spans steps or nodes
has a checker in the simulator, numbered O; planted bugs in `tests/mutants/` prove that each can fail.

## Across steps and nodes

| oracle | property | checker |
|---|---|---|
| O0 | no invariant fails, no process dies of a signal, each run ends | `sim/host/worker` |
| O0 | a node's process ends itself only when its disk has failed | `sim/world` |
| O1 | an acknowledged write is held, covered or outranked at its owners after healing | `sim/checkers/acknowledged_writes_survive` |
| O2 | after healing every owner shows, and a read returns, the highest write that was applied and kept; nothing else is stored | `sim/checkers/siblings_exact` |
| O2 | of a key with siblings a read that meets the writes shows exactly the values that no write had seen | `sim/checkers/kept_siblings` |
| O3 | nothing is read that was not written to that key before; a write answered `applied: "no"` never appears | `sim/checkers/validity` |
| O4 | with R + W above the owners a read sees every write acknowledged before it began | `sim/checkers/quorum_recency` |
| O4 | an acknowledged write outranks those acknowledged before it, or is told `superseded_by`; a delete without context always does | `sim/checkers/write_order` |
| O4, O5 | the context of such a read covers those of the writes, and majority reads, before it | `sim/checkers/context_coverage` |
| O5 | quorum reads of a key never go back | `sim/checkers/monotonic_reads` |
| O6 | a client reads its own writes and never goes back; what carries a context follows what it saw | `sim/checkers/context_coverage` |
| O7 | keys written with `stamp=quorum` alone are linearizable registers; of others it is measured, not promised | `sim/checkers/register_zones` |
| O9 | measured, not promised: reads with R + W <= N return the newest write, or one of the two newest | `sim/checkers/staleness` |
| O10 | a deleted version is not read again | `sim/checkers/no_resurrection` |
| O11 | after healing all owners of a key in the core hold equal objects, without being read; then every key can be read | `sim/checkers/convergence` |
| O12 | one ring per epoch; live nodes agree on the ring and on who is alive | `sim/checkers/membership_agreement` |
| O13 | nobody is found dead, or stays accused, while nothing is wrong; silence becomes SUSPECT and DEAD on time | `sim/checkers/failure_detector` |
| O14 | what became of every hint is known, the store has what is held, and after healing nothing is | `sim/checkers/hints_conserved` |
| O15 | equal replicas send each other nothing but gossip and roots | `sim/checkers/quiet` |
| O16 | each request is answered exactly once, in time; without clients every pool of a node comes to be empty | `sim/checkers/requests_complete` |
| O17 | what a replica acknowledged it has, by itself, when it has recovered | `sim/checkers/recovery` |
| O18 | a store answers what a plain map of its keys would, also after a restart, and keeps little that is dead | `sim/checkers/store_answers` |
| O19 | a record that a disk takes without an error is told of when somebody looks, and repaired; it is never absent or older | `sim/checkers/damage_is_told` |
| O20 | every node takes a key's owners from the ring of the contract's formula, and no failure changes that ring | `sim/checkers/ring_formula` |
| O21 | a dot names one version for ever | `sim/checkers/dots_unique` |
| O22 | merging is commutative, associative and idempotent; an object covers its siblings, and shows the highest version that it covers | `sim/checkers/causality_laws` |
| O23 | stamps stay near cluster time or their basis; requests and open files within their limits; one version of a key | `sim/checkers/bounds` |
| O25 | a second run of a seed gives the same digest | `sim/host/campaign` |

## Within one class
"""
FIRST = re.compile(r"^//\s+([A-Z]{2,8}-\d+)\s+(\S.*)$")
MORE = re.compile(r"^//\s{6,}(\S.*)$")
ROW = re.compile(r"^\| (O\d+(?:, O\d+)*) \| .+ \| `(.+)` \|$", re.M)
ORACLE = re.compile(r'"(O\d+)"')


def invariants_of(path):
    """[(id, sentence)] in the order of the header."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        first, more = FIRST.match(line), MORE.match(line)
        if first:
            found.append([first[1], first[2]])
        elif more and found and open_sentence:
            found[-1][1] += " " + more[1]
        open_sentence = bool(first or (more and found))
    return found


def document():
    text, room = HEAD, None
    folders = ["core", "transport", "sim", "node"]
    for path in sorted(p for f in folders for p in (ROOT / f).rglob("*.h")):
        found = invariants_of(path)
        if not found:
            continue
        here = path.parent.relative_to(ROOT).as_posix()
        if here != room:
            room = here
            text += "\n### `%s`\n\n| | states | in |\n|---|---|---|\n" % room
        for name, sentence in found:
            text += "| %s | %s | `%s` |\n" % (
                name, sentence.replace("|", "\\|"), path.name)
    return text


def oracle_faults(head, reported):
    """`reported`: {file below the root, without its ending: oracles that it names}."""
    rows = [(oracle, row[2]) for row in ROW.finditer(head)
            for oracle in row[1].split(", ")]
    faults = ["%s has no row" % oracle for oracle in
              sorted(set().union(*reported.values()) - {oracle for oracle, _ in rows})]
    for checker, oracles in sorted(reported.items()):
        if checker.startswith("sim/checkers/") and "all_checkers" not in checker:
            faults += ["%s reports %s and has no row of it" % (checker, oracle)
                       for oracle in sorted(oracles) if (oracle, checker) not in rows]
    for oracle, checker in rows:
        if checker not in reported:
            faults.append("the row of %s names %s, which is not there"
                          % (oracle, checker))
        if not any(oracle in oracles for oracles in reported.values()):
            faults.append("nothing reports %s, which has a row" % oracle)
    return faults


def reported_oracles():
    return {path.relative_to(ROOT).with_suffix("").as_posix():
            set(ORACLE.findall(path.read_text(encoding="utf-8")))
            for path in (ROOT / "sim").rglob("*.cc")}


def self_check():
    """The check can fail."""
    head = "| O1 | a | `sim/checkers/x` |\n| O2, O3 | b | `sim/checkers/y` |\n"
    sound = {"sim/checkers/x": {"O1"}, "sim/checkers/y": {"O2", "O3"}}
    assert not oracle_faults(head, sound)
    for wrong in ({**sound, "sim/host/z": {"O4"}},
                  {**sound, "sim/checkers/x": {"O1", "O2"}},
                  {"sim/checkers/y": {"O2", "O3"}, "sim/host/z": {"O1"}},
                  {**sound, "sim/checkers/y": {"O2"}}):
        assert len(oracle_faults(head, wrong)) == 1, wrong


def main():
    self_check()
    faults = oracle_faults(HEAD, reported_oracles())
    for fault in faults:
        print("invariants: " + fault)
    wanted = document()
    if "--check" not in sys.argv[1:]:
        DOCUMENT.write_text(wanted, encoding="utf-8")
        return 1 if faults else 0
    if faults:
        return 1
    if DOCUMENT.is_file() and DOCUMENT.read_text(encoding="utf-8") == wanted:
        return 0
    print("docs/invariants.md is stale: run scripts/invariants.py")
    return 1


sys.exit(main())
