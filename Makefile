# dr: build, try, test and install.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PREFIX ?= /usr/local
DESTDIR ?=
DEMO_FLAGS ?=
DRILL_REPORT ?= .build/drill
BENCH_FLAGS ?=

# Where the servers and clients for tests and demo are looked for.
export DR_TOOLS ?= $(CURDIR)/.tools/bin

# Tests at once. Most wait for servers and programs; all at once they would starve each other of threads.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 8

# One program without a Swift runtime beside it; the C libraries stay shared.
RELEASE := swift build --configuration release --static-swift-stdlib
BIN := .build/release

.PHONY: help
help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | column -t -s $$'\t'

.PHONY: demo
demo: ## back up a living stack, destroy it, bring it back by plan, prove it (DEMO_FLAGS=--s3 for a real S3 server)
	@Scripts/prepare demo
	@$(RELEASE) --product dr
	@$(RELEASE) --product dr-lab
	@$(BIN)/dr-lab demo $(DEMO_FLAGS)

.PHONY: drill
drill: ## drill the loss of a whole stack beside it, with negative control and report (DRILL_REPORT=folder)
	@Scripts/prepare demo
	@$(RELEASE) --product dr
	@$(RELEASE) --product dr-lab
	@$(BIN)/dr-lab demo --drill --report $(DRILL_REPORT) $(DEMO_FLAGS)

.PHONY: test
test: ## check the style, run every test
	@Scripts/prepare test
	@$(MAKE) --no-print-directory lint
	swift test

.PHONY: bench
bench: ## dr beside restic, rclone, tar and cp (BENCH_FLAGS=--quick for a small corpus)
	@Scripts/prepare bench
	@$(RELEASE) --product dr
	@$(RELEASE) --product dr-lab
	@$(BIN)/dr-lab bench $(BENCH_FLAGS)

.PHONY: lint
lint: ## check the style
	swift format lint --strict --recursive Sources Lab Tests Package.swift
	Scripts/lint-outside-data

.PHONY: format
format: ## apply the style
	swift format --in-place --recursive Sources Lab Tests Package.swift

.PHONY: build
build: ## the release program, .build/release/dr
	@Scripts/prepare build
	DR_PROGRAM_ONLY=1 $(RELEASE) --product dr

.PHONY: manual
manual: ## write docs/dr.1 anew from the commands' help
	swift package generate-manual
	cp .build/plugins/GenerateManual/outputs/dr/dr.1 docs/

.PHONY: install
install: build ## install program, completions and manual under PREFIX (/usr/local)
	install -D -m 755 -s $(BIN)/dr "$(DESTDIR)$(PREFIX)/bin/dr"
	mkdir -p .build/completions
	for shell in bash zsh fish; do $(BIN)/dr --generate-completion-script $$shell > .build/completions/$$shell; done
	install -D -m 644 .build/completions/bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/dr"
	install -D -m 644 .build/completions/zsh "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_dr"
	install -D -m 644 .build/completions/fish "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/dr.fish"
	for page in $(wildcard docs/*.1); do install -D -m 644 $$page "$(DESTDIR)$(PREFIX)/share/man/man1/$${page##*/}"; done

.PHONY: clean
clean: ## remove what was built; the tools in .tools stay
	swift package clean
	rm -rf .build/release .build/completions
