#!/usr/bin/env bash
# shellcheck disable=SC2034
# Sourced by start_cluster.sh and stop_cluster.sh: where the cluster lives.
bin=${ORRERY_BIN:-bin/orrery}
dir=${ORRERY_CLUSTER_DIR:-data/cluster}
http=${ORRERY_HTTP_BASE:-8000}
gossip=${ORRERY_GOSSIP_BASE:-7000}

pid_of() {
  cat "$dir/node$1.pid" 2>/dev/null || true
}

# Whether the process of the pid file lives and is a node: numbers are reused.
is_running() {
  local pid
  pid=$(pid_of "$1")
  [ -n "$pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" |
    grep -q -- "--node-id node$1 "
}
