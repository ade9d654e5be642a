#!/usr/bin/env bash
# usage: scripts/build_campaign.sh
# Builds build/campaign/bin/orrery, the simulator for long campaigns: compiled
# once to be watched, run on some light seeds and goldens, and compiled again
# with what was seen (-fprofile-use, ThinLTO).  Its digests are those of every
# other build: scripts/golden.py says so at the end.  Nothing that ships is made
# by it: what it is made for is in docs/performance.md.
set -euo pipefail
cd "$(dirname "$0")/.."
training=build/train/training
binary=$PWD/build/train/bin/orrery

scripts/build.sh train orrery
known=$(find build/train -maxdepth 1 -name 'trained-*.profdata' -newer "$binary")
if [ -n "$known" ]; then  # Two trainings never count quite the same.
  scripts/build.sh campaign orrery
  exit
fi
rm -rf "$training"
mkdir -p "$training"
export LLVM_PROFILE_FILE="$PWD/$training/%4m.profraw"
# A worker of `sim run` leaves no profile; a replay and a golden run do.
for seed in $(seq 1 24); do
  "$binary" sim print-scenario --seed "$seed" --profile light \
    >"$training/scenario.txt"
  "$binary" sim replay "$training/scenario.txt" >/dev/null
done
"$binary" sim golden tests/golden/0000.pack.txt >/dev/null
llvm-profdata-22 merge "$training"/*.profraw -o "$training/new.profdata"
# Its name says what is in it, and stands in every command: what was compiled
# with another profile is compiled again, with an equal one it stays.
sum=$(sha256sum "$training/new.profdata" | cut -c1-16)
profile=$PWD/build/train/trained-$sum.profdata
if [ ! -f "$profile" ]; then
  rm -f build/train/trained*.profdata
  mv "$training/new.profdata" "$profile"
fi
rm -rf "$training"
cmake --preset campaign -DORRERY_TRAINED_BY="$profile" >/dev/null
scripts/build.sh campaign orrery
scripts/golden.py build/campaign/bin/orrery
