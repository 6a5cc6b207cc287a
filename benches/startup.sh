#!/usr/bin/env bash
# Times, side by side in one run: landfall from process start to the end of a stored worker's `sync` handler and its own
# end, and `deno run` of an empty file. Needs hyperfine and deno; LANDFALL and DENO name the programs.
#
#   cargo build --release && LANDFALL=target/release/landfall DENO=deno benches/startup.sh
set -euo pipefail
landfall=${LANDFALL:-target/release/landfall}
deno=${DENO:-deno}
runs=${RUNS:-40}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/site"
cat > "$work/site/sw.js" <<'JS'
self.addEventListener("sync", (event) => event.waitUntil(Promise.resolve()));
JS
cat > "$work/site/page.js" <<'JS'
navigator.serviceWorker.ready.then((registration) => registration.sync.register("once"));
JS
: > "$work/empty.js"

# A data folder with the worker installed and the tag waiting for the network; every run gets a copy.
"$landfall" run "$work/site/sw.js" --page "$work/site/page.js" --data "$work/stored" \
  --connectivity timeline=online:1s,offline --quiet --exit-when-idle >/dev/null
"$landfall" run "$work/site/sw.js" --page "$work/site/page.js" --data "$work/stored" \
  --connectivity offline --quiet --exit-when-idle >/dev/null
"$landfall" sync ls --data "$work/stored"

hyperfine --shell=none --warmup 3 --runs "$runs" \
  --prepare "sh -c 'rm -rf $work/data && cp -r $work/stored $work/data'" \
  --command-name "landfall, stored worker, one sync event" \
  "$landfall run $work/site/sw.js --data $work/data --connectivity online --quiet --exit-when-idle" \
  --prepare true \
  --command-name "deno run, empty file" \
  "$deno run $work/empty.js"
