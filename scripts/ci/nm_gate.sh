#!/usr/bin/env bash
# usage: scripts/ci/nm_gate.sh [PRESET...]   purity-clang, purity-gcc
# Builds the archives of the core and of the simulated world as the purity gate
# wants them (clang -O2 and GCC -O2, NDEBUG, no PIE) and looks at their symbols.
set -euo pipefail
cd "$(dirname "$0")/../.."
for preset in "${@:-purity-clang}"; do
  cmake --preset "$preset" >/dev/null
  cmake --build "build/$preset" --target orrery_core orrery_sim
  echo "nm gate: $preset"
  python3 scripts/ci/nm_gate.py --allow tests/nm_allow.txt \
    "build/$preset/liborrery_core.a" "build/$preset/liborrery_sim.a"
done
