#!/usr/bin/env bash
# Starts three nodes on this machine (HTTP 8001-8003, gossip 7001-7003), puts a
# value through the first and reads it through the third.
#
# usage: scripts/start_cluster.sh        all three
#        scripts/start_cluster.sh N      only node N, after it was killed
# Environment: ORRERY_BIN (bin/orrery), ORRERY_CLUSTER_DIR (data/cluster),
# ORRERY_HTTP_BASE (8000), ORRERY_GOSSIP_BASE (7000).
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/cluster_settings.sh

ready_seconds_max=30
nodes=${1:-1 2 3}

if [ ! -x "$bin" ]; then
  echo "cluster: $bin does not exist; run 'make build' first" >&2
  exit 1
fi
for n in $nodes; do
  if is_running "$n"; then
    echo "cluster: node $n runs already (pid $(pid_of "$n"));" \
      "'make stop-cluster' stops it" >&2
    exit 1
  fi
done

start_node() {
  setsid nohup "$bin" node \
    --node-id "node$1" --address 127.0.0.1 \
    --port $((http + $1)) --gossip-port $((gossip + $1)) \
    --data-dir "$dir/node$1" --seeds "$seeds" \
    >>"$dir/node$1.log" 2>&1 </dev/null &
  echo $! >"$dir/node$1.pid"
}

seeds="127.0.0.1:$((gossip + 1)),127.0.0.1:$((gossip + 2)),127.0.0.1:$((gossip + 3))"
mkdir -p "$dir"
for n in $nodes; do start_node "$n"; done

fail() {
  echo "cluster: $1" >&2
  for n in 1 2 3; do
    echo "--- the end of $dir/node$n.log" >&2
    tail -n 5 "$dir/node$n.log" >&2 || true
  done
  [ "$nodes" != '1 2 3' ] || scripts/stop_cluster.sh >&2 || true
  exit 1
}

echo "cluster: started node $nodes, waiting until ready"
deadline=$((SECONDS + ready_seconds_max))
for n in $nodes; do
  until curl -fsS -m 2 -o /dev/null "http://127.0.0.1:$((http + n))/health/ready" \
    2>/dev/null; do
    is_running "$n" || fail "node $n has stopped"
    [ $SECONDS -lt $deadline ] ||
      fail "node $n is not ready after ${ready_seconds_max} s"
    sleep 0.1
  done
  # Another program may have answered on that port.
  is_running "$n" || fail "node $n has stopped"
  echo "cluster: node $n is ready at http://127.0.0.1:$((http + n))" \
    "(pid $(pid_of "$n"))"
done

[ "$nodes" = '1 2 3' ] || exit 0

put="http://127.0.0.1:$((http + 1))/kv/greeting"
get="http://127.0.0.1:$((http + 3))/kv/greeting"
curl -fsS -m 10 -X PUT "$put" -d '{"value":"hello from node 1"}' -o /dev/null ||
  fail "the value could not be put through node 1"
answer=$(curl -fsS -m 10 "$get") || fail "the value could not be read through node 3"
case "$answer" in
  *'hello from node 1'*) ;;
  *) fail "node 3 answered something else: $answer" ;;
esac

cat <<END
cluster: put through node 1, read through node 3:
  $answer

Try next:
  curl -X PUT http://127.0.0.1:$((http + 1))/kv/planet -d '{"value":"mars"}'
  curl http://127.0.0.1:$((http + 2))/kv/planet
  curl 'http://127.0.0.1:$((http + 3))/kv/planet?consistency=all'
  curl http://127.0.0.1:$((http + 1))/admin/status
  $bin status --endpoints 127.0.0.1:$((http + 1))
  kill -9 \$(cat $dir/node3.pid)    # nodes 1 and 2 go on serving
  scripts/start_cluster.sh 3              # and node 3 catches up
  make load-test
  make stop-cluster

Data and logs are in $dir/.
END
