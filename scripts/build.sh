#!/usr/bin/env bash
# usage: scripts/build.sh PRESET [TARGET...]
# Configures when needed and builds; JOBS (2) compilers at a time.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
# A folder configured by a run that was cut short is configured again.
if [ ! -f "build/$preset/build.ninja" ]; then
  cmake --preset "$preset"
fi
ninja -C "build/$preset" -j"${JOBS:-2}" "$@"
