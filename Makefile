# Every target sets up what it needs; a second call does nothing that is done already.
PYTHON  ?= python3
PROFILE ?= small
JOBS    ?= 2

BIN   := .venv/bin
STAMP := .venv/.installed

# Large pages and memory that is kept: a training step on a processor takes half the time (glibc; others ignore it).
export GLIBC_TUNABLES ?= glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4000000000:glibc.malloc.trim_threshold=8000000000

# Jupyter starts a notebook in its own folder: paths that are given relative to this one would break there.
export CHEMXL_RUNS := $(abspath $(or $(CHEMXL_RUNS),.runs))
ifdef CHEMXL_DATA
export CHEMXL_DATA := $(abspath $(CHEMXL_DATA))
endif
ifdef CHEMXL_MODELS
export CHEMXL_MODELS := $(abspath $(CHEMXL_MODELS))
endif

.PHONY: book test lint bench lab clean

book: $(STAMP)  ## run every notebook that has changed, check them, build the HTML
	$(BIN)/chemxl run --profile $(PROFILE) --jobs $(JOBS)
	$(BIN)/chemxl build --profile $(PROFILE)

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(STAMP)  ## ours beside what a user would pick instead; writes .runs/bench.json
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks

lab: $(STAMP)  ## Jupyter: open notebooks/NN_name.py with "Open With > Jupytext Notebook"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt jupyterlab
	$(BIN)/jupyter lab notebooks

# Finished experiments (.runs) and the environment (.venv) are costly and stay; so do edits that were set aside.
clean:
	rm -rf _build build *.egg-info .runs/failed .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -f notebooks/*.ipynb notebooks/.*.ipynb
	find chemxl tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "chemxl needs Python 3.11 or newer: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,lint]'
	touch $@
