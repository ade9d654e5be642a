#!/usr/bin/env bash
# usage: scripts/ci/format.sh [--fix]
# Fails on a source that clang-format would change; --fix changes it.
set -euo pipefail
cd "$(dirname "$0")/../.."
mode=(--dry-run --Werror)
[ "${1:-}" = --fix ] && mode=(-i)
find core transport sim node tests fuzz \
  \( -name '*.h' -o -name '*.cc' \) -print0 2>/dev/null |
  xargs -0 -r -n 40 clang-format-22 "${mode[@]}"
echo "format: ok"
