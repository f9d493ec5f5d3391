# Every command that a person needs. `make help` lists them.
#
# Nothing of the caller's Python or Airflow leaks in: a PYTHONPATH or an AIRFLOW_HOME that happens
# to be set would otherwise change what runs.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV
export PYTHONNOUSERSITE = 1

PYTHON ?= python3.11
export PYTHON
BIN := .venv/bin
JOBS ?= 2
SCALE ?= 1000000
PERSONS ?= 20000

.DEFAULT_GOAL := help
.PHONY: help run test faults test-spark up down airflow lint lock docs bench bench-identity bench-reports bench-quality clean runtime dev

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: runtime ## build the three libraries of the demo city through Airflow
	@$(BIN)/python -m pipelines.orchestrate run --persons $(PERSONS)

test: dev ## run all tests that need no Spark
	@env -u BASELIB_HOME -u BASELIB_SOURCES -u BASELIB_DATABASE_URL \
		$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

faults: dev ## inject every fault at every commit point: kill, full disk, lost database (an hour)
	@$(BIN)/python -m pytest -n $(JOBS) --dist load -m faults $(ARGS) tests/e2e/test_faults.py

test-spark: dev ## run the tests that need PySpark and Java 17 or newer, none of them skipped
	@.ci/bootstrap requirements-spark.txt
	@BASELIB_REQUIRE_SPARK=1 $(BIN)/python -m pytest -m spark $(ARGS)

up: runtime ## start Airflow with its web page, everything scheduled
	@$(BIN)/python -m pipelines.orchestrate up

down: ## stop what make up started, and the embedded database
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m pipelines.orchestrate down; fi

airflow: runtime ## run an Airflow command: make airflow ARGS="dags list"
	@$(BIN)/python -m pipelines.orchestrate airflow $(ARGS)

lint: dev ## style, types, import layers
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

lock: dev ## recompile the lock files from pyproject.toml; UPGRADE=1 takes newer versions
	@.ci/lock .

docs: dev ## write the documents that derive from declarations
	@$(BIN)/python -m pipelines.catalog

bench: dev ## time every stage for SCALE persons, beside the floor and the plain stack
	@$(BIN)/python -m benchmarks --scale $(SCALE) $(ARGS)

bench-identity: dev ## who links best, and at what cost: make bench-identity SCALE=100000
	@$(BIN)/python -m benchmarks.identity --scale $(SCALE) $(ARGS)

bench-quality: dev ## how long counting everything in a staged batch takes
	@$(BIN)/python -m benchmarks.quality $(ARGS)

bench-reports: dev ## how long building the reports of twelve sources takes
	@$(BIN)/python -m benchmarks.reports $(ARGS)

clean: down ## delete .venv and everything that runs have made
	rm -rf .venv "$${BASELIB_HOME:-.baselib}"

runtime:
	@.ci/bootstrap requirements.txt

dev:
	@.ci/bootstrap requirements-dev.txt
