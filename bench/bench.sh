#!/bin/sh
# `npm run bench`: BENCH_ROWS calls and as many session events (1,000,000), BENCH_ONLY=lists,export for some parts,
# BENCH_KEEP=1 or a million rows to keep the figures in bench/results, BENCH_DATA=folder to keep the filled databases there for
# the next run of as many rows. The last line is `N passed, N failed`: a part passes
# when it could be measured, whatever the figures are.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
npm run --silent build
tsc -p tsconfig.bench.json
exec node --max-semi-space-size=32 dist/bench/main.js "$@"
