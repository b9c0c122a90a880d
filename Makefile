# The commands every clone has. `make` alone lists them.
PYTHON ?= python3
PORT ?= 8000
MLFLOW_PORT ?= 5000
# Another Python beside the first: make test PYTHON=python3.13 VENV=.venv-3.13
VENV := .venv
BIN := $(VENV)/bin
HOME_DIR := $(or $(ENCOUNTERS_HOME),var)

# Every command starts some seconds faster where the environment may keep what it has compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run train test chromium check audit bench bench-scale drill mlflow lock bundle

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

run: train ## set up, train, publish, and serve http://127.0.0.1:8000 (PORT=9000 serves elsewhere)
	$(BIN)/encounters serve --port $(PORT)

train: $(VENV)/.ready ## the same without serving: bundled counts in, a release per panel out
	$(BIN)/encounters retrain

test: $(VENV)/.compiled chromium ## every test (TESTS="tests/core -k months" runs some)
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --durations 15 $(TESTS)

# Browsers come from the system's packages, which root alone may install; without one the tests of pages say that they
# are skipped. What drives it needs libatomic.
chromium:
	@{ command -v chromium && ldconfig -p | grep libatomic.so.1; } >/dev/null 2>&1 || \
	[ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || { \
	  echo "Installing Chromium for the tests of pages ..." >&2; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core libatomic1 >/dev/null || \
	  echo "It cannot be had here; those tests are skipped." >&2; }

check: $(VENV)/.ready ## format, lint, types and import order
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

docs: $(VENV)/.ready ## the site of all guides, without a network: build/docs/site/index.html
	$(BIN)/python docs/build.py

bench: $(VENV)/.ready ## speed and accuracy figures
	$(BIN)/python experiments/bench.py

bench-scale: $(VENV)/.ready ## what a hundred to a hundred thousand series take (QUICK=1 shows that it runs; PEER_PYTHON=P, beside statsforecast)
	$(BIN)/python experiments/bench_scale.py $(if $(QUICK),--quick) $(if $(PEER_PYTHON),--peer-python $(PEER_PYTHON))

drill: $(VENV)/.ready ## the fault drill on SQLite and PostgreSQL: kills, full disks, wrong clocks ... (under 45 minutes)
	$(BIN)/python -m tests.drill

audit: $(VENV)/.ready ## known vulnerabilities of the locked packages, by PyPI's advisories
	@echo "Asking for the advisories on $$(grep -c == requirements.lock) packages ..." >&2
	@said=$$($(BIN)/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements.lock 2>&1); code=$$?; \
	  printf '%s\n' "$$said"; case "$$said" in *ERROR:*) code=2; \
	  echo "Not audited: nothing is known of the lock. Its advisories come from PyPI's JSON API; run this where that is reached." >&2; esac; exit $$code

mlflow: $(VENV)/.ready ## MLflow's pages on http://127.0.0.1:5000 (MLFLOW_PORT), over the runs of every retraining
	@echo "http://127.0.0.1:$(MLFLOW_PORT) answers in about 20 seconds" >&2
	MLFLOW_DISABLE_TELEMETRY=true PYTHONWARNINGS=ignore $(BIN)/mlflow server --host 127.0.0.1 --port $(MLFLOW_PORT) --workers 1 \
	  --backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///$(abspath $(HOME_DIR))/mlflow.db}"

lock: $(VENV)/.ready ## resolve the newest dependencies again, with hashes and without addresses
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	  --all-extras --group dev pyproject.toml -o requirements.lock

bundle: $(VENV)/.ready ## rebuild the bundled table from official files: make bundle FROM="folder ..."
	$(BIN)/python -m forecast.counts.bundle $(FROM)

# uv installs the lock in seconds; it comes from the package index like everything else, pinned by hash.
$(VENV)/.ready: requirements.lock requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11. Name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv is missing. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV) (a minute or less) ..." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@echo "Installing $$(grep -c == requirements.lock) packages ..." >&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Once, by all cores, without what no test loads or is not Python of this version: each of pytest's workers would compile on a new clone what the others compile beside it.
$(VENV)/.compiled: $(VENV)/.ready
	@echo "Compiling what the tests load ..." >&2
	-@$(BIN)/python -m compileall -q -j 0 -x '/(tests?|pip|setuptools|mypyc?|sklearn|fontTools|holidays)/' $(VENV)/lib >/dev/null
	@touch $@
