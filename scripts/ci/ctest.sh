#!/usr/bin/env bash
# usage: scripts/ci/ctest.sh PRESET
# Runs the tests of build/PRESET.
set -euo pipefail
cd "$(dirname "$0")/../.."
ctest --test-dir "build/$1" -j"${JOBS:-2}" --output-on-failure --no-tests=error
