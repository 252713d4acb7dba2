# The commands of the project. Each works on a fresh machine: what it needs goes into the tree (.venv, .tools, target).
#
#   make run          gateways in Go, Python, Node and Rust under load, which must agree with their /metrics (RUN_SECONDS, RUN_PORT)
#   make build        release artefacts
#   make install      libtykmetrics, its header and its pkg-config files (PREFIX=/usr/local, DESTDIR=)
#   make test         every test, lint and format check
#   make bench        every comparison with peers; writes benches/record (make bench-quick: within 5 minutes)
#   make stress       long conservation runs, models, more random cases and fuzzing, each bounded (FUZZ_SECONDS)
#   make judge        outside suites that need data from elsewhere; what is absent is named and left out
#   make audit        licences, sources and duplicate versions of every dependency

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Without the flags of a make that runs two parts at a time: cargo cannot reach their job server.
CARGO ?= env --unset=MAKEFLAGS --unset=MFLAGS cargo
PYTHON ?= python3
# Debian's package of Prometheus holds promtool, the reference checker of the text format.
PROMTOOL := .tools/prometheus/usr/bin/promtool
FUZZ_SECONDS ?= 60

.PHONY: help
help:
	@sed -n 's/^#   //p' Makefile

# ---- building -------------------------------------------------------------------------------------------------------

.PHONY: build
build: prefix wheel addon
	$(CARGO) build --locked --release -p tykmetrics --all-features
	$(CARGO) build --locked --release -p tykmetrics-cli
	@if command -v $(GO) >/dev/null; then cd bindings-go && $(GO_ENV) $(GO) build ./...; \
	else echo "left out: the Go module, since Go is not here"; fi
	@echo "built: the Rust crate; $(RELEASE)/libtykmetrics.{a,so} and include/tykmetrics.h; the Go module; the Python wheel, in .venv;"
	@echo "the Node addon, in bindings-node/prebuilds; the program, $(RELEASE)/tykmetrics."

# ---- libtykmetrics --------------------------------------------------------------------------------------------------

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# Before 1.0 every minor version may change the interface; ffi-c/build.rs has the same rule.
INTERFACE := $(shell echo $(VERSION) | sed -E 's/^(0\.[0-9]+|[1-9][0-9]*).*/\1/')
RELEASE := $(or $(CARGO_TARGET_DIR),target)/release
# Where the tests of the C and the Go door find the library.
TREE_PREFIX := $(CURDIR)/target/prefix

.PHONY: library install prefix
library:
	$(CARGO) build --locked --release -p tykmetrics-c
	$(STATIC_LIBRARY)

# The static library as one object of which only tyk_ is seen, so that it meets neither another zstd nor another Rust. It appears
# as a whole: two installations at a time read it.
define STATIC_LIBRARY
set -e; one=$(RELEASE)/libtykmetrics-one.a; if test $$one -nt $(RELEASE)/libtykmetrics.a; then exit 0; fi; \
work=$$(mktemp -d $(RELEASE)/one.XXXXXX); trap 'rm -r '$$work EXIT; \
ld -r --whole-archive $(RELEASE)/libtykmetrics.a -o $$work/tykmetrics.o; \
objcopy --wildcard --keep-global-symbol='tyk_*' --remove-section=.llvmbc --remove-section=.llvmcmd --strip-debug $$work/tykmetrics.o; \
ar rcs $$work/one.a $$work/tykmetrics.o; mv $$work/one.a $$one
endef

install: library
	install -d "$(DESTDIR)$(PREFIX)/include" "$(DESTDIR)$(LIBDIR)/pkgconfig"
	install -m 644 include/tykmetrics.h "$(DESTDIR)$(PREFIX)/include/tykmetrics.h"
	install -m 644 $(RELEASE)/libtykmetrics-one.a "$(DESTDIR)$(LIBDIR)/libtykmetrics.a"
	install -m 755 -s $(RELEASE)/libtykmetrics.so "$(DESTDIR)$(LIBDIR)/libtykmetrics.so.$(VERSION)"
	ln -sf libtykmetrics.so.$(VERSION) "$(DESTDIR)$(LIBDIR)/libtykmetrics.so.$(INTERFACE)"
	ln -sf libtykmetrics.so.$(INTERFACE) "$(DESTDIR)$(LIBDIR)/libtykmetrics.so"
	for pc in tykmetrics tykmetrics-static; do \
	  sed -e 's|@PREFIX@|$(abspath $(PREFIX))|' -e 's|@LIBDIR@|$(abspath $(LIBDIR))|' -e 's|@VERSION@|$(VERSION)|' ffi-c/$$pc.pc.in \
	    > "$(DESTDIR)$(LIBDIR)/pkgconfig/$$pc.pc"; \
	done

