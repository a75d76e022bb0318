# Two commands set everything up: `make crawl` and `make test`.

PYTHON ?= python3
BIN = .venv/bin

.PHONY: help crawl compare bench bench-large bench-parts figures test soak check format lock clean

help:             ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

crawl: .venv/run  ## crawl the fixture site
	$(BIN)/python -m crawler --backend queue

compare: .venv/run ## measure every backend on two workloads, in about 3 minutes; see crawls/compare
	$(BIN)/python -m crawler compare --rounds 5 --within 172 --out crawls/compare \
	  --set compare.io.pages=120 --set compare.cpu.pages=50

bench: .venv/dev .venv-rivals/done ## measure our backends beside Scrapy, Crawlee and wget2, in about 5 minutes
	$(BIN)/python -m tests.benchmarks.rivals $(RECORD)

bench-large: .venv/dev .venv-rivals/done ## the same with 10,000 pages, and 50,000 once, in about 6 minutes
	$(BIN)/python -m tests.benchmarks.rivals --pages 10000 --rounds 3 --grow-to 50000 \
	  --systems curl-multi sharded "Scrapy, tuned" $(RECORD)

bench-parts: .venv/dev ## measure coordinator, start-up, tracing, a page's parts and slow answers, in about 9 minutes
	$(BIN)/python -m tests.benchmarks.coordinator $(RECORD)
	$(BIN)/python -m tests.benchmarks.startup $(RECORD)
	$(BIN)/python -m tests.benchmarks.tracing $(RECORD)
	$(BIN)/python -m tests.benchmarks.page $(RECORD)
	$(BIN)/python -m tests.benchmarks.latency $(RECORD)

figures:          ## measure all of that, and write it into docs/performance.md and its chart
	$(MAKE) bench bench-large bench-parts RECORD=--record

test: .venv/dev   ## run every test, two files at a time
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

soak: .venv/dev   ## kill crawls for a quarter of an hour, and look for new examples that break a property
	$(BIN)/python -m tests.integration.killing --rounds 20
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest --timeout=0 tests/unit

check: .venv/dev  ## all that CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

format: .venv/dev ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/dev   ## pin the dependencies anew: names, versions and hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --all-extras --group dev pyproject.toml --output-file requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --constraints requirements-dev.lock pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header tests/benchmarks/rivals/requirements.in --output-file tests/benchmarks/rivals/requirements.lock

clean:            ## remove what was made
	rm -rf .venv .venv-rivals .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info

.venv-rivals/done: tests/benchmarks/rivals/requirements.lock
	$(PYTHON) -m venv .venv-rivals
	.venv-rivals/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run: requirements.lock | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@ .venv/run
