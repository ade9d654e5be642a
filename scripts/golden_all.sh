#!/usr/bin/env bash
# Golden digests on every leg: clang -O2, GCC -O0, ASan + UBSan, GCC -O3
# -march=native, and GCC with uninitialised variables set to a pattern and to
# zero.
set -euo pipefail
cd "$(dirname "$0")/.."

for preset in release gcc asan-ubsan; do
  scripts/build.sh "$preset" orrery
done
leg() {
  local name=$1 flags=$2
  [ -f "build/golden-$name/build.ninja" ] ||
    cmake --preset gcc -B "build/golden-$name" -DCMAKE_CXX_FLAGS="$flags"
  ninja -C "build/golden-$name" -j"${JOBS:-2}" orrery
}
leg native "-O3 -march=native -DNDEBUG"
leg pattern "-O1 -ftrivial-auto-var-init=pattern"
leg zero "-O1 -ftrivial-auto-var-init=zero"

failed=0
for binary in bin/orrery build/{gcc,asan-ubsan,golden-native,golden-pattern,golden-zero}/bin/orrery; do
  echo "golden: $binary"
  scripts/golden.py "$binary" || failed=1
done
exit $failed
