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
FILES ?= 10000
SEED ?= 1
PERSONS ?= 20000

.DEFAULT_GOAL := help
.PHONY: help run test faults fuzz serve-tests mutants test-spark up down airflow lint lock docs bench bench-identity bench-reports bench-quality bench-landing clean runtime dev

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: runtime ## build the three libraries of the demo city through Airflow
	@$(BIN)/python -m pipelines.orchestrate run --persons $(PERSONS)

test: dev ## run all tests that need no Spark
	@env -u BASELIB_HOME -u BASELIB_SOURCES -u BASELIB_DATABASE_URL \
		$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

faults: dev ## inject every fault at every commit point: kill, full disk, lost database (an hour)
	@$(BIN)/python -m pytest -n $(JOBS) --dist load -m faults $(ARGS) tests/e2e/test_faults.py

fuzz: dev ## land and stage FILES made-up deliveries, whole and damaged, of every form; SEED=7 makes others
	@HYPOTHESIS_PROFILE=explore FUZZ_FILES=$(FILES) $(BIN)/python -m pytest -q -s -n 0 \
		--hypothesis-seed=$(SEED) $(ARGS) tests/unit/extract/test_any_delivery.py

serve-tests: dev ## attack, follow, copy, seal and erase at length: grants and requests made up by the thousand
	@HYPOTHESIS_PROFILE=explore SERVE_LONGER=20 $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile $(ARGS) \
		tests/unit/serve tests/integration/serve tests/integration/backup tests/integration/lake \
		tests/integration/warehouse/test_safe_ground.py tests/integration/identity/test_erasure.py \
		tests/integration/identity/test_canary.py
	@$(BIN)/python -m benchmarks.serve --persons 200000

mutants: dev ## change the code in small ways and print what no test notices: make mutants ARGS="merge --each 40"
	@$(BIN)/python -m benchmarks.mutation $(ARGS)

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

bench: dev ## time every stage for SCALE persons, beside the floor and the plain stack; then three days
	@$(BIN)/python -m benchmarks --scale $(SCALE) $(ARGS)
	@for persons in 2000 $(SCALE); do $(BIN)/python -m benchmarks.days --scale $$persons || exit 1; done

bench-identity: dev ## who links best, and at what cost: make bench-identity SCALE=100000
	@$(BIN)/python -m benchmarks.identity --scale $(SCALE) $(ARGS)

bench-quality: dev ## how long counting everything in a staged batch takes
	@$(BIN)/python -m benchmarks.quality $(ARGS)

bench-reports: dev ## how long building the reports of twelve sources takes
	@$(BIN)/python -m benchmarks.reports $(ARGS)

bench-landing: dev ## landing UTF-8 and GB18030 text beside DuckDB's own reading of UTF-8
	@$(BIN)/python -m benchmarks.landing $(ARGS)

clean: down ## delete .venv and everything that runs have made
	rm -rf .venv "$${BASELIB_HOME:-.baselib}"

runtime:
	@.ci/bootstrap requirements.txt

dev:
	@.ci/bootstrap requirements-dev.txt
