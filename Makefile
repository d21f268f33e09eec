# Two commands for a fresh machine: make demo, make test. Both make the same environment in .venv first.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
READY_SLOW := $(VENV)/.ready-slow

.PHONY: demo test slow lint bench clean

demo: $(READY)
	$(VENV)/bin/mosis demo

test: $(READY)
	$(VENV)/bin/python -m pytest -n 2 -q

slow: $(READY_SLOW)
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile -q -m "slow or browser"

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench: $(READY)
	$(VENV)/bin/python -m pytest -q -s -m bench tests/benches

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

# Constrained by the first lock: what the slow tests need must not move a version that the system runs on.
$(READY_SLOW): $(READY) requirements-slow.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-slow.lock --constraint requirements.lock
	$(VENV)/bin/python -m pip check
	touch $(READY_SLOW)

clean:
	rm -rf $(VENV) demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
