"""A bench is one copy of the tree with a build folder: it tries one bug at a
time.  Only core and simulator are built (`orrery_simulator`, preset `mutants`);
ccache knows a file whatever copy it lies in.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading

from mutation.catalogue import ROOT

SCRATCH = ROOT / "build" / "mutants"
COPIED = ["CMakeLists.txt", "CMakePresets.json", "scripts/cmake", "core",
          "transport", "sim", "node", "tests/CMakeLists.txt", "tests/support",
          "tests/house_rules_test.cc"]
BUILD_SECONDS_MAX = 3600
VIOLATED = 10  # exit code of `orrery sim run`
NOT_DETERMINISTIC = 11
# A light seed takes a tenth of a second; a bug that loops is cut here.
HANG_SECONDS = 60
# A hunt whose seeds all end, but each late, or whose simulator does not come
# back, is cut when it has taken so long: a busy machine takes a tenth of it.
SEED_SECONDS_MAX = 5
RUNNING = set()  # Builds and hunts of all benches.


class Broken(Exception):
    """The tree does not build, or the simulator cannot be run."""


class Hang(Broken):
    """A build or a hunt was not done in its time, and was ended.  That is no
    result: it is tried again."""


class Bench:
    """One copy, for one worker."""

    def __init__(self, number):
        self.folder = SCRATCH / ("bench-%d" % number)
        self.tree = self.folder / "tree"
        self.build_folder = self.tree / "build" / "mutants"
        self.binary = self.build_folder / "bin" / "orrery_simulator"
        self.copy()

    def copy(self):
        """Brings the copy up to date; unchanged files keep their times."""
        wanted = set()
        for name in COPIED:
            source = ROOT / name
            for file in [source] if source.is_file() else sorted(source.rglob("*")):
                if not file.is_file():
                    continue
                relative = file.relative_to(ROOT)
                wanted.add(relative)
                put(self.tree / relative, file.read_bytes())
                shutil.copymode(file, self.tree / relative)
        for file in sorted(self.tree.rglob("*")):
            relative = file.relative_to(self.tree)
            if relative.parts[0] != "build" and file.is_file() and relative not in wanted:
                file.unlink()

    def build(self, jobs=1):
        """Raises Broken with the compiler's words."""
        if not (self.build_folder / "build.ninja").is_file():
            self.call(["cmake", "--preset", "mutants"])
        self.call(["ninja", "-C", str(self.build_folder), "-j%d" % jobs,
                   "orrery_simulator"])

    def call(self, command, seconds=BUILD_SECONDS_MAX):
        made = subprocess.Popen(command, cwd=self.tree, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True,
                                start_new_session=True)
        with ended_after(made, seconds) as late:
            said, _ = made.communicate()
        if late.is_set():
            raise Hang("not done in %d s: %s\n%s"
                       % (seconds, " ".join(command), said[-1000:]))
        if made.returncode != 0:
            raise Broken(said[-3000:])

    @contextlib.contextmanager
    def planted(self, mutant):
        """Within it, the copy has the bug; the program is not yet built."""
        target = self.tree / mutant.file
        original = target.read_text(encoding="utf-8")
        target.write_text(original.replace(mutant.old, mutant.new), encoding="utf-8")
        try:
            yield
        finally:
            target.write_text(original, encoding="utf-8")

    def hunt(self, first, count, profile, without=()):
        """Runs seeds in order until one fails.

        A dict: seeds run, CPU seconds, and of the first failure, if there was
        one, its seed, the oracle that spoke first and what it said.
        """
        command = [str(self.binary), "run", "--profile", profile, "--no-shrink",
                   "--check-determinism", "0/1", "--jobs", "1", "--stop-after", "1",
                   "--hang-after", str(HANG_SECONDS), "--out", str(self.folder / "out"),
                   "--seeds", "%d..%d" % (first, first + count - 1)]
        if without:
            command += ["--without", *without]
        code, cpu, text = self.run(command, 10 * HANG_SECONDS + SEED_SECONDS_MAX * count)
        found = re.search(r"^FAIL seed (\d+)  (\S+)(.*)\n(.*)", text, re.M)
        if found and code in (VIOLATED, NOT_DETERMINISTIC):
            return {"seeds": int(found[1]) - first + 1, "cpu_s": cpu,
                    "seed": int(found[1]), "oracle": found[2],
                    "said": found[4].strip()[:300]}
        ran = re.search(r"^seeds ([\d,]+) \(", text, re.M)
        if found or not ran or int(ran[1].replace(",", "")) != count:
            raise Broken("exit %d of %s\n%s" % (code, " ".join(command), text[-2000:]))
        return {"seeds": count, "cpu_s": cpu, "seed": None, "oracle": None, "said": ""}

    def run(self, command, seconds):
        """(exit code, CPU seconds, output).  Ctrl-C does not reach it, since half
        a hunt is no result: kill_running ends it.  Raises Hang after `seconds`."""
        log = self.folder / "hunt.log"
        with log.open("w", encoding="utf-8") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT,
                                       cwd=self.folder, start_new_session=True)
            with ended_after(process, seconds) as late:
                _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        text = log.read_text(encoding="utf-8", errors="replace")
        if late.is_set():
            raise Hang("not done in %d s: %s\n%s"
                       % (seconds, " ".join(command), text[-1000:]))
        return process.returncode, round(used.ru_utime + used.ru_stime, 2), text


@contextlib.contextmanager
def ended_after(process, seconds):
    """While somebody waits for a process; yields an event: it was ended."""
    late = threading.Event()

    def end():
        late.set()
        kill(process)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    RUNNING.add(process)
    try:
        yield late
    except BaseException:  # Ctrl-C: who waited is gone.
        kill(process)
        raise
    finally:
        timer.cancel()
        RUNNING.discard(process)


def kill(process):
    """And its children: it leads a session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def kill_running():
    for process in list(RUNNING):
        kill(process)


def put(path, data):
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
