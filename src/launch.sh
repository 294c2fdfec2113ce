#!/bin/sh
# What `npm start` runs: installs what is missing, builds, and hands over to the command line
# under the pinned Node that npm installs into node_modules/.bin.
set -eu
cd "$(dirname "$0")/.."
if [ ! -x node_modules/.bin/node ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "logbook: installing packages (once, about a minute)" >&2
  sh src/install.sh >&2
fi
PATH="$PWD/node_modules/.bin:$PATH"
# glibc keeps memory apart for each thread, far more than threads here use at once.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
npm run --silent build >&2
# V8 would rather take memory than time: 100 MB for young objects, and four times what is in use before it looks for garbage.
exec node --max-semi-space-size=8 --heap-growing-percent=50 dist/src/main.js "$@"
