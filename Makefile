# SPDX-License-Identifier: Apache-2.0
#
#   make demo     from Fixtures/ to a tokenizer and three validated datasets in demo/, and models that learn from such
#   make test     everything that CI runs
#   make format   formats the Swift sources
#   make fuzz     feeds the Arrow readers with damaged data, FUZZ_SECONDS=60 long

SHELL := /bin/bash
PREP := .build/release/prep
VENV := .venv
APT := libicu-dev libzstd-dev liblz4-dev zlib1g-dev libssl-dev libopenblas0-pthread pkg-config
APT_TEST := python3 python3-venv zstd
BREW := icu4c zstd lz4 zlib openssl@3 openblas pkg-config

.PHONY: demo test build setup setup-test lint format interop fuzz clean

demo: build
	rm -rf demo
	$(PREP) run Pipelines/quickstart.yaml
	@echo
	$(PREP) inspect demo/t5-span -n 1
	$(PREP) inspect demo/mlm-nsp -n 1
	@echo
	@du -sh demo/* | sed 's/^/  /'
	@echo
	python3 Fixtures/microworld.py --documents 4000 > demo/microworld.jsonl
	$(PREP) run Pipelines/microworld.yaml
	@for dataset in t5-span mlm-nsp clm; do echo; \
	  $(PREP) train demo/microworld/$$dataset --check -o demo/microworld/model-$$dataset || exit $$?; done

test: setup-test lint build
	swift test --quiet
	$(MAKE) interop
	$(MAKE) fuzz

build: setup
	swift build -c release --product prep

interop: $(VENV)/installed build
	PREP_BIN=$(CURDIR)/$(PREP) OMP_NUM_THREADS=1 \
	  $(VENV)/bin/python -m pytest -q -n 2 --dist worksteal Tests/Interop

# The package cannot link libFuzzer, so the sources of the module are compiled anew for it.
FUZZ_SECONDS := 60
FUZZ := .build/fuzz
FUZZER := -swift-version 6 -O -parse-as-library -sanitize=fuzzer,address \
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility \
  -enable-upcoming-feature InternalImportsByDefault -I Sources/CZstd -I Sources/CLZ4

fuzz: build
	mkdir -p $(FUZZ)/found
	swiftc $(FUZZER) Sources/ArrowIPC/*.swift Tests/Fuzz/ArrowFuzzer.swift -o $(FUZZ)/arrow
	Tests/Fuzz/seeds.sh $(PREP) $(FUZZ)/seeds
	ASAN_OPTIONS=detect_leaks=0 SWIFT_BACKTRACE=enable=no $(FUZZ)/arrow -max_total_time=$(FUZZ_SECONDS) \
	  -max_len=65536 -timeout=20 -rss_limit_mb=1024 -artifact_prefix=$(FUZZ)/ -print_final_stats=1 \
	  $(FUZZ)/found $(FUZZ)/seeds

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

format:
	swift format --in-place --recursive Sources Tests Package.swift

# Installs what is missing and nothing else.
define install_apt
	@missing=$$(for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	  echo "installing" $$missing; \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq $$missing; \
	fi
endef

setup:
ifeq ($(shell uname -s),Darwin)
	brew list $(BREW) >/dev/null 2>&1 || brew install $(BREW)
else
	$(call install_apt,$(APT))
endif

setup-test: setup
ifneq ($(shell uname -s),Darwin)
	$(call install_apt,$(APT_TEST))
endif

$(VENV)/installed: Tests/Interop/requirements.txt | setup-test
	python3 -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  mosaicml-streaming==0.13.0
	touch $@

clean:
	rm -rf .build $(VENV) demo
