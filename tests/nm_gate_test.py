#!/usr/bin/env python3
"""Proves that the purity gate can fail: each planted fault must be found.

usage: nm_gate_test.py COMPILER
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMPILER = "c++"


def gate(code, *flags):
    """The gate's exit code and text for one planted source."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "planted.cc"
        source.write_text(code, encoding="utf-8")
        archive = pathlib.Path(folder) / "planted.o"
        subprocess.run(
            [COMPILER, "-std=c++20", "-O2", "-DNDEBUG", "-fno-pie", *flags, "-c",
             str(source), "-o", str(archive)], check=True)
        result = subprocess.run(
            [sys.executable, str(ROOT / "scripts/ci/nm_gate.py"), "--allow",
             str(ROOT / "tests/nm_allow.txt"), str(archive)],
            capture_output=True, text=True, check=False)
        return result.returncode, result.stdout


class NmGateTest(unittest.TestCase):
    def assert_found(self, code, message, *flags):
        status, text = gate(code, *flags)
        self.assertEqual(status, 1, text)
        self.assertIn(message, text)

    def test_pure_code_passes(self):
        status, text = gate(
            "#include <map>\n#include <string>\n#include <vector>\n"
            "namespace orrery {\n"
            "inline constexpr int kTable[] = {1, 2, 3};\n"
            "struct V { virtual ~V() = default; virtual int f() = 0; };\n"
            "struct W : V { int f() override { return 1; } };\n"
            "V* Make() { return new W; }\n"
            "int Sum(std::map<int, std::string>& m, std::vector<int>& v) {\n"
            "  v.push_back(kTable[v.size() % 3]); m[1] += 'x';\n"
            "  return static_cast<int>(m.size()); }\n"
            "}\n", "-fno-exceptions")
        self.assertEqual(status, 0, text)

    def test_a_clock_is_found(self):
        self.assert_found(
            "#include <time.h>\nlong Now() { timespec t; "
            "clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_nsec; }",
            "use the Stamp of the event")

    def test_a_cxx_clock_is_found(self):
        self.assert_found(
            "#include <chrono>\nlong Now() { return "
            "std::chrono::steady_clock::now().time_since_epoch().count(); }",
            "use the Stamp of the event")

    def test_the_environment_is_found(self):
        self.assert_found(
            "#include <cstdlib>\nchar* Home() { return std::getenv(\"HOME\"); }",
            "use options")

    def test_a_file_is_found(self):
        self.assert_found(
            "#include <fcntl.h>\nint Open() { return open(\"x\", O_RDONLY); }",
            "uses `open`: use the ports")

    def test_a_function_of_ours_named_open_passes(self):
        status, text = gate("namespace orrery { int open(int); int Open(int); }\n"
                            "int Do() { return orrery::open(1) + orrery::Open(2); }")
        self.assertEqual(status, 0, text)

    def test_an_unknown_symbol_is_found(self):
        self.assert_found("extern \"C\" int surprise();\n"
                          "int Do() { return surprise(); }",
                          "uses `surprise`: not in the allow list")

    def test_a_mutable_global_is_found(self):
        self.assert_found("namespace orrery { int counter = 3; int zero; }",
                          "mutable data `orrery::counter`")

    def test_a_mutable_inline_global_is_found(self):
        self.assert_found("namespace orrery { inline int counter = 3; "
                          "int* Get() { return &counter; } }",
                          "mutable data `orrery::counter`")

    def test_a_static_local_is_found(self):
        self.assert_found(
            "namespace orrery { int f(); int g() { static int once = f(); "
            "return once; } }", "static local")

    def test_a_thread_local_is_found(self):
        self.assert_found("namespace orrery { thread_local int t; "
                          "int Get() { return ++t; } }", "thread-local")

    def test_a_throw_is_found(self):
        self.assert_found("void Do() { throw 1; }", "use a closed enum")

    def test_nothing_to_look_at_fails(self):
        with tempfile.NamedTemporaryFile(suffix=".a") as archive:
            archive.write(b"!<arch>\n")
            archive.flush()
            result = subprocess.run(
                [sys.executable, str(ROOT / "scripts/ci/nm_gate.py"), "--allow",
                 str(ROOT / "tests/nm_allow.txt"), archive.name],
                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 1)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        COMPILER = sys.argv.pop(1)
    unittest.main()
