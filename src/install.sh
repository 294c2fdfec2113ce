#!/bin/sh
# Installs the packages of package-lock.json into node_modules, with the pinned Node among them.
# Install scripts are left out but for that Node: every binary comes inside its package, and npm 10
# would try to compile one of them, which needs a compiler.
set -eu
cd "$(dirname "$0")/.."
npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
npm rebuild node --loglevel=error
