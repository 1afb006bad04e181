# Every target creates what it needs in .venv; nothing outside this folder is touched.
#   make demo PYTHON=python3.12     a different Python, 3.11 or newer
#   make weights DATA=FOLDER        a different collection of clean slices
#   make test PYTEST_ARGS="-k zoo"  some of the tests; with "-n 0" in one process
#   make fuzz SECONDS=1800 SEED=7   longer, with other damaged files

PYTHON ?= python3
VENV   ?= .venv
DATA   ?= ../shared/ct
RUNS   ?= runs
MODELS ?= src/ctiqa/assets/models
JOBS   ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# The shipped model.
MODEL := ctiqa-s4

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
INSTALL := $(PIP) install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo clinic-demo docs quick test coverage check fuzz bench weights systems-small tables-small clean

help: ## show this help
	@echo "ctiqa - no-reference image quality of CT"
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.core ## score the example scan; writes demo/report.html and demo/report.json
	@mkdir -p demo
	@$(BIN)/ctiqa score src/ctiqa/assets/example --out demo/report.json --out demo/report.html
	@echo "Wrote demo/report.html (open it in a browser) and demo/report.json"

clinic-demo: $(VENV)/.clinic ## a hospital on this computer: archive, listener, scores, dashboard; Ctrl-C stops it
	@$(BIN)/python -m tools.clinic_demo

docs: $(VENV)/.docs ## build the documentation site into site/; warnings are errors
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Wrote site/index.html (open it in a browser)"

quick: $(VENV)/.test ## run the core tests, without PyTorch (under a minute)
	@$(BIN)/python -m pytest @tests/core.txt $(PYTEST_ARGS)

# There are as many processes as cores, so that each computes on one.
test: $(VENV)/.dev ## run all tests, including the examples in docstrings, on up to four cores
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile $(PYTEST_ARGS)

coverage: $(VENV)/.dev ## run all tests with line coverage; writes runs/coverage/html
	@mkdir -p $(RUNS)/coverage
	@$(BIN)/python -m coverage run --data-file $(RUNS)/coverage/data -m pytest $(PYTEST_ARGS)
	@$(BIN)/python -m coverage html --quiet --data-file $(RUNS)/coverage/data --directory $(RUNS)/coverage/html
	@$(BIN)/python -m coverage report --data-file $(RUNS)/coverage/data > $(RUNS)/coverage/report.txt
	@tail -n 1 $(RUNS)/coverage/report.txt
	@echo "Wrote $(RUNS)/coverage/report.txt and $(RUNS)/coverage/html/index.html"

check: $(VENV)/.dev ## lint, format, types, import rule
	@echo "ruff check";  $(BIN)/ruff check --quiet .
	@echo "ruff format"; $(BIN)/ruff format --check --quiet .
	@echo "mypy";        $(BIN)/mypy --no-error-summary src tests benchmarks tools
	@echo "imports";     $(BIN)/lint-imports > $(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }
	@echo "All checks passed"

SECONDS ?= 600
SEED    ?= 1

fuzz: $(VENV)/.dev ## read damaged files of every kind for SECONDS, generated from SEED; counts in runs/fuzz
	@$(BIN)/python -m tests.fuzz all --altogether $(SECONDS) --seed $(SEED) --jobs $(JOBS) --out $(RUNS)/fuzz

bench: $(VENV)/.bench ## measure speed and memory against published networks; writes runs/bench.json (15 min)
	@mkdir -p $(RUNS)
	@$(BIN)/python -m benchmarks.run --out $(RUNS)/bench.json $(BENCH_ARGS)

weights: $(VENV)/.train ## rebuild the shipped model from DATA (hours; can be stopped and resumed)
	@test -f $(DATA)/index.json || { \
	  echo "error: DATA must be a folder with index.json, got $(DATA) (see NOTICE for the sources)" >&2; exit 2; }
	@$(BIN)/ctiqa prepare recipes/$(MODEL).toml --root $(DATA) --out data/$(MODEL) --jobs $(JOBS)
	@$(BIN)/ctiqa train-student recipes/$(MODEL).toml --data data/$(MODEL) --out $(RUNS)/$(MODEL)
	@$(BIN)/ctiqa export recipes/$(MODEL).toml --data data/$(MODEL) --run $(RUNS)/$(MODEL) --out $(MODELS) --jobs $(JOBS)
	@$(BIN)/ctiqa info

