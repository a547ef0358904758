# What people and CI type. Every verb sets up what it needs: see scripts/prerequisites.

# Verbs run tests with time limits, one after the other.
.NOTPARALLEL:

ARCH := $(shell uname -m | sed s/arm64/aarch64/)
PREFIX ?= /usr/local
# A guest program built elsewhere, and the architecture it is for.
GUEST ?= .build-guest/release/dvm-guest.stripped
GUEST_ARCH ?= $(ARCH)

SWIFT ?= swift
# Static, so that the host needs no Swift where it is installed.
HOST_FLAGS := -c release --static-swift-stdlib --product dvm-host
# The build id is how host and guest know whether they belong together. Small rather than quick, and equal functions once:
# it travels into each VM, and what it does is waiting for the kernel.
GUEST_FLAGS := -c release --static-swift-stdlib -Xswiftc -static-executable -Xswiftc -Osize -Xlinker --icf=safe \
	-Xlinker --build-id=sha1 --scratch-path .build-guest --product dvm-guest
# Where demo, tests and benchmarks have their own installation.
STAGE := .build/stage

.PHONY: help
help: ## List the verbs
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: setup
setup: ## Install what building and testing need here (Debian and Ubuntu)
	@scripts/prerequisites

.PHONY: setup-build
setup-build:
	@scripts/prerequisites build

.PHONY: build
build: setup-build ## Build dvm for this machine
	$(SWIFT) build $(HOST_FLAGS)

.PHONY: guest
guest: setup-build ## Build the guest program for VMs of this architecture
	$(SWIFT) build $(GUEST_FLAGS)
	strip -o .build-guest/release/dvm-guest.stripped .build-guest/release/dvm-guest

ifeq ($(GUEST),.build-guest/release/dvm-guest.stripped)
ifeq ($(shell uname -s),Linux)
.build-guest/release/dvm-guest.stripped: guest
INSTALL_NEEDS := guest
endif
endif

.PHONY: install
install: build $(INSTALL_NEEDS) ## Install into PREFIX (GUEST=<file> GUEST_ARCH=<arch> for a guest program built elsewhere)
	@scripts/install-files "$(DESTDIR)$(PREFIX)" "$(GUEST)" "$(GUEST_ARCH)"

.PHONY: stage
stage: setup
	@$(MAKE) --no-print-directory install PREFIX=$(CURDIR)/$(STAGE) DESTDIR=

.PHONY: demo
demo: stage ## The main job: make a VM, run an AI tool in its sandbox, show what it can and cannot reach
	@scripts/demo $(STAGE)

# Tests that play the VM's root need to be root; everything else runs as whoever calls.
TESTS := env NO_COLOR=1 .build/debug/dvmPackageTests.xctest --testing-library swift-testing
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo)

# Suites and tests by parts of their names, as regular expressions without a space: in need of the installed guest
# program, or of a minute each.
NOT_NATIVE := Five.gigabytes guest.program.as.it.is.installed Everyday.work blocks.every.attack
# What starts VMs again or waits for the package mirrors, in VMs, for make test-all.
SLOW_IN_VM := Aider.answers with.other.system.calls Copying.and.stopping Services.of.recipes Packages.of.recipes \
	Containers.in.a.VM whose.configuration.changes of.a.real.disk The.system.of.a.VM The.code.of.a.VM A.sync.that.finds
# The same with toolchains of many hundred megabytes, a project of a million files, and what only Debian 13 can run.
NOT_IN_TEST := Heavy.toolchains million.files Vibe.does $(SLOW_IN_VM)

# Verbs, and beside them what only reads and the recipes' own tests, which mostly wait.
with-lint = @mkdir -p .build; $(MAKE) --no-print-directory lint >.build/lint.log 2>&1 & lint=$$!; \
	$(MAKE) --no-print-directory $(1); status=$$?; wait $$lint || status=$$?; cat .build/lint.log; exit $$status

.PHONY: check
check: setup ## Format and what one process can say of itself, to run before each commit: a minute once built
	$(call with-lint,build-tests run-check)

.PHONY: test-native
test-native: setup ## Every test that needs no VM, the sandbox and its network on this machine included: eight minutes
	$(call with-lint,build-tests run-check run-native)

.PHONY: build-tests
build-tests:
	$(SWIFT) build --build-tests

.PHONY: lint
lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests
	scripts/lint-scripts
	Tests/Support/recipes/selftest

# The host's tests start Bash and wait for it with time limits, which all at once on two processors means nothing: one
# after the other they are never short of one, and leave room for the others, which only reckon.
.PHONY: run-check
run-check:
	@mkdir -p .build
	@{ $(TESTS) --filter ArchitectureTests --filter ProtocolTests && $(AS_ROOT) $(TESTS) --filter '^GuestTests'; } \
		>.build/check.log 2>&1 & beside=$$!; \
	$(TESTS) --no-parallel --filter HostTests; status=$$?; \
	wait $$beside || status=$$?; cat .build/check.log; exit $$status

# What starts programs: dvm with stand-ins for Lima and the VM, the sandbox, git, the guest program as a whole.
.PHONY: run-native
run-native:
	$(TESTS) --no-parallel --filter StandInTests
	$(AS_ROOT) $(TESTS) --filter NativeTests --filter PipeTests $(addprefix --skip ,$(NOT_NATIVE) $(NOT_IN_TEST))

.PHONY: test
test: setup ## Everything, the tests in a real VM included
	$(call with-lint,build-tests)
	@{ nice -n 19 $(MAKE) --no-print-directory stage; echo $$? >.build/stage.status; } >.build/stage.log 2>&1 & \
	$(MAKE) --no-print-directory run-check run-native; status=$$?; wait; cat .build/stage.log; \
	[ $$status = 0 ] && exit "$$(cat .build/stage.status)"
	Tests/Support/recipes/selftest-pins
	$(AS_ROOT) env DVM_STAGE=$(CURDIR)/$(STAGE) $(TESTS) $(addprefix --filter ,$(NOT_NATIVE))
	DVM_STAGE=$(CURDIR)/$(STAGE) scripts/with-limactl $(TESTS) --filter VMTests $(addprefix --skip ,$(NOT_IN_TEST))

.PHONY: test-all
test-all: test ## Also heavy toolchains and tools, and VMs of Debian 13 (an hour and several GB)
	@scripts/prerequisites all
	$(AS_ROOT) env DVM_RACE_SECONDS=12 $(TESTS) --filter 'Heavy toolchains' --filter 'A hostile tree during a walk'
	$(AS_ROOT) $(TESTS) --filter 'million files'
	$(AS_ROOT) Tests/Support/recipes/native --suite bookworm
	$(AS_ROOT) Tests/Support/recipes/native --suite trixie
	DVM_STAGE=$(CURDIR)/$(STAGE) scripts/with-limactl $(TESTS) $(addprefix --filter ,$(SLOW_IN_VM))
	DVM_STAGE=$(CURDIR)/$(STAGE) DVM_IMAGE_SUITE=trixie scripts/with-limactl $(TESTS) --filter VMTests \
		$(addprefix --skip ,$(filter-out Vibe.does,$(NOT_IN_TEST)))

.PHONY: bench
bench: stage ## Measure dvm against what it replaces; prints ratios (STRICT=1: fail when one is over its budget)
	@scripts/bench $(if $(STRICT),--strict) $(STAGE)

.PHONY: format
format: ## Format the sources
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests

.PHONY: docs
docs: ## Show the protocol's documentation as text
	@cat Sources/Protocol/Protocol.docc/Protocol.md

.PHONY: clean
clean: ## Remove what was built
	rm -rf .build .build-guest
