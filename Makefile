# Needs Python 3.11 to 3.14 with venv; PYTHON=python3.12 chooses another one.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test soak lint clean

demo: .venv/base
	@mkdir -p demo
	$(BIN)/recognize-video tests/data/numbers.mp4 --save demo/numbers.mp4 --json demo/numbers.jsonl
	$(BIN)/recognize-image tests/data/sheet.jpg --save demo/sheet.png
	@echo "Look at demo/numbers.mp4 and demo/sheet.png."

test: .venv/dev
	$(BIN)/python -m pytest

# Minutes long: live reading against a real stream, memory, whole clips.
soak: .venv/dev
	$(BIN)/python -m pytest -m soak

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv build dist demo *.egg-info

.venv/base: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) --editable .
	@touch $@

.venv/dev: .venv/base
	$(PIP) --editable '.[dev]'
	@touch $@