SMALL    := data/systems-small
NATURAL  := data/natural-small
SYSTEMS  := distiliqa-small shen2025-small
MODES    := corrected as-published
TRAINED    = $(foreach system,$(SYSTEMS),$(addprefix $(RUNS)/$(system)-,$(MODES)))

systems-small: $(VENV)/.train ## train and compare the three systems, corrected and as published, at small size on DATA (under 40 min)
	@test -f $(DATA)/index.json || { \
	  echo "error: DATA must be a folder with index.json, got $(DATA) (see NOTICE for the sources)" >&2; exit 2; }
	@$(BIN)/ctiqa prepare recipes/distiliqa-small.toml --root $(DATA) --out $(SMALL) --jobs $(JOBS)
	@test -f data/natural/dmos.csv || $(BIN)/python -m tools.natural_images data/natural
	@$(BIN)/ctiqa prepare recipes/kadid10k.toml --root data/natural --out $(NATURAL) --jobs $(JOBS)
	@for mode in $(MODES); do \
	  for system in $(SYSTEMS); do \
	    $(BIN)/ctiqa train-teacher recipes/$$system.toml --mode $$mode --data $(SMALL) --out $(RUNS)/$$system-$$mode && \
	    $(BIN)/ctiqa train-student recipes/$$system.toml --mode $$mode --data $(SMALL) --out $(RUNS)/$$system-$$mode || exit; \
	  done; \
	  $(BIN)/ctiqa pretrain recipes/tfkt-small.toml --mode $$mode --data $(NATURAL) --out $(RUNS)/tfkt-small-$$mode && \
	  $(BIN)/ctiqa train-student recipes/tfkt-small.toml --mode $$mode --data $(SMALL) --out $(RUNS)/tfkt-small-$$mode || exit; \
	done
	@$(BIN)/ctiqa evaluate $(TRAINED) $(addprefix $(RUNS)/tfkt-small-,$(MODES)) $(addsuffix :teacher,$(TRAINED)) \
	  --data $(SMALL) --split test --out $(RUNS)/systems-small

tables-small: $(VENV)/.train ## run the comparison and the ablations at small size on DATA; writes docs/results/small.md (1-2 hours)
	@test -f $(DATA)/index.json || { \
	  echo "error: DATA must be a folder with index.json, got $(DATA) (see NOTICE for the sources)" >&2; exit 2; }
	@$(BIN)/ctiqa prepare recipes/distiliqa-small.toml --root $(DATA) --out $(SMALL) --jobs $(JOBS)
	@test -f data/natural/dmos.csv || $(BIN)/python -m tools.natural_images data/natural
	@$(BIN)/ctiqa prepare recipes/kadid10k.toml --root data/natural --out $(NATURAL) --jobs $(JOBS)
	@$(BIN)/python -m tools.small_tables --data $(SMALL) --natural $(NATURAL) --runs $(RUNS)/tables-small --jobs $(JOBS)

clean: ## remove what these targets created, including .venv; keeps runs/ and data/
	@rm -rf $(VENV) demo/report.html demo/report.json build dist site .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	@find src tests benchmarks tools -type d -name __pycache__ -prune -exec rm -rf {} +
	@echo "Clean"

# Stamps: an environment is created once, and updated when its requirements change.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: ctiqa needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) -V 2>&1); use make PYTHON=..." >&2; exit 2; }
	@echo "Creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing ctiqa"
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing ctiqa with the requirements of the core tests"
	@$(INSTALL) --editable '.[test]'
	@touch $@

$(VENV)/.docs: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing ctiqa with the requirements of the documentation"
	@$(INSTALL) --editable '.[docs]'
	@touch $@

$(VENV)/.clinic: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing ctiqa with the requirements of the clinic"
	@$(INSTALL) --editable '.[clinic]'
	@touch $@

$(VENV)/.bench: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing ctiqa with the fast engine and the requirements of the published networks (PyTorch: several GB)"
	@$(INSTALL) --editable '.[train,fast]' psutil
	@touch $@

$(VENV)/.train: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing ctiqa with the requirements of training (PyTorch: several GB)"
	@$(INSTALL) --editable '.[train]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing ctiqa with the requirements of all tests (PyTorch: several GB)"
	@$(INSTALL) --editable '.[dev]'
	@touch $@