prefix:
	$(MAKE) --no-print-directory install PREFIX=$(TREE_PREFIX) LIBDIR=$(TREE_PREFIX)/lib DESTDIR=

# ---- tests ----------------------------------------------------------------------------------------------------------

# Two at a time, since most of them leave a core free; each says what it has to say when it ends. The release builds come one after
# the other beside what builds otherwise: they wait for each other anyway, and each ends in minutes of one linker on one core.
.PHONY: test
test:
	$(MAKE) --no-print-directory --jobs 2 --output-sync=target \
	  prefix tools addon lint wheel test-rust test-python test-go test-node test-page test-run

test-rust test-go test-python test-node test-page: tools

.PHONY: lint
lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-features --all-targets -- -D warnings
	$(CARGO) clippy --locked -p tykmetrics --no-default-features -- -D warnings
	$(CARGO) check --locked -p tykmetrics
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked -p tykmetrics -p tykmetrics-server --all-features --no-deps

# The crates, which are built once for all of their tests: the core; the endpoint and the program, against curl, openssl, promtool
# and a real Prometheus; the C door, by programs in C against the library that `make install` would install; the house.
RUST_TESTED := tykmetrics tykmetrics-server tykmetrics-cli tykmetrics-c tykmetrics-tests tykmetrics-benches \
  tykmetrics-example-gateway tykmetrics-example-run
.PHONY: test-rust
test-rust: prefix tools-c tools-server
	$(CARGO) test --locked --all-features $(addprefix -p ,$(RUST_TESTED))

# The crate with nothing. `make lint` builds it so, and as most people do.
.PHONY: test-features
test-features:
	$(CARGO) test --locked -p tykmetrics --no-default-features --lib

