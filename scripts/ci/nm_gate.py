#!/usr/bin/env python3
"""Purity gate: what the objects of the core and of the simulated world may use.

usage: nm_gate.py --allow tests/nm_allow.txt ARCHIVE_OR_OBJECT...

Undefined symbols must stand on the allow list: exact demangled names without
their parameters, or prefixes (lines that end in `*`).  No object may hold
mutable data, a guard of a static local, or a thread-local.  What is known to
be wrong gets a message that says what to use instead.

Exit code: 0 pure, 1 not, 2 usage.
"""

import argparse
import re
import subprocess
import sys

# Whole symbols, so that `open` never matches `Open`.
INSTEAD = {
    "the Stamp of the event": (
        "clock_gettime gettimeofday time clock nanosleep usleep sleep "
        "clock_nanosleep std::chrono::_V2::steady_clock::now "
        "std::chrono::_V2::system_clock::now"
    ),
    "the entropy of kStart, through core/base/prng.h": (
        "getrandom getentropy rand srand random rand_r drand48 "
        "std::random_device::_M_init std::random_device::_M_getval"
    ),
    "one engine per thread, and messages between them": (
        "pthread_create pthread_mutex_lock pthread_mutex_unlock fork "
        "std::thread::_M_start_thread std::condition_variable::wait"
    ),
    "options": "getenv secure_getenv setenv",
    "the ports": (
        "open openat close read write pread pwrite fsync fdatasync fopen "
        "fclose fread fwrite socket connect bind listen accept send sendto "
        "recv recvfrom mmap munmap unlink rename stat fstat"
    ),
    "marks and replies": "printf fprintf puts fputs vfprintf std::cout std::cerr",
    "a closed enum, or ORRERY_INVARIANT": (
        "__cxa_throw __cxa_begin_catch __cxa_rethrow exit _exit"
    ),
    "bytes, which have no locale": "setlocale strtod atof std::locale::classic",
}
REASON = {name: why for why, names in INSTEAD.items() for name in names.split()}


# Abseil's status and map headers put it into every object.
ALLOWED_DATA = {"std::__ioinit"}
MUTABLE = re.compile(r"^\.(data|bss|tdata|tbss)(\.|$)")
THREAD_LOCAL = re.compile(r"^\.(tdata|tbss)(\.|$)")

SYMBOL = re.compile(
    r"^[0-9a-f]+ (?P<flags>.{7}) (?P<section>\S+)\t[0-9a-f]+ +"
    r"(?:\.hidden |\.protected |\.internal )?(?P<name>.*)$"
)
MEMBER = re.compile(r"^(?P<member>\S+):\s+file format")


def without_parameters(name):
    """`operator new(unsigned long)` -> `operator new`."""
    if name.startswith("operator()"):
        return name
    depth = 0
    for i, c in enumerate(name):
        if c == "<":
            depth += 1
        elif c == ">":
            depth -= 1
        elif c == "(" and depth == 0 and i > 0 and not name.startswith("(", i + 1):
            if name[i : i + 22] != "(anonymous namespace)":
                return name[:i]
    return name


def symbols(path):
    """Yields (object, flags, section, demangled name)."""
    text = subprocess.run(
        ["objdump", "--syms", "--demangle", path],
        check=True, capture_output=True, text=True, errors="replace",
    ).stdout
    member = path
    for line in text.splitlines():
        if match := MEMBER.match(line):
            member = match["member"]
        elif match := SYMBOL.match(line):
            yield member, match["flags"], match["section"], match["name"].strip()


class AllowList:
    def __init__(self, path):
        self.exact, self.prefixes = set(), []
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                line = line.split(" #")[0].rstrip()
                if not line or line.startswith("#"):
                    continue
                if line.endswith("*"):
                    self.prefixes.append(line[:-1])
                else:
                    self.exact.add(line)

    def __contains__(self, name):
        return name in self.exact or any(name.startswith(p) for p in self.prefixes)


def judge(flags, section, name, allow):
    """What is wrong with one symbol, or None."""
    bare = without_parameters(name)
    if section == "*UND*":
        if not name or (bare not in REASON and (name in allow or bare in allow)):
            return None
        return "uses `%s`: %s" % (bare, "use " + REASON[bare] if bare in REASON else
                                  "not in the allow list")
    if name.startswith("guard variable for"):
        return "static local `%s`: make it a member or constexpr" % name[19:]
    if THREAD_LOCAL.match(section) and "d" not in flags:
        return "thread-local `%s`: make it a member of the engine" % name
    if MUTABLE.match(section) or section == "*COM*":
        # `d` is a section or file entry, not an object.
        if "d" in flags or name in ALLOWED_DATA:
            return None
        return "mutable data `%s` in %s: make it a member or constexpr" % (name, section)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--allow", required=True)
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    allow = AllowList(options.allow)
    findings, seen = [], 0
    for path in options.files:
        for member, flags, section, name in symbols(path):
            seen += 1
            if wrong := judge(flags, section, name, allow):
                findings.append("%s: %s" % (member, wrong))
    for finding in sorted(set(findings)):
        print(finding)
    print("nm gate: %d symbols in %d files, %d findings"
          % (seen, len(options.files), len(set(findings))))
    if seen == 0:
        print("nm gate: nothing to look at is not purity")
        return 1
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
