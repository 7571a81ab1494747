# SPDX-License-Identifier: Apache-2.0
#
#   make demo     from Fixtures/ to a tokenizer and three validated datasets in demo/, and models that learn from such
#   make test     everything that CI runs
#   make format   formats the Swift sources

SHELL := /bin/bash
PREP := .build/release/prep
VENV := .venv
APT := libicu-dev libzstd-dev liblz4-dev zlib1g-dev libssl-dev libopenblas-dev pkg-config
APT_TEST := python3 python3-venv zstd
BREW := icu4c zstd lz4 zlib openssl@3 openblas pkg-config

.PHONY: demo test build setup setup-test lint format interop clean

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

build: setup
	swift build -c release --product prep

interop: $(VENV)/installed build
	PREP_BIN=$(CURDIR)/$(PREP) $(VENV)/bin/python -m pytest -q Tests/Interop

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
	touch $@

clean:
	rm -rf .build $(VENV) demo
