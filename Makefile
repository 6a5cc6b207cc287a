# Two commands to begin with: `make demo` and `make test`. Both first make sure that V8's archive is
# at hand; with open internet plain `cargo run` and `cargo test` do the same without this file.

.DEFAULT_GOAL := help
.PHONY: help demo test wpt judge rules lint v8 v8-check

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

demo: v8-check ## queue messages offline, kill the process, come back, deliver each once
	@cargo build --example offline_outbox
	@cargo run --quiet --example offline_outbox

test: v8-check ## every test: architecture, rules, stories, real scripts from npm, our conformance suite
	@cargo test
	@npm ci --prefix wpt --ignore-scripts --no-audit --no-fund --silent
	@cargo run --quiet --bin landfall-wpt -- --timeout-multiplier 3

wpt: v8-check ## web-platform tests: our own, and upstream's where WPT_DIR and IDB_WPT_DIR point to them
	@npm ci --prefix wpt --ignore-scripts --no-audit --no-fund --silent
	@cargo run --quiet --release --bin landfall-wpt
	@if [ -n "$(WPT_DIR)" ]; then cargo run --quiet --release --bin landfall-wpt -- --checkout "$(WPT_DIR)"; fi
	@if [ -n "$(IDB_WPT_DIR)" ]; then cargo run --quiet --release --bin landfall-wpt -- --checkout "$(IDB_WPT_DIR)" --name indexeddb; fi

judge: v8-check ## our own conformance tests in Chromium and in landfall, side by side
	@npm ci --prefix wpt --ignore-scripts --no-audit --no-fund --silent
	@node --test --test-reporter=dot wpt/judge/compare.test.js
	@node wpt/judge/main.js

rules: ## the tests that need no V8
	@cargo rules

lint: v8-check ## format and lints, warnings are errors
	@cargo fmt --check
	@cargo lint
	@cargo lint-rules

v8-check: ## make sure that V8's archive is where the v8 crate looks for it
	@.ci/ensure-v8

v8: ## build that archive from the v8 crate's source (Debian, root, about two hours)
	@.ci/build-v8
