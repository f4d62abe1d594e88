# What people do with the project, each in one word. It needs Python 3.11 or newer and make; every
# target first makes the environment that it needs, inside the checkout, and keeps it.

# PYTHON=/path/to/python3   the Python to make environments with, instead of the first that suits
# ARGS="-k names"           handed on to pytest, or to what a target runs
# JOBS=4                    processes that tests run in
# TIME=60                   seconds that each target of `make fuzz` runs
PYTHON ?=
ARGS ?=
JOBS ?= auto
TIME ?= 60

VENV := .venv
BIN := $(VENV)/bin
ORACLE := .venv-oracle
LOWEST := .venv-lowest
PROTO := .venv-proto

MAKEFLAGS += --no-print-directory
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# A launcher may be on PATH and run nothing (pyenv's are), and Debian's python3 may come without
# venv, so each candidate is tried.
define find_python
for python in $${PYTHON:-python3 python python3.13 python3.12 python3.11 python3.14}; do \
  if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
  then found=$$python; break; fi; \
done; \
if [ -z "$${found:-}" ]; then \
  echo "milc needs Python 3.11 or newer with its venv module, and found none." >&2; \
  echo "On Debian and Ubuntu: apt install python3 python3-venv" >&2; \
  echo "If it is not on PATH: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; \
  exit 1; \
fi
endef

# $(call environment,FOLDER): make it unless its interpreter runs; pip below 25.1 knows no --group.
define environment
@if ! $(1)/bin/python -c '' 2>/dev/null; then \
  $(find_python); \
  echo "making $(1) with $$("$$found" --version)"; \
  "$$found" -m venv --clear $(1) && $(1)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'; \
fi
endef

.PHONY: help
help: ## List the targets
	@echo 'make TARGET [ARGS="…"] [JOBS=N] [PYTHON=…]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/.milc ## Install milc into .venv, compile an example, print what is in the package
	@mkdir -p build/demo
	$(BIN)/milc compile examples/hello/model.mil -o build/demo/hello.mlpackage
	$(BIN)/milc info build/demo/hello.mlpackage

.PHONY: test
test: $(VENV)/.dev $(ORACLE)/.tried ## Run every test
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(ARGS)

.PHONY: lint
lint: $(VENV)/.dev ## Check style and layout with ruff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: types
types: $(VENV)/.dev ## Check types with mypy --strict
	@$(BIN)/mypy

.PHONY: format
format: $(VENV)/.dev ## Lay the code out and mend what ruff can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: dev
dev: $(VENV)/.dev ## Make the development environment

.PHONY: hooks
hooks: $(VENV)/.dev ## Have git run the checks at each commit
	@$(BIN)/pre-commit install

.PHONY: oracle
oracle: ## Make the environment with coremltools; fails where it cannot be had
	@[ -x $(ORACLE)/bin/python ] || rm -f $(ORACLE)/.tried
	@$(MAKE) -s $(ORACLE)/.tried
	@[ -x $(ORACLE)/bin/python ]

.PHONY: figures
figures: $(VENV)/.dev $(ORACLE)/.tried ## Print what holds of real models; ARGS=--all takes long
	@$(BIN)/python -m tests.corpus.figures $(ARGS)

.PHONY: agreement
agreement: $(VENV)/.dev ## Print how far the rules of ops agree with coremltools; ARGS="singles --op conv"
	@$(BIN)/python -m tests.ops.figures $(ARGS)

.PHONY: meaning
meaning: $(VENV)/.dev $(ORACLE)/.tried ## Print what programs compute against all oracles; ARGS="programs"
	@$(BIN)/python -m tests.meaning.figures $(ARGS)

.PHONY: pages
pages: $(VENV)/.dev ## Make the pages that come from the code: docs/diagnostics.md, docs/ops, docs/passes
	@$(BIN)/python -m milc.diagnostics.explain > docs/.new && mv docs/.new docs/diagnostics.md
	@$(BIN)/python -m milc.driver.reference docs/ops
	@$(BIN)/python -m milc.driver.passes_reference docs/passes

.PHONY: docs
docs: pages $(VENV)/.docs ## Make the pages, and build a site of docs/ in build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo build/site/ops/index.html

.PHONY: bench
bench: $(VENV)/.dev $(ORACLE)/.tried ## Print the figures of benchmarks/; ARGS="name …" picks some
	@for bench in $(or $(ARGS:%=benchmarks/%.py),$(wildcard benchmarks/[a-z]*.py)); do \
	  PYTHONPATH=. $(BIN)/python "$$bench" || exit 1; \
	done

.PHONY: fuzz
fuzz: $(VENV)/.fuzz ## Fuzz with atheris, each target for TIME=60 seconds
	@for target in $(wildcard tests/fuzz/fuzz_*.py); do \
	  PYTHONPATH=. $(BIN)/python "$$target" -max_total_time=$(TIME) || exit 1; \
	done

.PHONY: grammar
grammar: $(VENV)/.dev ## Make grammar/tables.py anew from grammar/mil.lark
	@$(BIN)/python -m milc.grammar.build

.PHONY: proto
proto: $(PROTO)/.done ## Make milc/package/proto/*_pb2.py anew from the .proto files (Python 3.11, 3.12)
	@$(PROTO)/bin/python milc/package/proto/generate.py

.PHONY: build
build: $(VENV)/.dev ## Build the wheel and the source distribution into dist/
	@rm -rf dist build/lib
	@$(BIN)/python -m build --quiet
	@ls -l dist

.PHONY: test-lowest
test-lowest: $(LOWEST)/.dev ## Run the tests with the oldest dependencies that milc takes (Python 3.11)
	@$(LOWEST)/bin/python -m pytest -n $(JOBS) --dist loadgroup -m 'not slow' $(ARGS)

.PHONY: clean
clean: ## Remove what was built, and caches
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache *.egg-info
	@find . -path './.venv*' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove the environments too
	@rm -rf .venv*

# Environments. A stamp is older than pyproject.toml when what it lists may have changed.

# setuptools warns at each editable install that the checkout comes first, which is what is wanted.
$(VENV)/.milc: pyproject.toml
	$(call environment,$(VENV))
	@PYTHONWARNINGS='ignore:Editable installation' $(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.milc
	@$(BIN)/python -m pip install --quiet --group dev
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev
	@$(BIN)/python -m pip install --quiet --group fuzz
	@touch $@

$(VENV)/.docs: $(VENV)/.dev
	@$(BIN)/python -m pip install --quiet --group docs
	@touch $@

$(ORACLE)/.tried: pyproject.toml
	$(call environment,$(ORACLE))
	@$(ORACLE)/bin/python -m pip install --quiet --group oracle || { \
	  rm -rf $(ORACLE) && mkdir $(ORACLE); \
	  echo "coremltools cannot be installed here: tests that ask it are skipped (see: make oracle)"; }
	@touch $@

$(PROTO)/.done: pyproject.toml
	$(call environment,$(PROTO))
	@$(PROTO)/bin/python -m pip install --quiet --group proto
	@touch $@

$(LOWEST)/.dev: pyproject.toml
	$(call environment,$(LOWEST))
	@$(LOWEST)/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
	  | sed 's/>=/==/' > $(LOWEST)/lowest.txt
	@$(LOWEST)/bin/python -m pip install --quiet --editable . --group test -r $(LOWEST)/lowest.txt
	@touch $@
