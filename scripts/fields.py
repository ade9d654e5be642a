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

# Member -> why it is not saved.  References and constants are never state.
NOT_STATE = {
    "in_": "references to other rooms",
    "wiring_": "references to other rooms",
    "page_timeout_": "of the options",
    "skew_bound_": "of the options",
    "writes_max_": "of the options",
    "sender_": "has none but references",
    "taken_": "what was taken is the taker's",
    "none_": "always empty",
}


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
    text = re.sub(r"^((public|private)\s*:\s*)+", "", statement)
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


def check(path):
    text = without_comments(path.read_text())
    wrong = []
    for match in re.finditer(r"\b(?:struct|class)\s+(\w+)[^;{()]*\{", text):
        found = statements(text[match.end():body_of(text, match.end())])
        lists = [s for s in found
                 if re.sub(r"^((public|private)\s*:\s*)+", "", s)
                 .startswith("ORRERY_FIELDS")]
        if not lists:
            continue
        named = set(re.findall(r"\w+", lists[0]))
        for statement in found:
            for name in member_names(statement):
                if name not in named and name not in NOT_STATE:
                    wrong.append("%s: %s has a member %s that its "
                                 "ORRERY_FIELDS does not name" %
                                 (path.relative_to(ROOT), match[1], name))
    return wrong, text.count("ORRERY_FIELDS(")


def self_check():
    """The check can fail."""
    sample = "struct A { int a = 0; std::pair<int, int> b; B& c;" \
             " void f() { x = 1; } int d = int{2} << 3; ORRERY_FIELDS(a) };"
    body = sample[sample.index("{") + 1:-2]
    names = [n for s in statements(body) for n in member_names(s)]
    assert names == ["a", "b", "d"], names


def main():
    self_check()
    wrong, lists = [], 0
    for path in sorted((ROOT / "core").rglob("*.h")):
        some, count = check(path)
        wrong += some
        lists += count
    for line in wrong:
        print("fields: " + line)
    if not wrong:
        print("fields: %d lists name all members" % (lists - 1))
    return 1 if wrong or lists < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
