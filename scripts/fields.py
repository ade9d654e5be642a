#!/usr/bin/env python3
"""Every list of fields in core/ names every member (core/base/fields.h).

usage: scripts/fields.py

A struct or class says its state with ORRERY_FIELDS, or in a member function
Fields of its own, which is left to its author.  A member that the list leaves
out is state that a snapshot loses.  What is no state is named below.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Class -> member -> why it is not saved.  References and constants are never
# state.
ROOMS = "references to other rooms"
OPTIONS = "of the options"
NOT_STATE = {
    "ClusterClock": {"skew_bound_": OPTIONS},
    "CoordinatorRoom": {"wiring_": ROOMS},
    "FailureDetector": {"in_": ROOMS},
    "GossipRounds": {"in_": ROOMS},
    "HintReplayer": {"wiring_": ROOMS},
    "JoinHandshake": {"in_": ROOMS},
    "KeyLister": {"page_timeout_": OPTIONS},
    "MembershipRooms": {"sender_": "has none but references"},
    "Observers": {"none_": "always empty"},
    "ReadyList": {"taken_": "what was taken is the taker's"},
    "ReplicaWriter": {"skew_bound_": OPTIONS, "writes_max_": OPTIONS},
    "RingKeeper": {"in_": ROOMS},
    "SnapshotDecoder": {"rows_": "a view into a block; none outlives a step"},
    "IndexSnapshotReader": {
        "piece_": "what was read; none outlives a step",
        "rest_": "a view into it",
    },
    "StampLease": {"skew_bound_": OPTIONS},
    "Suspicion": {"in_": ROOMS},
    "SyncAnswerer": {"wiring_": ROOMS},
    "SyncSession": {"wiring_": ROOMS},
    "ViewComparison": {"in_": ROOMS},
}
MACRO = "core/base/fields.h"  # Where ORRERY_FIELDS is made, and no list is.


def without_comments(text):
    return re.sub(r"//[^\n]*", lambda m: " " * len(m.group(0)), text)


def body_of(text, start):
    """The end of the block that is open at `start`."""
    depth = 1
    while depth:
        depth += {"{": 1, "}": -1}.get(text[start], 0)
        start += 1
    return start - 1


def statements(body):
    """The declarations of a class at its own level."""
    depth, begin, found = 0, 0, []
    for i, c in enumerate(body):
        depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(c, 0)
        ends = c == ";" and depth == 0
        head = body[begin:i].split("{")[0]
        is_value = "=" in head and "operator" not in head
        block = c == "}" and depth == 0 and not is_value and \
            body[i + 1:].lstrip()[:1] not in (";", ",")
        macro = c == ")" and depth == 0 and \
            body[begin:i].lstrip().startswith("ORRERY_FIELDS")
        if ends or block or macro:
            found.append(body[begin:i + 1].strip())
            begin = i + 1
    return found


def without_angles(text):
    while re.search(r"<[^<>]*>", text):
        text = re.sub(r"<[^<>]*>", "", text)
    return text


def member_names(statement):
    text = re.sub(r"^((public|private|protected)\s*:\s*)+", "", statement)
    text = re.sub(r"^(struct|class)\s+(?=\w+[\w:<>, ]*\s\w+\s*[;={])", "", text)
    keywords = r"(using|friend|static|enum|struct|class|template|typedef|" \
               r"explicit|constexpr|virtual|__extension__|ORRERY|\[\[)"
    if not text.endswith(";") or re.match(keywords, text):
        return []
    text = re.sub(r"\{.*\}$", "", text[:-1].strip(), flags=re.S)
    text = without_angles(text.replace("<<", " "))
    if "(" in text.split("=")[0] or text.startswith("const "):
        return []
    names = []
    for part in text.split(","):
        declared = part.split("=")[0].strip()
        if declared and "&" not in declared:
            names.append(declared.split()[-1])
    return names


def listed(statement):
    """What a list names, one text an argument; None: it is no list."""
    text = re.sub(r"^((public|private|protected)\s*:\s*)+", "", statement)
    if not text.startswith("ORRERY_FIELDS"):
        return None
    depth, arguments = 0, [""]
    for c in text[text.index("(") + 1:text.rindex(")")]:
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(c, 0)
        if c == "," and depth == 0:
            arguments.append("")
        else:
            arguments[-1] += c
    return [" ".join(argument.split()) for argument in arguments]


def classes(text):
    """(name, statements, list) of each struct and class that has a list."""
    for match in re.finditer(r"\b(?:struct|class)\s+(\w+)[^;{()]*\{", text):
        found = statements(text[match.end():body_of(text, match.end())])
        for arguments in filter(None, map(listed, found)):
            yield match[1], found, arguments


def check_text(text, where, exempted):
    """(what is wrong, lists read).  Members of `exempted` that there are leave it."""
    wrong, lists = [], 0
    for owner, found, arguments in classes(text):
        lists += 1
        wrong += ["%s: the list of %s names %s twice" % (where, owner, argument)
                  for argument in sorted(set(arguments))
                  if arguments.count(argument) > 1]
        named = set(re.findall(r"\w+", " ".join(arguments)))
        for name in (n for s in found for n in member_names(s) if n not in named):
            if name in NOT_STATE.get(owner, {}):
                exempted.discard((owner, name))
            else:
                wrong.append("%s: %s has a member %s that its ORRERY_FIELDS "
                             "does not name" % (where, owner, name))
    if lists != text.count("ORRERY_FIELDS("):
        wrong.append("%s: %d lists, of which %d were read"
                     % (where, text.count("ORRERY_FIELDS("), lists))
    return wrong, lists


def self_check():
    """The check can fail."""
    sample = "struct A { int a = 0; std::pair<int, int> b; B& c;" \
             " void f() { x = 1; } int d = int{2} << 3; ORRERY_FIELDS(a, d, a) };" \
             "class E : public F { public: ORRERY_FIELDS(g_, AsValue(h_, i_))" \
             " private: int g_, h_; const int i_; class J k_; int l_; };"
    wrong, lists = check_text(sample, "x", set())
    said = [line.split(": ", 1)[1] for line in wrong]
    assert lists == 2, lists
    assert said == ["the list of A names a twice",
                    "A has a member b that its ORRERY_FIELDS does not name",
                    "E has a member k_ that its ORRERY_FIELDS does not name",
                    "E has a member l_ that its ORRERY_FIELDS does not name"], said
    assert check_text("struct A(int) { ORRERY_FIELDS(a) };", "x", set())[0]


def main():
    self_check()
    wrong, lists = [], 0
    exempted = {(owner, name) for owner in NOT_STATE for name in NOT_STATE[owner]}
    for path in sorted((ROOT / "core").rglob("*.h")):
        where = path.relative_to(ROOT).as_posix()
        if where == MACRO:
            continue
        some, count = check_text(without_comments(path.read_text()), where, exempted)
        wrong += some
        lists += count
    wrong += ["%s has no member %s that a list leaves out: drop it from NOT_STATE"
              % exemption for exemption in sorted(exempted)]
    for line in wrong:
        print("fields: " + line)
    if not wrong:
        print("fields: %d lists name all members" % lists)
    return 1 if wrong or lists < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
