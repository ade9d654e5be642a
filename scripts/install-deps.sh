#!/usr/bin/env bash
# Installs what Orrery needs to build and test on Debian 12.  Does nothing, and
# quickly, when everything is there.  Versions and reasons: docs/dependencies.md.
#
# usage: scripts/install-deps.sh [--check]     --check: only say what is missing
set -euo pipefail

packages=(
  # Compilers, linkers, build.
  cmake ninja-build ccache mold make python3 g++ binutils
  clang-22 lld-22 llvm-22 libclang-rt-22-dev clang-format-22 clang-tidy-22
  # Libraries.
  libabsl-dev libprotobuf-dev protobuf-compiler
  libboost1.81-dev libboost-json1.81-dev libcli11-dev libspdlog-dev
  # Tests, benchmarks, data.
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev
  wamerican wrk curl
)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done

if [ ${#missing[@]} -eq 0 ]; then
  echo "install-deps: all ${#packages[@]} packages are installed"
  exit 0
fi
echo "install-deps: missing: ${missing[*]}"
[ "${1:-}" = --check ] && exit 1

sudo=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "install-deps: run as root, or install sudo" >&2
    exit 1
  fi
  sudo=sudo
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
if ! apt-cache show clang-22 >/dev/null 2>&1; then
  echo "install-deps: this system has no clang-22 package." >&2
  echo "install-deps: Orrery is built on Debian 12; elsewhere install the" >&2
  echo "install-deps: packages above by hand and use 'cmake --preset gcc'." >&2
  exit 1
fi
$sudo apt-get install -y -qq --no-install-recommends "${missing[@]}"
echo "install-deps: installed ${#missing[@]} packages"
