"""Tables of what was measured, as text and as Markdown."""

import collections
import math
import statistics

from mutation.results import LONG_STREAM

NEVER = math.inf


class Line:
    """One bug over its streams."""

    def __init__(self, mutant, rows):
        self.mutant = mutant
        self.short = [r for r in rows if r["stream"] != LONG_STREAM]
        self.long = next((r for r in rows if r["stream"] == LONG_STREAM), None)
        self.seen = [r for r in self.short if r["seed"] is not None]
        self.first = collections.Counter(
            r["oracle"] for r in rows if r["seed"] is not None)

    def over(self, field):
        """Median and 95th percentile; a stream that saw nothing counts as never."""
        values = sorted(r[field] if r["seed"] is not None else NEVER for r in self.short)
        if not values:
            return NEVER, NEVER
        return statistics.median_low(values), values[math.ceil(0.95 * len(values)) - 1]

    def caught(self):
        return bool(self.first)

    def expected(self):
        """(detections by an expected oracle, detections)."""
        mine = sum(n for oracle, n in self.first.items()
                   if oracle in self.mutant.oracles)
        return mine, sum(self.first.values())

    def seen_by(self):
        return ", ".join("%s%s%s" % (oracle, " (%d)" % n if len(self.first) > 1 else "",
                                     "" if oracle in self.mutant.oracles else " *")
                         for oracle, n in self.first.most_common())


def number(value, cap):
    if value == NEVER:
        return "> %s" % format(cap, ",")
    return format(value, ",") if isinstance(value, int) else "%.1f" % value


def seconds(value):
    return "-" if value == NEVER else "%.1f" % value


def markdown(lines, cap):
    text = ["| bug | what goes wrong | streams | seeds | p95 | CPU s | p95 | first seen by |",
            "|---|---|---|---|---|---|---|---|"]
    for line in lines:
        middle, worst = line.over("seeds")
        cpu, cpu_worst = line.over("cpu_s")
        seen = line.seen_by()
        if not line.seen and line.long:
            found = line.long["seed"] is not None
            seen = ("%s, after %s seeds of a long stream"
                    % (seen, format(line.long["seeds"], ",")) if found
                    else "unseen in %s" % format(line.long["cap"], ","))
        text.append("| %s | %s | %d/%d | %s | %s | %s | %s | %s |"
                    % (line.mutant.id, line.mutant.story.rstrip("."), len(line.seen),
                       len(line.short), number(middle, cap), number(worst, cap),
                       seconds(cpu), seconds(cpu_worst), seen or "unseen"))
    return "\n".join(text) + "\n"


def summary(lines, cap):
    """The goals of the instrument, as sentences."""
    total = len(lines)
    if not total:
        return "Nothing was measured.\n"
    half = sum(1 for x in lines if len(x.seen) * 2 >= len(x.short))
    some = sum(1 for x in lines if x.seen)
    every = sum(1 for x in lines if x.caught())
    seeds = statistics.median(x.over("seeds")[0] for x in lines)
    cpu = statistics.median(x.over("cpu_s")[0] for x in lines)
    mine, all_of = (sum(x.expected()[i] for x in lines) for i in (0, 1))
    firsts = collections.Counter()
    for line in lines:
        firsts.update(line.first)
    return ("%d bugs: %d seen in at least half of their streams within %s seeds, %d in "
            "some, %d at all.\nMedian over the bugs: %s seeds, %s CPU s.  First seen by an "
            "expected oracle: %d of %d (%.0f %%).\nFirst to see, by oracle: %s.\n"
            % (total, half, format(cap, ","), some, every, number(seeds, cap),
               seconds(cpu), mine, all_of, 100 * mine / max(all_of, 1),
               ", ".join("%s %d" % item for item in firsts.most_common())))


def ablation_table(mutants, streams, cap, ablations, results):
    """A column an ablation: seeds until seen, summed over the streams."""
    names = ["all on"] + [" ".join(a) for a in ablations]
    text = ["| bug | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    sums, unseen = [0] * len(names), [0] * len(names)
    for mutant in mutants:
        cells = []
        for i, without in enumerate([()] + list(ablations)):
            rows = [results.get(mutant, s, cap, without) for s in range(streams)]
            if not all(rows):
                cells.append("?")
                continue
            spent = sum(r["seeds"] for r in rows)
            missed = sum(1 for r in rows if r["seed"] is None)
            sums[i] += spent
            unseen[i] += missed
            cells.append("%s%s" % (format(spent, ","),
                                   " (%d unseen)" % missed if missed else ""))
        text.append("| %s | %s |" % (mutant.id, " | ".join(cells)))
    text.append("| all | %s |" % " | ".join(
        "%s, %d unseen" % (format(s, ","), u) for s, u in zip(sums, unseen)))
    dead = [name for name, s, u in zip(names[1:], sums[1:], unseen[1:])
            if u <= unseen[0] and s <= sums[0]]
    return ("\n".join(text) + "\n\nLeft out without loss for these bugs: %s.\n"
            % (", ".join(dead) or "none"))
