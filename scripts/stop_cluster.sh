#!/usr/bin/env bash
# Stops the nodes that scripts/start_cluster.sh started: SIGTERM, and SIGKILL
# for a node that has not ended within its 8 s.  Data and logs stay.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/cluster_settings.sh

stop_seconds_max=10

stopped=0
for n in 1 2 3; do
  if is_running "$n"; then
    kill -TERM "$(pid_of "$n")" 2>/dev/null || true
    stopped=$((stopped + 1))
  fi
done
deadline=$((SECONDS + stop_seconds_max))
for n in 1 2 3; do
  while is_running "$n"; do
    if [ $SECONDS -ge $deadline ]; then
      echo "cluster: node $n does not stop, killing it" >&2
      kill -KILL "$(pid_of "$n")" 2>/dev/null || true
    fi
    sleep 0.1
  done
  rm -f "$dir/node$n.pid"
done
echo "cluster: $stopped nodes stopped; data and logs are in $dir/"
