#!/usr/bin/env bash
# Make .venv-peers-s3: a server that speaks the S3 protocol, for tests/peers/test_object_store.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}
[ -d .venv-peers-s3 ] || "$python" -m venv .venv-peers-s3
.venv-peers-s3/bin/python -c 'import moto.server, flask' 2>/dev/null ||
    .venv-peers-s3/bin/pip install --quiet --disable-pip-version-check 'moto[server]==5.2.5'
