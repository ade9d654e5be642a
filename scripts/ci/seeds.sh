#!/usr/bin/env bash
# usage: scripts/ci/seeds.sh ORRERY [SEEDS]
# Light seeds, fixed, each run twice with equal digests.
set -euo pipefail
cd "$(dirname "$0")/../.."
"${1:-bin/orrery}" sim run --profile light --seeds "${2:-1..2000}" \
  --check-determinism 1/1
