#!/bin/sh
# The wheel in an empty environment, with an empty home, away from the repository: from install to report.
# sh release/smoke_wheel.sh dist/mellm-VERSION-py3-none-any.whl [PYTHON]
set -eu
wheel=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
here=$(cd "$(dirname "$0")" && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"${2:-python3}" -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check "$wheel"
mkdir "$place/home" "$place/empty"
cd "$place/empty"
HOME="$place/home"; export HOME
unset PYTHONPATH MELLM_CACHE XDG_CACHE_HOME 2>/dev/null || true
du -sm "$place/venv" | sed 's/\t.*/ MB of environment/'
"$place/venv/bin/python" "$here/import_all.py"
# Nothing is there yet, and offline nothing is fetched.
if "$place/venv/bin/mellm" demo --offline; then echo "offline it must not work yet" >&2; exit 1; fi
"$place/venv/bin/mellm" demo
test -s demo.mellm/report.html && test -s demo.mellm/report.json
"$place/venv/bin/mellm" demo --offline --out again.mellm
