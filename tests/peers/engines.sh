#!/bin/sh
# Stage one under Ray Data, Spark (needs Java) and datasets, each for real on this machine: a few minutes. Makes
# .venv-engines, which takes what it can from .venv.
set -eu
cd "$(dirname "$0")/../.."
test -d .venv-engines || .venv/bin/python -m venv .venv-engines
.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > \
	"$(.venv-engines/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
.venv-engines/bin/python -m pip install --quiet --disable-pip-version-check 'ray[data]>=2.50' 'pyspark>=4' 'datasets>=4,<5'
PYTHONPATH=. .venv-engines/bin/python -m pytest -m peer --quiet tests/extract/engines
