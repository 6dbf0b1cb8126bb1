# Two commands do all the set-up on a fresh machine:
#   make demo   installs the light core, fetches the face models and runs the main job on what ships
#   make test   adds the development tools and PyTorch, then checks style, types and behaviour
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test check lock clean

demo: $(VENV)/.core
	$(BIN)/mellm demo

test: $(VENV)/.dev check
	$(BIN)/python -m pytest -n 2

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/.core: requirements/core.txt pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; v in ((3, 11), (3, 12)) or sys.exit(f"mellm needs Python 3.11 or 3.12; this is {v[0]}.{v[1]}. Try: make $(MAKECMDGOALS) PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/core.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	$(BIN)/mellm models pull
	touch $@

$(VENV)/.dev: $(VENV)/.core requirements/dev.txt requirements/torch.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt -r requirements/torch.txt
	touch $@

# Rewrites the pinned requirements from pyproject.toml (needs uv).
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links -q -o requirements/core.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links -q --extra dev --extra evaluate --extra train --extra web \
	    --override requirements/without-torch.txt -o requirements/dev.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache build dist
