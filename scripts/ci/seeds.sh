#!/usr/bin/env bash
# usage: scripts/ci/seeds.sh ORRERY [SEEDS]
# Light seeds, fixed, every fourth run twice with equal digests: all of them
# twice took ten minutes of two processors, and a thousand goldens are run on
# three compilers besides.
set -euo pipefail
cd "$(dirname "$0")/../.."
"${1:-bin/orrery}" sim run --profile light --seeds "${2:-1..2000}" \
  --check-determinism 1/4
