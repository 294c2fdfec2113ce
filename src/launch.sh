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
npm run --silent build >&2
# Whoever has options for Node of their own knows better; a command ends soon.
case "${1-} ${NODE_OPTIONS-}" in
  'start ' | 'demo ')
    set -a
    . ./src/launch.env
    ;;
esac
exec node dist/src/main.js "$@"
