#!/usr/bin/env bash
# usage: scripts/test_valgrind.sh ORRERY
# Replays 20 golden scenarios under memcheck: no invalid access, no decision on
# what was never written, and the digest that the scenario has elsewhere.  It
# takes the place of MSan, which would need every library instrumented.  The
# binary is GCC's: valgrind 3.19 does not read what clang 22 writes for debuggers.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$1
count=20

if ! command -v valgrind >/dev/null; then
  sudo=
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  $sudo apt-get install -y -qq --no-install-recommends valgrind
fi

check_one() {
  local scenario=$1 name log digest expected
  name=$(basename "$scenario" .txt)
  log=out/valgrind/$name
  # Exit code 9: an error of memcheck.
  if ! valgrind --quiet --error-exitcode=9 --track-origins=no \
    "$binary" sim golden "$scenario" >"$log" 2>&1; then
    echo "valgrind: $name FAILED, see $log"
    return 1
  fi
  digest=$(sed -nE 's/.*: digest ([0-9a-f]{16}),.*/\1/p' "$log")
  expected=$(awk -v name="$name" '$1 == name { print $2 }' tests/golden/digests.txt)
  if [ "$digest" != "$expected" ]; then
    echo "valgrind: $name: digest '$digest', expected '$expected'"
    return 1
  fi
  echo "valgrind: $name ok"
}
export -f check_one
export binary

mkdir -p out/valgrind
# Evenly over all of them.
mapfile -t scenarios < <(find tests/golden -name '*.txt' ! -name digests.txt | sort |
  awk -v count=$count '{ all[NR] = $0 } END {
    for (i = 0; i < count && i < NR; ++i) print all[1 + int(i * NR / count)] }')
failed=0
printf '%s\0' "${scenarios[@]}" |
  xargs -0 -n 1 -P "${JOBS:-2}" bash -c 'check_one "$0"' || failed=1
echo "valgrind: ${#scenarios[@]} scenarios, $([ $failed -eq 0 ] && echo no errors || echo FAILED)"
[ "$failed" -eq 0 ]
