#!/usr/bin/env bash
# Requests per second, latency and CPU time per request of `landfall serve`, `deno serve` and workerd with a trivial
# handler, one after the other under the same load. Needs wrk; LANDFALL, DENO and WORKERD name the programs, and one
# that is not there is left out.
#
#   npm install --prefix /tmp/workerd workerd
#   cargo build --release && WORKERD=/tmp/workerd/node_modules/.bin/workerd benches/serve.sh
set -euo pipefail
landfall=$(realpath "${LANDFALL:-target/release/landfall}")
deno=${DENO:-deno}
workerd=${WORKERD:-workerd}
seconds=${SECONDS_EACH:-10}
port=${PORT:-8190}
work=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

cat > sw.js <<'JS'
addEventListener("fetch", (event) => event.respondWith(new Response("hello")));
JS
cat > deno.js <<'JS'
export default { fetch: () => new Response("hello") };
JS
cat > workerd.capnp <<CAPNP
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .main) ],
  sockets = [ (name = "http", address = "127.0.0.1:$port", http = (), service = "main") ],
);
const main :Workerd.Worker = (serviceWorkerScript = embed "sw.js", compatibilityDate = "2026-01-01");
CAPNP

# Clock ticks of user and system time that the server has used.
ticks() { awk '{ print $(NF-38) + $(NF-37) }' "/proc/$server/stat"; }

# measure NAME COMMAND...
measure() {
  local name=$1 before after
  shift
  if ! command -v "$1" > /dev/null; then
    echo "$name: \`$1\` is not there, left out"
    return
  fi
  "$@" > server.log 2>&1 &
  server=$!
  for _ in $(seq 100); do
    [ "$(curl --silent "http://127.0.0.1:$port/")" = hello ] && break
    sleep 0.1
  done
  wrk -t2 -c32 -d2s "http://127.0.0.1:$port/" > /dev/null
  before=$(ticks)
  wrk -t2 -c32 "-d${seconds}s" --latency "http://127.0.0.1:$port/" > wrk.log
  after=$(ticks)
  awk -v name="$name" -v ticks=$((after - before)) -v hertz="$(getconf CLK_TCK)" '
    /50%/ { median = $2 }
    /99%/ { slow = $2 }
    /requests in/ { requests = $1 }
    /Requests\/sec/ { rate = $2 }
    /Non-2xx|Socket errors/ { print; failed = 1 }
    END {
      printf "%-15s %8.0f requests/s   median %s   99%% under %s   %.1f us of CPU each\n",
        name, rate, median, slow, ticks * 1e6 / hertz / requests
      exit failed
    }' wrk.log
  kill "$server"
  wait "$server" 2> /dev/null || true
}

measure "landfall serve" "$landfall" serve sw.js --listen "127.0.0.1:$port" --ephemeral --quiet
measure "deno serve" "$deno" serve --port "$port" deno.js
measure workerd "$workerd" serve workerd.capnp
