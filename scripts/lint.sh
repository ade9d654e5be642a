#!/usr/bin/env bash
# What is too slow for .ci/run, and what is quick enough to run first.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/ci/format.sh
python3 scripts/mutants.py check
python3 scripts/invariants.py --check
python3 scripts/fields.py
scripts/build.sh dev house_rules_test
build/dev/tests/house_rules_test --gtest_brief=1
scripts/ci/nm_gate.sh purity-clang purity-gcc
# Generated headers must exist before clang-tidy reads whoever includes them.
scripts/build.sh dev
mapfile -t sources < <(find core transport sim node -name '*.cc' | sort)
printf '%s\0' "${sources[@]}" |
  xargs -0 -n 4 -P "${JOBS:-2}" clang-tidy-22 -p build/dev --quiet
echo "lint: ok"
