#!/usr/bin/env bash
# usage: scripts/test_valgrind.sh ORRERY [COUNT]
# Runs COUNT (20) golden scenarios under memcheck: no invalid access, no decision
# on what was never written, and the digest that the scenario has elsewhere.  It
# takes the place of MSan, which would need every library instrumented.  The
# binary is GCC's: valgrind 3.19 does not read what clang 22 writes for debuggers.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$1
count=${2:-20}

if ! command -v valgrind >/dev/null; then
  sudo=
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  export DEBIAN_FRONTEND=noninteractive
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq --no-install-recommends valgrind
fi

check_one() {
  local name=$1 log=out/valgrind/$1 pack digest expected
  pack=$(grep -lx "# golden $name" tests/golden/*.pack.txt) || {
    echo "valgrind: $name is in no pack"
    return 1
  }
  # Exit code 9: an error of memcheck.
  if ! valgrind --quiet --error-exitcode=9 --track-origins=no \
    "$binary" sim golden --only "$name" "$pack" >"$log" 2>&1; then
    echo "valgrind: $name FAILED, see $log"
    return 1
  fi
  digest=$(awk -v name="$name" '$1 == name { print $2 }' "$log")
  expected=$(awk -v name="$name" '$1 == name { print $2 }' tests/golden/digests.txt)
  if [ -z "$digest" ] || [ "$digest" != "$expected" ]; then
    echo "valgrind: $name: digest '$digest', expected '$expected'"
    return 1
  fi
  echo "valgrind: $name ok"
}
export -f check_one
export binary

mkdir -p out/valgrind
# Evenly over all of them, so over the packs too.
mapfile -t names < <(awk -v count="$count" '{ all[NR] = $1 } END {
  for (i = 0; i < count && i < NR; ++i) print all[1 + int(i * NR / count)] }' \
  tests/golden/digests.txt)
if [ ${#names[@]} -eq 0 ] || [ ${#names[@]} -ne "$count" ]; then
  echo "valgrind: $count scenarios wanted, ${#names[@]} found" >&2
  exit 1
fi
failed=0
printf '%s\0' "${names[@]}" |
  xargs -0 -n 1 -P "${JOBS:-2}" bash -c 'check_one "$0"' || failed=1
echo "valgrind: ${#names[@]} scenarios, $([ $failed -eq 0 ] && echo no errors || echo FAILED)"
[ "$failed" -eq 0 ]