# The Go door: each way to record, the race detector (which checks pointers too), the oldest Go; `make stress` has the newest.
GO ?= go
GO_MODULES := bindings-go $(sort $(dir $(wildcard bindings-go/integrations/*/go.mod))) bindings-go/bench examples/gateway-go
GO_OLDEST := go1.24.11
GO_NEWEST := go1.27.1
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Go does not see that a library it links has changed; a flag that changes with it tells.
GO_ENV = PKG_CONFIG_PATH="$(TREE_PREFIX)/lib/pkgconfig" LD_LIBRARY_PATH="$(TREE_PREFIX)/lib" \
  CGO_CFLAGS="-O2 -g -DTYK_LIBRARY=0x$$(sha256sum $(TREE_PREFIX)/lib/libtykmetrics.a | head -c 12)"

.PHONY: test-go lint-go
test-go: prefix lint-go
	@command -v $(GO) >/dev/null || { echo "Go is missing: install Go 1.24 or newer (https://go.dev/dl)"; exit 1; }
	set -e; for module in $(GO_MODULES); do echo "== $$module"; (cd $$module && $(GO_ENV) $(GO) test ./...); done
	cd bindings-go && $(GO_ENV) $(GO) test -race ./...
	set -e; for tag in tykmetrics_noasm,tykmetrics_nolinkname tykmetrics_shared; do \
	  (cd bindings-go && $(GO_ENV) $(GO) test -tags $$tag ./...); done
	cd bindings-go && $(GO_ENV) GOTOOLCHAIN=$(GO_OLDEST) $(GO) test .

lint-go: prefix
	@test -z "$$(gofmt -l bindings-go examples)" || { echo "gofmt would change:"; gofmt -l bindings-go examples; exit 1; }
	set -e; for module in $(GO_MODULES); do \
	  (cd $$module && $(GO_ENV) $(GO) vet ./... && $(GO_ENV) $(GO) run $(STATICCHECK) ./...); done

# The Python door: from one wheel, under every version of Python that is found here.
PACKAGE := bindings-python
WHEELS := target/wheels
WHEEL_SOURCES := Cargo.toml Cargo.lock LICENSE LICENSE-APACHE $(addprefix $(PACKAGE)/,Cargo.toml pyproject.toml README.md) \
  $(shell find core/Cargo.toml core/src server/Cargo.toml server/src $(PACKAGE)/src $(PACKAGE)/python -type f \
    \( -name '*.rs' -o -name '*.toml' -o -name '*.html' -o -name '*.css' -o -name '*.js' -o -name '*.py*' \) -not -name '*.pyc')
PYTEST := -m pytest -c $(PACKAGE)/pyproject.toml --rootdir $(PACKAGE) -p no:cacheprovider --quiet
# The oldest beside the one with frameworks; `make stress` has the newer ones, and what is left out here.
PYTHON_OTHERS := 3.10
PYTHON_LEFT_OUT := dropin test_leaks.py test_samples.py
PYTHON_NEWER := 3.12 3.13
# Tests that need frameworks, checkers or event loops of others run under one version, in .venv.
PYTHON_FRAMEWORKS := installed typed middleware dropin/frameworks $(addprefix dropin/test_dropin_,push.py servers.py)
PYTHON_CORE := $(PYTEST) $(addprefix --ignore=$(PACKAGE)/tests/,$(PYTHON_FRAMEWORKS)) $(PACKAGE)/tests

.PHONY: wheel wheel-manylinux
wheel: .venv/wheel

# The stamp is newer than every source if the wheel in .venv is made from them.
.venv/wheel: .venv/ready $(WHEEL_SOURCES)
	rm -rf $(WHEELS)
	cd $(PACKAGE) && env --unset=MAKEFLAGS --unset=MFLAGS ../.venv/bin/maturin build --quiet --release --locked --interpreter ../.venv/bin/python --out ../$(WHEELS)
	cd $(PACKAGE) && ../.venv/bin/maturin sdist --out ../$(WHEELS)
	.venv/bin/pip install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall $(WHEELS)/*.whl
	touch $@

# For publishing: a wheel for every Linux since glibc 2.28, linked by zig, and the source distribution.
wheel-manylinux: .venv/ready
	.venv/bin/pip install --quiet --disable-pip-version-check ziglang==0.17.0
	cd $(PACKAGE) && PATH="$(CURDIR)/.venv/bin:$$PATH" ../.venv/bin/maturin build --release --locked --zig \
	  --compatibility manylinux_2_28 --sdist --out ../target/dist
	.venv/bin/twine check --strict target/dist/*

# Takes minutes, and is `make stress`'s.
PYTHON_LONG := tests/installed/test_sdist.py::test_a_wheel_is_built_from_it_alone_and_works
.PHONY: test-python lint-python
test-python: wheel lint-python $(addprefix test-python-,$(PYTHON_OTHERS))
	.venv/bin/python -X dev -W error $(PYTHON_CORE)
	.venv/bin/python $(PYTEST) $(addprefix $(PACKAGE)/tests/,$(PYTHON_FRAMEWORKS)) --deselect $(PYTHON_LONG)

# Looks where versions of Python usually are: on the path, and among those of pyenv.
.PHONY: $(addprefix test-python-,$(PYTHON_OTHERS) $(PYTHON_NEWER))
$(addprefix test-python-,$(PYTHON_OTHERS) $(PYTHON_NEWER)): test-python-%: wheel
	@for python in python$* $$(ls -d ~/.pyenv/versions/$*.*/bin/python 2>/dev/null); do \
	  if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then found="$$python"; break; fi; done; \
	if test -z "$${found:-}"; then echo "left out: Python $* is not here"; exit 0; fi; \
	stamp=.tools/python-$*/ready; requirements=$(PACKAGE)/requirements-core.txt; \
	if test ! "$$stamp" -nt $$requirements; then \
	  "$$found" -m venv --clear .tools/python-$*; \
	  .tools/python-$*/bin/pip install --quiet --disable-pip-version-check -r $$requirements; touch "$$stamp"; fi; \
	.tools/python-$*/bin/pip install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall $(WHEELS)/*.whl; \
	echo "== Python $*"; .tools/python-$*/bin/python $(PYTHON_CORE) $(addprefix --ignore=$(PACKAGE)/tests/,$(LEFT_OUT))

$(addprefix test-python-,$(PYTHON_OTHERS)): LEFT_OUT = $(PYTHON_LEFT_OUT)

# The native half for an interpreter without a global lock: there is none here to run it.
.PHONY: lint-free-threaded test-sdist
lint-free-threaded:
	mkdir -p target/free-threaded
	printf '%s\n' implementation=CPython version=3.14 shared=true pointer_width=64 build_flags=Py_GIL_DISABLED \
	  suppress_build_script_link_lines=true > target/free-threaded/config.txt
	PYO3_CONFIG_FILE=$(CURDIR)/target/free-threaded/config.txt $(CARGO) clippy --quiet --locked -p tykmetrics-python \
	  --target-dir target/free-threaded -- -D warnings

test-sdist: wheel
	.venv/bin/python $(PYTEST) $(PACKAGE)/$(PYTHON_LONG)

lint-python: wheel
	.venv/bin/ruff check --no-cache $(PACKAGE)
	.venv/bin/ruff format --no-cache --check $(PACKAGE)
	.venv/bin/ruff check --no-cache --config $(PACKAGE)/pyproject.toml examples/gateway-python
	.venv/bin/ruff format --no-cache --check --config $(PACKAGE)/pyproject.toml examples/gateway-python
	cd $(PACKAGE) && ../.venv/bin/mypy --cache-dir ../target/mypy python/tykmetrics tests/typed/user_code.py tests/typed/drop_in.py
	cd $(PACKAGE) && ../.venv/bin/pyright --pythonpath ../.venv/bin/python

# The Node door: the addon, and its tests under every version of Node that is in use.
NODE ?= node
NPM ?= npm
NODE_DOOR := bindings-node
# The oldest; `make stress` has the newer ones.
NODE_NEWER := 22 24
# Tests of the package as such run under one version; so does the one that takes a minute.
NODE_ALONE := types|package|readme|entry-points
NODE_LONG := a thousand workers
NODE_TEST := --test --test-concurrency=2 --test-reporter=dot

.PHONY: addon node-modules
addon:
	@command -v $(NODE) >/dev/null || { echo "Node is missing: install Node 20 or newer (https://nodejs.org)"; exit 1; }
	$(CARGO) build --locked --release -p tykmetrics-node
	install -D -m 755 -s $(RELEASE)/libtykmetrics_node.so $(NODE_DOOR)/prebuilds/$$($(NODE) $(NODE_DOOR)/lib/platform.js)/tykmetrics.node

# Packages of the tests, and the newer versions of Node.
NODE_MODULES := $(NODE_DOOR)/node_modules/.package-lock.json
NODE_RUNTIMES := $(NODE_DOOR)/test/runtimes/node_modules/.package-lock.json
node-modules: $(NODE_MODULES)

$(NODE_MODULES) $(NODE_RUNTIMES): %/node_modules/.package-lock.json: %/package-lock.json
	cd $* && $(NPM) ci --no-audit --no-fund --loglevel=error
	touch $@

.PHONY: test-node lint-node $(addprefix test-node-,$(NODE_NEWER))
test-node: addon lint-node
	cd $(NODE_DOOR) && $(NODE) $(NODE_TEST) test/*.test.js test/middleware/*.test.js

$(addprefix test-node-,$(NODE_NEWER)): test-node-%: addon node-modules $(NODE_RUNTIMES)
	@echo "== Node $*"
	cd $(NODE_DOOR) && test/runtimes/node_modules/node$*/bin/node $(NODE_TEST) --test-skip-pattern='$(NODE_LONG)' \
	  $$(ls test/*.test.js test/middleware/*.test.js | grep -v -E '/($(NODE_ALONE))\.test\.js')

lint-node: node-modules
	cd $(NODE_DOOR) && $(NPM) run --silent lint
	$(NODE_DOOR)/node_modules/.bin/eslint -c $(NODE_DOOR)/eslint.config.mjs examples/gateway-node
	$(NODE_DOOR)/node_modules/.bin/prettier --config $(NODE_DOOR)/.prettierrc.json --check --log-level warn examples/gateway-node

# ---- running --------------------------------------------------------------------------------------------------------

# Gateways in each language under load, whose /metrics must say what was sent. What is missing leaves its gateway out.
RUN_SECONDS ?= 20
# The port of the first gateway's page; the others have those behind it. 0: any that are free.
RUN_PORT ?= 0
HAS_GO := $(shell command -v $(GO) >/dev/null && command -v $${CC:-cc} >/dev/null && command -v pkg-config >/dev/null && echo yes)
HAS_PYTHON := $(shell { test -e .venv/ready || $(PYTHON) -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; } && echo yes)
HAS_NODE := $(shell command -v $(NODE) >/dev/null && command -v $(NPM) >/dev/null && echo yes)
# A build for development: what is measured is whether numbers agree.
RUN_BUILT := $(or $(CARGO_TARGET_DIR),target)/debug
RUN_GO := target/run/gateway-go

.PHONY: run test-run run-ready run-tested run-go run-python run-node
run: run-ready
test-run: run-tested
run test-run:
	$(RUN_BUILT)/run-gateways --seconds $(RUN_SECONDS) --port $(RUN_PORT) --rust $(RUN_BUILT)/gateway-rust \
	  $(if $(HAS_GO),--go $(RUN_GO)) \
	  $(if $(HAS_PYTHON),--python ".venv/bin/python examples/gateway-python/gateway.py") \
	  $(if $(HAS_NODE),--node "$(NODE) examples/gateway-node/gateway.mjs")

test-run: RUN_SECONDS := 3
test-run: RUN_PORT := 0

# As the other tests have it built.
run-tested: run-go run-python run-node
	$(CARGO) test --locked --quiet --all-features $(addprefix -p ,$(RUST_TESTED)) --no-run

run-ready: run-go run-python run-node
	$(CARGO) build --locked --quiet -p tykmetrics-example-run

run-go: $(if $(HAS_GO),prefix)
	@if test -z "$(HAS_GO)"; then echo "left out: the gateway in Go, which needs Go 1.24, a C compiler and pkg-config"; exit 0; fi; \
	cd examples/gateway-go && $(GO_ENV) $(GO) build -o $(CURDIR)/$(RUN_GO) .

run-python: $(if $(HAS_PYTHON),wheel)
	@if test -z "$(HAS_PYTHON)"; then echo "left out: the gateway in Python, which needs Python 3.11 with venv"; fi

run-node: $(if $(HAS_NODE),addon node-modules)
	@if test -z "$(HAS_NODE)"; then echo "left out: the gateway in Node, which needs Node 20 and npm"; fi

# The page of the endpoint in a real browser.
PAGE := server/test-page
PAGE_MODULES := $(PAGE)/node_modules/.package-lock.json
$(PAGE_MODULES): %/node_modules/.package-lock.json: %/package-lock.json
	cd $* && $(NPM) ci --no-audit --no-fund --loglevel=error
	touch $@

.PHONY: test-page page-picture
# The sample that is looked at is the one that the tests of the crates build.
test-page: tools-page
	$(CARGO) test --locked --quiet --all-features $(addprefix -p ,$(RUST_TESTED)) --no-run
	cd $(PAGE) && SAMPLE=$(abspath $(RUN_BUILT))/examples/sample $(NODE) --test --test-concurrency=2 --test-reporter=dot test/*.test.js

# docs/page.png, after two minutes of traffic.
page-picture: tools-page
	cd $(PAGE) && $(NODE) picture.js

# Every interleaving of the protocols' steps, in a build of its own. Takes minutes, and is `make stress`'s.
.PHONY: test-models
test-models:
	RUSTFLAGS="--cfg loom" $(CARGO) test --locked --profile models -p tykmetrics --no-default-features --lib --target-dir target/loom models

# ---- tools ----------------------------------------------------------------------------------------------------------

.PHONY: tools
tools: .venv/ready $(PROMTOOL) valgrind

PYTHON_REQUIREMENTS := tests/requirements.txt $(addprefix $(PACKAGE)/,requirements-test.txt requirements-core.txt)

.venv/ready: $(PYTHON_REQUIREMENTS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "the tests need Python 3.11 or newer: PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check $(addprefix -r ,$(PYTHON_REQUIREMENTS))
	touch $@

$(PROMTOOL):
	mkdir -p .tools/download
	cd .tools/download && (apt-get download prometheus || (apt-get update && apt-get download prometheus))
	dpkg -x .tools/download/prometheus_*.deb .tools/prometheus
	rm -r .tools/download

# What the tests of the C door run with: a compiler with sanitizers, a JSON parser in C, LuaJIT.
.PHONY: tools-c
tools-c: valgrind
	@missing=""; \
	for need in gcc:gcc g++:g++ pkg-config:pkg-config luajit:luajit; do \
	  command -v $${need%%:*} >/dev/null || missing="$$missing $${need##*:}"; done; \
	test -e /usr/include/cjson/cJSON.h || missing="$$missing libcjson-dev"; \
	test -z "$$missing" || (apt-get update && apt-get install --yes --no-install-recommends $$missing)

# A browser for the page; CHROMIUM names another one.
.PHONY: tools-page
tools-page: tools-server $(PAGE_MODULES)
	@command -v $${CHROMIUM:-chromium} >/dev/null || (apt-get update && apt-get install --yes --no-install-recommends chromium)

# Clients that the endpoint is asked with.
.PHONY: tools-server
tools-server: tools-c
	@missing=""; for need in curl openssl; do command -v $$need >/dev/null || missing="$$missing $$need"; done; \
	test -z "$$missing" || (apt-get update && apt-get install --yes --no-install-recommends $$missing)

# Counts instructions, which no busy neighbour changes.
# After promtool, as apt works for one at a time.
.PHONY: valgrind
valgrind: $(PROMTOOL)
	@command -v valgrind >/dev/null || (apt-get update && apt-get install --yes --no-install-recommends valgrind)

# ---- measuring ------------------------------------------------------------------------------------------------------

.PHONY: bench bench-quick
bench: prefix wheel addon node-modules wrk
	$(CARGO) run --locked --release -p tykmetrics-benches
	$(call bench-go,)
	$(call bench-python,)
	$(call bench-node,)
bench-quick: prefix wheel addon node-modules wrk
	$(CARGO) run --locked --release -p tykmetrics-benches -- --quick
	$(call bench-go,-rounds 3 -benchtime 50ms -wrk 2s)
	$(call bench-python,--quick)
	$(call bench-node,--quick)

# The records of Go, Python and Node stand beside the one that was just written.
RECORD = record="$$(ls -t "$(CURDIR)"/benches/record/*/*.json | grep -E '/[-0-9]+(-quick)?[.]json$$' | head -n 1)"; record="$${record%.json}"

define bench-go
@if ! command -v $(GO) >/dev/null; then echo "left out: Go is not here"; exit 0; fi; \
$(RECORD); cd bindings-go/bench && $(GO_ENV) $(GO) run ./cmd/compare $(1) -out "$$record-go"
endef

define bench-python
@$(RECORD); .venv/bin/python $(PACKAGE)/bench/compare.py $(1) --out "$$record-python"
endef

define bench-node
@$(RECORD); cd $(NODE_DOOR) && $(NODE) bench/compare.js $(1) --out "$$record-node"
endef

# Loads a gateway from a process of its own.
.PHONY: wrk
wrk:
	@command -v wrk >/dev/null || (apt-get update && apt-get install --yes --no-install-recommends wrk)

# ---- long runs ------------------------------------------------------------------------------------------------------

.PHONY: stress
stress: prefix tools test-features lint-free-threaded test-sdist $(addprefix test-python-,$(PYTHON_NEWER)) $(addprefix test-node-,$(NODE_NEWER))
	$(MAKE) $(addprefix test-python-,$(PYTHON_OTHERS)) PYTHON_LEFT_OUT=
	cd bindings-go && $(GO_ENV) GOTOOLCHAIN=$(GO_NEWEST) $(GO) test .
	$(CARGO) test --locked --release -p tykmetrics --test totals --test registry --test record_path -- --nocapture
	TYKMETRICS_STRESS_SECONDS=$(FUZZ_SECONDS) $(CARGO) test --locked --release -p tykmetrics --test stress -- --nocapture
	PROPTEST_CASES=1000 $(CARGO) test --locked --release -p tykmetrics --test shape --test distribution --test roundtrip --test samples
	TYKMETRICS_MODELS=all $(MAKE) test-models
	$(MAKE) fuzz

# libFuzzer through the nightly toolchain, without cargo-fuzz: every target for FUZZ_SECONDS.
FUZZ_FLAGS := --cfg fuzzing -Zsanitizer=address -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1
FUZZ_TARGETS := accept config escape hygiene read request series text
FUZZ_HOST := x86_64-unknown-linux-gnu

.PHONY: fuzz
fuzz:
	@if ! $(CARGO) +nightly --version >/dev/null 2>&1; then \
	  echo "left out: fuzzing needs the nightly toolchain (rustup toolchain install nightly)"; exit 0; fi; \
	RUSTFLAGS="$(FUZZ_FLAGS)" $(CARGO) +nightly build --locked --release --manifest-path fuzz/Cargo.toml \
	  --target $(FUZZ_HOST) --target-dir fuzz/target; \
	for target in $(FUZZ_TARGETS); do \
	  mkdir -p fuzz/corpus/$$target fuzz/artifacts/$$target; \
	  fuzz/target/$(FUZZ_HOST)/release/$$target fuzz/corpus/$$target -dict=fuzz/words.dict \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -rss_limit_mb=2048 -artifact_prefix=fuzz/artifacts/$$target/; \
	done

.PHONY: judge
judge: tools judge-python judge-node
	@if [ -e ../shared/judges ]; then \
	  $(CARGO) test --locked -p tykmetrics --test negotiation --test parse --test reference -- --nocapture; \
	  $(CARGO) build --locked --quiet -p tykmetrics --example exposition; \
	  $(PYTHON) ../shared/judges/openmetrics.py "$(or $(CARGO_TARGET_DIR),target)/debug/examples/exposition openmetrics"; \
	  $(CARGO) test --locked -p tykmetrics-cli --test it -- judge promtool --nocapture; \
	  $(PYTHON) ../shared/judges/openmetrics.py "$(or $(CARGO_TARGET_DIR),target)/debug/tykmetrics check --format openmetrics -"; \
	else echo "left out: ../shared/judges is not here"; fi

# The tests of prometheus_client's own suite that ask what users rely on, with the drop-in under its name. A test that is
# missing, skipped or failing fails the judge.
PROMETHEUS_CLIENT := prometheus_client-0.26.0
PROMETHEUS_CLIENT_GOAL := ../shared/judges/prometheus_client-goal.txt
JUDGE := .tools/judge

.PHONY: judge-python
judge-python: wheel $(JUDGE)/ready
	@if [ -e $(PROMETHEUS_CLIENT_GOAL) ]; then \
	  grep -v '^#' $(PROMETHEUS_CLIENT_GOAL) > $(JUDGE)/goal.txt; \
	  cd $(JUDGE)/$(PROMETHEUS_CLIENT); PYTHONPATH=$(CURDIR)/$(JUDGE)/packages:$(CURDIR)/$(PACKAGE)/tests/judge \
	    $(CURDIR)/.venv/bin/python -m pytest -p judge_plugin -p no:cacheprovider --quiet --benchmark-disable @../goal.txt; \
	else echo "left out: $(PROMETHEUS_CLIENT_GOAL) is not here"; fi

# Many more random programs than the tests have, on the drop-in and on prom-client itself.
.PHONY: judge-node
judge-node: addon node-modules
	cd $(NODE_DOOR) && SEEDS=2000 $(NODE) --test test/drop-in.test.js

$(JUDGE)/ready: .venv/ready $(PACKAGE)/tests/judge/requirements.txt
	rm -rf $(JUDGE)
	mkdir -p $(JUDGE)
	.venv/bin/pip download --quiet --disable-pip-version-check --no-binary :all: --no-deps --dest $(JUDGE) \
	  $(subst -,==,$(PROMETHEUS_CLIENT))
	tar -xzf $(JUDGE)/$(PROMETHEUS_CLIENT).tar.gz -C $(JUDGE)
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --target $(JUDGE)/packages \
	  -r $(PACKAGE)/tests/judge/requirements.txt
	touch $@

.PHONY: audit
audit: .tools/bin/cargo-deny
	.tools/bin/cargo-deny --locked --all-features check bans licenses sources

.tools/bin/cargo-deny:
	$(CARGO) install --locked --root .tools cargo-deny
