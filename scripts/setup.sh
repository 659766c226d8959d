# Sourced by the other scripts: goes to the root of the checkout and brings .venv up to date with
# pyproject.toml and constraints.txt. Where it already is, nothing is installed or downloaded.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "needs Python 3.11 or newer, got $("$python" --version 2>&1 || true): set PYTHON to one" >&2
    exit 1
fi

wanted=$(cat pyproject.toml constraints.txt scripts/setup.sh | "$python" -c '
import hashlib, os, sys
print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest(), os.getcwd(), sys.version_info[:2])')

(
    if command -v flock >/dev/null; then
        exec 9>.venv.lock
        flock 9
    fi
    if [ "$(cat .venv/.installed 2>/dev/null)" != "$wanted" ]; then
        echo "setting up .venv ..." >&2
        rm -rf .venv
        "$python" -m venv .venv
        install=(.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt)
        "${install[@]}" setuptools
        "${install[@]}" --no-build-isolation -e '.[dev]'
        echo "$wanted" > .venv/.installed
    fi
)
