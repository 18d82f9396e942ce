# Claviger. `make` lists what there is.
CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
export PATH := $(HOME)/.cargo/bin:$(PATH)
# The PKCS#11 module that goes wrong for tests: a package of its own, and built by the tests that use it.
FAULTS = $(CARGO) fmt --check --manifest-path tests/faults/Cargo.toml && \
	$(CARGO) clippy --locked --manifest-path tests/faults/Cargo.toml --target-dir $(TARGET)/faults -- -D warnings

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

ceremony: ## set up, build and rehearse a ceremony on a software token
	@tests/setup ceremony
	@$(CARGO) build --release --locked
	@if [ -t 0 ] && [ -t 1 ]; then exec $(TARGET)/release/claviger rehearse; \
	else exec $(TARGET)/release/claviger rehearse --auto; fi

test: setup ## set up, build, lint and run every test
	@rm -f target/skipped.txt
	@mkdir -p target && git diff > target/before.diff 2>/dev/null || true
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	$(CARGO) clippy --test image --locked -- -D warnings
	$(CARGO) clippy --lib --bins --locked --no-default-features -- -D warnings
	$(FAULTS)
	$(CARGO) build --locked
	$(CARGO) test --locked
	@tests/image/run
	@tests/skipped
	@git rev-parse --git-dir >/dev/null 2>&1 || exit 0; git diff | cmp - target/before.diff || \
	{ echo "the tests changed files of the repository:" >&2; git diff --stat >&2; exit 1; }

check: ## format, lints and the shape of the house; nothing else runs
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	$(CARGO) clippy --test image --locked -- -D warnings
	$(FAULTS)
	$(CARGO) test --locked --test house

bench: ## measure rates, beside the token's own and other signers'
	@tests/setup
	$(CARGO) bench --locked

image: ## build the bootable images (FLAVOUR=ceremony, rehearsal or debug: one of them)
	@image/build $(FLAVOUR)

image-test: setup ## boot the images in QEMU: ceremonies, media, power cuts (a part of `make test`)
	@tests/image/run

image-test-full: setup ## besides, odd machines, every console, and two builds compared
	@tests/image/run full

image-lock: ## renew the lock of the images' packages and show the difference
	@image/lock

image-reproduce: ## build the images twice and compare them
	@image/reproduce $(FLAVOUR)

boot: ## boot an image in QEMU, with a stick and a floppy (FLAVOUR, FIRMWARE, MEDIUM: see image/boot)
	@image/boot $(or $(FLAVOUR),rehearsal)

fmt: ## format the code
	$(CARGO) fmt
	$(CARGO) fmt --manifest-path tests/faults/Cargo.toml

setup: ## install what tests need and this machine lacks
	@tests/setup

.DEFAULT_GOAL := help
.PHONY: help ceremony test check bench image image-test image-test-full image-lock image-reproduce boot fmt setup
