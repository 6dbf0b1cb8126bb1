# Two commands do all the set-up on a fresh machine:
#   make demo   installs the light core, fetches the face models and runs the main job on what ships
#   make test   adds the development tools and PyTorch, then checks style, types and behaviour
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# Two things at a time: mypy beside the other checks, npm beside pip.
MAKEFLAGS += --jobs=2

# One file's tests stay in one process: what they share is made once. tests/conftest.py puts the longest first.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: demo test test-fast coverage check check-types check-style check-layers check-page hooks lock docs notebooks \
        check-docs release clean

demo: $(VENV)/.core
	$(BIN)/mellm demo

test: check
	$(PYTEST)

# What needs no server, no browser, no training and no long clip: under 90 seconds.
test-fast: $(VENV)/.dev
	$(PYTEST) -m "not slow"

# The whole suite with the share of lines and branches it runs.
coverage: $(VENV)/.dev
	$(PYTEST) --cov --cov-report=term:skip-covered

check: check-types check-style check-layers check-page

check-types: $(VENV)/.dev
	$(BIN)/mypy

check-style: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-layers: $(VENV)/.dev
	$(BIN)/lint-imports
	$(BIN)/python benchmarks/measure_structure.py --limits

# The page's JavaScript: types (JSDoc, read by tsc) and ESLint. Needs Node 20 and the npm registry once.
check-page:
	@if ! command -v npm >/dev/null; then echo "check-page: SKIPPED, there is no npm on this machine"; \
	elif ! cmp -s package-lock.json node_modules/.mellm-lock \
	     && ! { npm ci --silent --no-audit --no-fund && cp package-lock.json node_modules/.mellm-lock; }; \
	then echo "check-page: SKIPPED, npm could not fetch the tools"; \
	else npm run --silent check && echo "check-page: fine"; fi

# Git runs the checks before a commit and the fast tests before a push.
hooks: $(VENV)/.dev
	$(BIN)/pre-commit install --hook-type pre-commit --hook-type pre-push

$(VENV)/.core: requirements/core.txt pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; v in ((3, 11), (3, 12)) or sys.exit(f"mellm needs Python 3.11 or 3.12; this is {v[0]}.{v[1]}. Try: make $(MAKECMDGOALS) PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/core.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	$(BIN)/mellm models pull
	touch $@

# Most of PyTorch's and transformers' files are never imported: what is, is compiled then.
$(VENV)/.dev: $(VENV)/.core requirements/dev.txt requirements/torch.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements/dev.txt -r requirements/torch.txt
	touch $@

# Rewrites the pinned requirements from pyproject.toml (needs uv).
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links -q -o requirements/core.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links -q --extra dev --extra evaluate --extra train --extra web \
	    --override requirements/without-torch.txt -o requirements/dev.txt
	uv pip compile --group docs -c requirements/core.txt --universal --python-version 3.11 --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links -q -o requirements/docs.txt

# The site in build/site, from an environment of its own; a warning is an error.
docs: notebooks
	NO_MKDOCS_2_WARNING=1 build/docs/bin/mkdocs build

# The notebooks with what they print, each with the seconds it took.
notebooks: build/docs/.ready
	build/docs/bin/python release/run_notebooks.py build/notebooks

# The built site in Chromium: axe-core, requests to other hosts, search.
check-docs: docs $(VENV)/.dev
	$(BIN)/python release/check_site.py build/site

build/docs/.ready: requirements/docs.txt requirements/core.txt pyproject.toml
	$(PYTHON) -m venv build/docs
	build/docs/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/docs.txt -r requirements/core.txt
	build/docs/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	build/docs/bin/mellm models pull --group face
	touch $@

# What is uploaded, built and checked (docs/release.md); in an environment of its own for the tools.
release: $(VENV)/.core
	rm -rf dist
	$(PYTHON) -m venv build/release
	build/release/bin/python -m pip install --quiet --disable-pip-version-check build twine check-wheel-contents
	build/release/bin/python -m build
	build/release/bin/twine check --strict dist/*.whl dist/*.tar.gz
	build/release/bin/check-wheel-contents dist/*.whl
	$(BIN)/python release/licences.py requirements/core.txt --sbom dist/sbom.json > dist/licences.txt
	$(PYTHON) release/try_extras.py --python $(PYTHON) dist/*.whl core

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .coverage* .import_linter_cache node_modules build dist
