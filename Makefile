# What people type; .ci/run does the same. Everything runs in .venv, made from the lock file.
PYTHON ?= python3
BIN := .venv/bin
LOCK := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

# Two tests side by side: most of them wait most of the time, but what computes needs a core. Each worker has a lab.
BESIDE := -n 2 --dist worksteal

# What the tests in a browser take from npm: rules of accessibility.
AXE := tests/browser/node_modules/.package-lock.json

.PHONY: setup run demo test soak check bench pictures lock

setup: .venv/ready

.venv/ready: requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Vakhta needs Python 3.11 or newer; try: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.lock
	@touch $@

run: setup
	$(BIN)/python -m bot run

# The bot in a browser, with simulated servers: no token, nothing to configure. DEMO="--local" and the like.
demo: setup
	@$(BIN)/python -m bot demo $(DEMO)

# The tests marked "lab" run on real servers: as root only. LAB=required makes it a failure when they, or those in a
# browser, cannot.
test: setup
ifeq ($(shell id -u),0)
	@sh tests/lab/packages.sh
	-@$(MAKE) --no-print-directory $(AXE)
	$(BIN)/python -m pytest $(BESIDE)
else
	-@! command -v npm >/dev/null || $(MAKE) --no-print-directory $(AXE)
	@$(BIN)/python -m pytest $(BESIDE) -m "not lab"; status=$$?; \
	echo; \
	echo "!!  NOT RUN: the tests on real servers (dockerd, sshd, the image). They need root: sudo make test"; \
	echo "    What was skipped besides, such as the tests in a browser, says above what it lacks."; \
	test "$$LAB" != required && exit $$status
endif

$(AXE): tests/browser/package-lock.json
	@cd tests/browser && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

# The fault test at length: some hours. FAULTS_SEED=… plays one batch again.
soak: setup
	FAULTS=10000 $(BIN)/python -m pytest tests/faults

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m bench

# For the README, from the demo in Debian's chromium.
pictures: setup
	$(BIN)/python -m playground.pictures docs/pictures

lock: setup
	$(LOCK) --output-file=requirements.lock pyproject.toml
	$(LOCK) --allow-unsafe --extra=dev --constraint=requirements.lock --output-file=requirements-dev.lock pyproject.toml
