# Everything a newcomer needs; `make` alone lists the targets.

SWIFT ?= swift
# The C kernels are compiled with optimisation even in debug builds: tests run twenty times faster.
DEBUG_FLAGS = -Xcc -O2
# Reference values for the whole models; tests that need them say so and pass where there are none.
MOONGLASS_GOLDEN ?= ../shared/golden
export MOONGLASS_GOLDEN

PACKAGES = pkg-config zlib1g-dev liblua5.4-dev libopenblas-dev libfftw3-dev libpng-dev
SUDO = $(if $(filter 0,$(shell id -u)),,sudo)

.DEFAULT_GOAL := help
.PHONY: help setup build demo bench test check docs lint format clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: ## Install the system libraries that are missing (Debian, apt)
	@command -v $(SWIFT) >/dev/null || { \
	  echo "Swift 6.2 or newer is needed: https://www.swift.org/install/linux/" >&2; exit 1; }
	@missing=""; for package in $(PACKAGES); do \
	  dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' \
	    || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	  command -v apt-get >/dev/null || { \
	    echo "Please install what these Debian packages hold:$$missing" >&2; exit 1; }; \
	  echo "Installing$$missing"; \
	  $(SUDO) apt-get update -q && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $$missing; \
	fi

build: setup ## Build the program with optimisation
	$(SWIFT) build -c release --product moonglass

demo: build ## Train and sample a small example; leaves runs/quickstart/report.html
	.build/release/moonglass run examples/quickstart.lua

# CASES="gemm icnn_train" times these only; AGAINST="command" compares with another program.
bench: build ## Time operations, networks and steps
	.build/release/moonglass bench $(CASES) $(if $(AGAINST),--against "$(AGAINST)")

# Tests run side by side: threads that wait must not keep the cores.
test: export OMP_WAIT_POLICY = passive
test: setup ## Build and run all tests
	$(SWIFT) build --build-tests $(DEBUG_FLAGS)
	$(SWIFT) test --skip-build $(DEBUG_FLAGS)

check: lint test ## What a change must pass: format and tests

docs: setup ## Write docs/lua-api.md, docs/meta/moonglass.lua and docs/recipe.md from the code
	$(SWIFT) build --build-tests $(DEBUG_FLAGS)
	MOONGLASS_WRITE_DOCS=1 $(SWIFT) test --skip-build $(DEBUG_FLAGS) --filter ReferenceTests

lint: ## Check the format of the source
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests

format: ## Put the source into the format
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests

clean: ## Remove what was built
	$(SWIFT) package clean
	rm -rf .build
