# make setup | run | test | lint | check | docs | pictures | bench. A fresh machine needs git, make and Python 3.10+ with venv.

PYTHON ?= python3
MICROPYTHON ?= $(CURDIR)/.venv/bin/micropython
export MICROPYTHON
BIN := .venv/bin
DEVICE_CODE := lib/pilotlight firmware main.py boot.py
URL ?=
TOKEN ?=
SECRET ?=
SCREEN ?=
export TOKEN SECRET

.PHONY: setup run test lint check docs pictures format bench

setup: .venv/ready

.venv/ready: requirements.txt requirements-device-stubs.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target .venv/device-stubs \
		-r requirements-device-stubs.txt
	mkdir -p .venv/device-stubs/stubs
	touch $@

run: setup
	@$(BIN)/python -m tools.run $(if $(URL),--url $(URL)) $(if $(SCREEN),--screen)

test: setup
	$(BIN)/python -m pytest -n 5 --dist worksteal --cov --cov-report=term --ignore tests/external

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --config-file mypy-device.ini $(DEVICE_CODE)
	$(BIN)/mypy
	$(BIN)/python -m tools.make_trust_roots --check
	$(BIN)/python -m tools.make_config_doc --check
	$(BIN)/python -m tools.make_light_card --check
	$(BIN)/python -m tools.make_readme --check

# What needs more than make, Python and pip: .ci/run installs it (curl).
check: lint test
	$(BIN)/python -m pytest -n 4 --dist worksteal tests/external

bench: setup
	$(BIN)/python -m tools.bench

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup
	$(BIN)/python -m tools.make_trust_roots
	$(BIN)/python -m tools.make_config_doc
	$(BIN)/python -m tools.make_light_card
	$(BIN)/python -m tools.make_readme

# The golden pictures anew. Look at what has changed before it is committed.
pictures: setup
	$(BIN)/python -m tools.make_pictures
