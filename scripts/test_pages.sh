#!/usr/bin/env bash
# usage: scripts/test_pages.sh [ORRERY]
# Opens the page of `orrery sim show` in Chromium and uses it.  Installs Chromium
# and Node.js from Debian, and what tests/pages/package.json names from npm, if
# they are missing.
set -euo pipefail
cd "$(dirname "$0")/.."
orrery=$(realpath "${1:-bin/orrery}")
folder=build/pages

packages=()
command -v chromium >/dev/null || packages+=(chromium)
command -v node >/dev/null || packages+=(nodejs)
command -v npm >/dev/null || packages+=(npm)  # Debian's nodejs comes without.
if [ ${#packages[@]} -gt 0 ]; then
  echo "pages: installing ${packages[*]}"
  sudo=
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  export DEBIAN_FRONTEND=noninteractive
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi
mkdir -p "$folder"
# npm ci begins with an empty node_modules; what it leaves is of the lock file
# that lies beside it when it has succeeded.
if ! cmp -s tests/pages/package-lock.json "$folder/node_modules/of.json"; then
  cp tests/pages/package.json tests/pages/package-lock.json "$folder"
  (cd "$folder" && npm ci --silent --no-audit --no-fund)
  cp tests/pages/package-lock.json "$folder/node_modules/of.json"
fi
cp tests/pages/*.js "$folder"

# A small run that fails, and one of about 100,000 events.
"$orrery" sim show tests/pages/fails.txt --out "$folder/fails.html"
"$orrery" sim print-scenario --profile light --seed 7 >"$folder/long.txt"
"$orrery" sim show "$folder/long.txt" --out "$folder/long.html"
cd "$folder" && node --test --test-reporter=spec show_test.js
