#!/bin/sh
# What `npm test` and `npm run test:faults` run: installs what the tests need and runs them all, or those
# that are named (`npm test -- test/unit`). The last line is `N passed, N failed`.
set -eu
cd "$(dirname "$0")/../.."

summary=$(mktemp)
finish() {
  status=$?
  passed=0 failed=0
  read -r passed failed <"$summary" || true
  rm -f "$summary"
  # Whatever went wrong before or beside the tests is a failure too.
  if [ "$status" != 0 ] && [ "${failed:-0}" = 0 ]; then failed=1; fi
  echo "${passed:-0} passed, ${failed:-0} failed"
  [ "${failed:-0}" = 0 ] || exit 1
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ ! -x node_modules/.bin/node ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "test: installing packages (once, about a minute)" >&2
  sh src/install.sh >&2
fi
PATH="$PWD/node_modules/.bin:$PATH"
export PATH

cache=${LOGBOOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/asterisk-logbook}
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  # What cannot be installed is skipped by name at the end, and under CI that is a failure.
  sh test/support/install.sh "$cache" >&2 || echo "test: not all servers could be installed" >&2
else
  echo "test: without root and Debian no servers are installed; tests that need them are skipped" >&2
fi

LOGBOOK_TEST_SUMMARY="$summary" vitest run "$@" </dev/null
