#!/usr/bin/env bash
# The other compilers' legs: B is GCC -O0, C is clang -O1 with ASan and UBSan,
# which also carries the fuzz harnesses.
set -euo pipefail
cd "$(dirname "$0")/../.."
scripts/build.sh gcc
scripts/golden.py build/gcc/bin/orrery
scripts/build.sh asan-ubsan
scripts/ci/ctest.sh asan-ubsan
scripts/golden.py build/asan-ubsan/bin/orrery
scripts/ci/fuzz.sh 30
