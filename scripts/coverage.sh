#!/usr/bin/env bash
# Line coverage of core, transport, sim and node under the tests: a table on
# the terminal, pages in build/coverage/html.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh coverage
profiles=$PWD/build/coverage/profiles
rm -rf "$profiles"
mkdir -p "$profiles"
LLVM_PROFILE_FILE="$profiles/%8m.profraw" \
  ctest --test-dir build/coverage -j"${JOBS:-2}" --output-on-failure --no-tests=error
llvm-profdata-22 merge -sparse "$profiles"/*.profraw -o "$profiles/all.profdata"

objects=()
while IFS= read -r -d '' file; do
  objects+=(-object "$file")
done < <(find build/coverage/tests build/coverage/bin -maxdepth 1 -type f \
  -executable -print0)
ignore='(^|/)(tests|fuzz|bench|build)/'
llvm-cov-22 report -instr-profile "$profiles/all.profdata" "${objects[@]}" \
  -ignore-filename-regex "$ignore"
llvm-cov-22 show -format=html -output-dir build/coverage/html \
  -instr-profile "$profiles/all.profdata" "${objects[@]}" \
  -ignore-filename-regex "$ignore"
echo "coverage: build/coverage/html/index.html"
