# Builds, tests, documents and installs dr.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PREFIX ?= /usr/local
DESTDIR ?=
DEMO_FLAGS ?=
DRILL_REPORT ?= .build/drill
BENCH_FLAGS ?=
FUZZ_SECONDS ?= 600
FUZZ_FLAGS ?=

# The folder of the servers and clients that tests and demo use.
export DR_TOOLS ?= $(CURDIR)/.tools/bin

# The number of tests that run in parallel. Most tests wait for servers; too many of them would exhaust the threads.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 8

# Link the Swift runtime into the program; the C libraries stay shared. Nothing loads the program as a library, so it
# exports no symbols: their names are megabytes. The linker folds equal functions, except those whose addresses are used.
# Paths in the program, except in its debug information, are relative to the checkout.
RELEASE := swift build --configuration release --static-swift-stdlib \
	-Xlinker "--version-script=$(CURDIR)/Scripts/exports.map" -Xlinker --icf=safe \
	-Xswiftc -file-prefix-map -Xswiftc "$(CURDIR)/=" -Xcc "-ffile-prefix-map=$(CURDIR)/="
BIN := .build/release

.PHONY: help
help: ## List the targets.
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | column -t -s $$'\t'

.PHONY: demo
demo: ## Back up a five-component stack, destroy it, restore it by plan and check it (DEMO_FLAGS=--s3: use an S3 server).
	@Scripts/prepare demo
	@$(RELEASE) --product dr
	@$(RELEASE) --product dr-lab
	@$(BIN)/dr-lab demo $(DEMO_FLAGS)

.PHONY: drill
drill: ## Run a recovery drill beside a live stack and write its report to DRILL_REPORT (.build/drill).
	@Scripts/prepare demo
	@$(RELEASE) --product dr
	@$(RELEASE) --product dr-lab
	@$(BIN)/dr-lab demo --drill --report $(DRILL_REPORT) $(DEMO_FLAGS)

.PHONY: test
test: ## Check the style and run all tests.
	@Scripts/prepare test
	@$(MAKE) --no-print-directory lint
	swift test

.PHONY: bench
bench: ## Compare the speed of dr, restic, borg, rclone, tar and cp (BENCH_FLAGS=--quick: use a small corpus).
	@Scripts/prepare bench
	@$(RELEASE) --product dr
	@$(RELEASE) --product dr-lab
	@$(BIN)/dr-lab bench $(BENCH_FLAGS)

.PHONY: fuzz
fuzz: ## Give hostile inputs to all readers for FUZZ_SECONDS (600), and store those that do harm in fixtures/fuzz.
	@Scripts/prepare demo
	@swift build --product dr
	@swift build --product dr-lab
	@.build/debug/dr-lab fuzz --seconds $(FUZZ_SECONDS) $(FUZZ_FLAGS)

.PHONY: lint
lint: ## Check the style.
	swift format lint --strict --recursive Sources Lab Tests Package.swift
	Scripts/lint-outside-data
	Scripts/lint-architecture
	Scripts/lint-signatures

.PHONY: format
format: ## Format the source files.
	swift format --in-place --recursive Sources Lab Tests Package.swift

.PHONY: build
build: ## Build the release program, .build/release/dr.
	@Scripts/prepare build
	DR_PROGRAM_ONLY=1 $(RELEASE) --product dr

.PHONY: manual
manual: build ## Generate the manual pages of all commands in .build/manual, from the help texts.
	packaging/manual.py $(BIN)/dr .build/manual

.PHONY: console-pictures
console-pictures: ## Take the pictures of the console for docs/images.
	@Scripts/prepare test
	@swift build --product dr
	@Scripts/console-pictures .build/debug/dr

.PHONY: docs
docs: ## Build the documentation site in .build/site and check all links.
	@Scripts/prepare docs
	.tools/bin/python Scripts/check-links
	.tools/bin/python -m mkdocs build --strict

.PHONY: deb
deb: build ## Build the Debian package in .build/packages.
	@Scripts/prepare package
	packaging/package deb

.PHONY: image
image: build ## Build the OCI image in .build/packages, as an archive.
	@Scripts/prepare package
	packaging/package image

.PHONY: portable
portable: build ## Build the portable archive for any Linux on x86-64 in .build/packages.
	@Scripts/prepare package
	packaging/package portable

.PHONY: test-packages
test-packages: deb image portable ## Install, use and remove the packages in chroots and a container (as root).
	@Scripts/prepare test-packages
	packaging/test-packages

.PHONY: install
install: manual ## Install the program, completions and manual pages under PREFIX (/usr/local).
	install -D -m 755 -s $(BIN)/dr "$(DESTDIR)$(PREFIX)/bin/dr"
	mkdir -p .build/completions
	for shell in bash zsh fish; do $(BIN)/dr --generate-completion-script $$shell > .build/completions/$$shell; done
	install -D -m 644 .build/completions/bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/dr"
	install -D -m 644 .build/completions/zsh "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_dr"
	install -D -m 644 .build/completions/fish "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/dr.fish"
	for page in .build/manual/*.1; do install -D -m 644 $$page "$(DESTDIR)$(PREFIX)/share/man/man1/$${page##*/}"; done

.PHONY: clean
clean: ## Remove all build results; keep the tools in .tools.
	swift package clean
	rm -rf .build/release .build/completions .build/manual
