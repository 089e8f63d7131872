# Needs Python 3.11 to 3.14 with venv; PYTHON=python3.12 chooses another one.
PYTHON ?= python3
# Which PyTorch `make test` installs: cpu is the small build without CUDA, default is what the package index gives, auto
# is the small one where no NVIDIA driver loads and the index of that build answers.
TORCH ?= auto
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
CPU_INDEX := https://download.pytorch.org/whl/cpu
CPU_TORCH := $(PIP) --index-url $(CPU_INDEX) --timeout 10 --retries 0 torch
HAS_DRIVER := $(BIN)/python -c 'import ctypes; ctypes.CDLL("libcuda.so.1")' 2> /dev/null

FUZZ_SECONDS ?= 300
SEED ?= 0

.PHONY: demo test soak fuzz bench lint clean

demo: .venv/base
	@mkdir -p demo
	$(BIN)/recognize-video tests/data/numbers.mp4 --save demo/numbers.webm --json demo/numbers.jsonl > demo/numbers.txt
	$(BIN)/recognize-image tests/data/sheet.jpg --save demo/sheet.jpg
	@echo "Look at demo/numbers.webm, in a browser, and at demo/sheet.jpg."

test: .venv/dev
	$(BIN)/python -m pytest

# Minutes long: live reading against a real stream, memory, whole clips, kills at random moments.
soak: .venv/dev
	$(BIN)/python -m pytest -m soak

# Damaged, foreign and odd inputs of every kind; SEED=7 FUZZ_SECONDS=3600 choose others and more of them.
fuzz: .venv/dev
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) --seed $(SEED)

# Measures all scenes beside the last run, an hour on two quiet cores; renews figures and table, or fails where it is
# slower. ACCEPT=--accept renews them then too.
bench: .venv/dev
	$(BIN)/python -m tests.bench $(ACCEPT)

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv build dist demo *.egg-info

.venv/base: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) --editable '.[serve]'
	@touch $@

.venv/dev: .venv/base
	@case "$(TORCH)" in \
	default) ;; \
	cpu) $(CPU_TORCH) ;; \
	*) $(HAS_DRIVER) || $(CPU_TORCH) 2> /dev/null || echo "no answer from $(CPU_INDEX): taking the default PyTorch" ;; \
	esac
	$(PIP) --editable '.[dev]'
	@touch $@
