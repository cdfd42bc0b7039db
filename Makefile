# What people type; .ci/run does the same. Everything runs in .venv, made from the lock file.
PYTHON ?= python3
BIN := .venv/bin
LOCK := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

# Two tests side by side: most of them wait most of the time. Each worker has a lab of its own.
BESIDE := -n 2 --dist worksteal

.PHONY: setup run demo test demo-test soak check bench lock

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

# The tests marked "lab" run on real servers: as root only. LAB=required makes it a failure when they cannot.
test: setup
ifeq ($(shell id -u),0)
	@sh tests/lab/packages.sh
	$(BIN)/python -m pytest $(BESIDE)
else
	@$(BIN)/python -m pytest $(BESIDE) -m "not lab"; status=$$?; \
	echo; \
	echo "!!  NOT RUN: the tests on real servers (dockerd, sshd, the image). They need root: sudo make test"; \
	test "$$LAB" != required && exit $$status
endif

# The demo and its page in a real browser: needs Debian's chromium and npm.
demo-test: setup
	@cd tests/browser && npm ci --silent --no-audit --no-fund --ignore-scripts
	DEMO_TESTS=1 LAB=required $(BIN)/python -m pytest tests/browser tests/workflows/test_demo.py

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

lock: setup
	$(LOCK) --output-file=requirements.lock pyproject.toml
	$(LOCK) --allow-unsafe --extra=dev --constraint=requirements.lock --output-file=requirements-dev.lock pyproject.toml
