#!/usr/bin/env bash
# usage: scripts/ci/fuzz.sh [SECONDS [--keep] [NAME...]]
# Runs every harness of build/asan-ubsan/fuzz, or those named (trace, or
# trace_fuzz), for SECONDS (30), two at a time, from its corpus in
# fuzz/corpus/NAME without "_fuzz".  --keep adds what it finds.
# A finding is left in out/fuzz/NAME/.  FUZZ_SEED draws the same again: what is
# submitted is judged by what it changed, not by the luck of the day.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-30}
shift || true
keep=
wanted=()
for argument in "$@"; do
  case $argument in
    --keep) keep=--keep ;;
    -*)
      echo "fuzz: no such option: $argument" >&2
      exit 2
      ;;
    *) wanted+=("${argument%_fuzz}_fuzz") ;;
  esac
done
if ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then
  echo "fuzz: SECONDS is a number, not '$seconds'" >&2
  exit 2
fi
folder=build/asan-ubsan/fuzz

mapfile -t harnesses < <(
  find fuzz -maxdepth 1 -name '*_fuzz.cc' -printf '%f\n' | sed 's/\.cc$//' | sort)
for name in "${wanted[@]}"; do
  if [[ " ${harnesses[*]} " != *" $name "* ]]; then
    echo "fuzz: no harness $name; there are: ${harnesses[*]}" >&2
    exit 2
  fi
done
[ ${#wanted[@]} -eq 0 ] || harnesses=("${wanted[@]}")
for name in "${harnesses[@]}"; do
  if ! [ -x "$folder/$name" ]; then
    echo "fuzz: no $folder/$name; run scripts/build.sh asan-ubsan" >&2
    exit 1
  fi
done

run_one() {
  local name=$1 out="out/fuzz/$1" corpus="fuzz/corpus/${1%_fuzz}"
  mkdir -p "$out/found"
  local dirs=("$out/found")
  if [ -d "$corpus" ]; then
    dirs+=("$corpus")
  fi
  if [ "$name" = scenario_text_fuzz ]; then
    dirs+=(tests/scenarios)
  fi
  if "$folder/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$out/" -print_final_stats=1 -seed="${FUZZ_SEED:-0}" "${dirs[@]}" \
    >"$out/log" 2>&1; then
    echo "fuzz: $name ok," \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/log") executions"
  else
    echo "fuzz: $name FAILED, see $out/"
    tail -n 40 "$out/log"
    return 1
  fi
  if [ "$keep" = --keep ]; then
    mkdir -p "$corpus"
    "$folder/$name" -merge=1 "$corpus" "$out/found" >>"$out/log" 2>&1
  fi
}

failed=0
for ((i = 0; i < ${#harnesses[@]}; i += 2)); do
  pids=()
  for name in "${harnesses[@]:i:2}"; do
    run_one "$name" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid" || failed=$((failed + 1))
  done
done
echo "fuzz: ${#harnesses[@]} harnesses, $seconds s each, $failed failed"
[ "$failed" -eq 0 ]
