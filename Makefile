# make setup | run | test | proofs | lint | slurm. Needs Python 3.11-3.13 with venv and pip; everything goes to .venv.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CORES ?= 2
CONFIG ?= config/config.yaml
# The first of these that is there; give PYTHON=... for another.
PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,$(shell \
	$(p) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $(p))))
# Where the configuration puts its results.
OUTPUT = $(shell $(BIN)/python -c 'from momentax.config import load_config; print(load_config("$(CONFIG)").output)')

.PHONY: setup run test proofs lint format slurm help

help:
	@head -1 Makefile | cut -c3-

setup: $(STAMP)

# The stamp is written last: an interrupted set-up is taken up again.
$(STAMP): pyproject.toml envs/constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 found: install one (Debian: apt install python3 python3-venv) or give PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv module: install it (Debian: apt install python3-venv)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c envs/constraints.txt -e '.[simulate,workflow,export,test]'
	@# Compiled bytecode: without it every start of a job takes several CPU seconds more.
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib src || true
	touch $@

run: setup
	$(BIN)/snakemake --profile profiles/local --cores $(CORES) --configfile $(CONFIG)
	$(BIN)/snakemake --profile profiles/local --cores $(CORES) --configfile $(CONFIG) --report $(OUTPUT)/report.html
	@echo; echo "report:  $(OUTPUT)/report.html"; echo "figures: $(OUTPUT)/figures/"; ls $(OUTPUT)/figures

test: setup
	$(BIN)/python -m pytest -m 'not proof' -n $(CORES)

proofs: setup
	$(BIN)/python -m pytest -m proof -n $(CORES)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check --line-length 110 Snakefile workflow
	$(BIN)/mypy
	$(BIN)/python -m momentax.config
	$(BIN)/snakemake --lint

format: setup
	$(BIN)/ruff format .
	$(BIN)/snakefmt --line-length 110 Snakefile workflow
	$(BIN)/python -m momentax.config --write

slurm: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c envs/constraints.txt -e '.[slurm]'
