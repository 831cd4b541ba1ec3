# Each target makes .venv first where it is missing or older than the lock file.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: rehearse crash test lint bench docs lock clean

rehearse: .venv/ready
	$(BIN)/trunkline rehearse

# Every run of every change ended at every point, and run again: some minutes.
crash: .venv/ready
	$(BIN)/trunkline rehearse --crash

# Everything on PostgreSQL 18, then the engine once more on 16, whose catalog is another.
test: .venv/ready
	$(BIN)/pytest -n 2 --dist loadgroup -q
	$(BIN)/pytest -n 2 --dist loadgroup -q --postgres 16 tests/database \
		--ignore tests/database/backfill --ignore tests/database/telephony

lint: .venv/ready
	$(BIN)/ruff check scripts tests bench
	$(BIN)/ruff format --check scripts tests bench
	$(BIN)/mypy
	$(BIN)/trunkline lint

bench: .venv/ready
	set -e; for program in bench/*.py; do $(BIN)/python $$program; done

# The pages that are made from data.
docs: .venv/ready
	$(BIN)/python -m trunkline.lint.page > docs/lint-rules.md
	$(BIN)/python -m trunkline.schema_page > docs/schema.md

# A newer state of every dependency; read the difference before you commit it.
lock: .venv/ready
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		--no-header --group dev --output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q scripts # a container's Python may keep no bytecode
	touch $@
