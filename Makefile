# One entry for people and CI alike. `make help` lists what there is.

SWIFT ?= swift
PREFIX ?= $(HOME)/.local

# What building needs, and what the demo and the tests call besides: script, less, mount, ps and pgrep,
# Python with its standard library, sqlite3, strace, time, setsid and unshare, vi.
PACKAGES = git libgit2-dev libpcre2-dev libsqlite3-dev zlib1g-dev pkg-config bsdutils less mount \
  procps python3 sqlite3 strace time util-linux vim-tiny

RELEASE = .build/release/laforge

.PHONY: help setup build demo test soak fresh benchmark format lint install clean

help:
	@echo 'make demo       set up, build, and record two steps in a new repository'
	@echo 'make test       set up, and run every check and test'
	@echo 'make build      build the release program, $(RELEASE)'
	@echo 'make install    copy it to $(PREFIX)/bin'
	@echo 'make soak       the tests that search, with many more seeds'
	@echo 'make fresh      demo and test in new Debian systems; needs root and debootstrap'
	@echo 'make benchmark  ratios against yardsticks measured in the same session'
	@echo 'make format     format the sources'

# Installs the Debian packages that are missing; nothing else is changed.
setup:
	@command -v $(SWIFT) >/dev/null || { \
	  echo 'Error: Swift 6.2 or newer is needed, and no "$(SWIFT)" is on PATH.' >&2; exit 1; }
	@missing=; for package in $(PACKAGES); do \
	  dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q ' installed$$' || \
	    missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
	  echo "Installing$$missing"; \
	  if [ "$$(id -u)" = 0 ]; then as_root=; else as_root=sudo; fi; \
	  $$as_root apt-get update -qq && $$as_root env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi

# Tests start processes and set time limits to some, so only so many run at a time.
# Swift 6.2 has no option for it.
WIDTH = $(addsuffix $(space)4,$(shell $(SWIFT) test --help-hidden 2>/dev/null | \
  grep -o -m 1 -e --experimental-maximum-parallelization-width | head -1))
space = $() $()

# A single wait has a shorter limit, see `TestEnvironment.patience`.
TEST_MINUTES ?= 60

# The Swift standard library is linked in, so the program starts where no Swift is installed.
build: setup
	$(SWIFT) build -c release --static-swift-stdlib --product laforge

demo: build
	@Tests/Demo/demo $(abspath $(RELEASE))

test: lint build
	@if ldd $(RELEASE) | grep -iE 'swift|foundation'; then \
	  echo 'Error: the release program needs a Swift installation.' >&2; exit 1; fi
	@Tests/Demo/demo $(abspath $(RELEASE)) >/dev/null
	@timeout --foreground --kill-after=20 $(TEST_MINUTES)m $(SWIFT) test $(WIDTH) || { status=$$?; \
	  case $$status in 124 | 137) \
	    echo 'Error: The tests were killed, or did not end within $(TEST_MINUTES) minutes.' >&2;; esac; \
	  exit $$status; }

soak: setup
	LAFORGE_SEEDS=2000 $(SWIFT) test --filter 'TimestampTests|ChunkingTests|KillTests|StatePropertyTests|GitNoiseTests|KeptStatesTests|UsageFuzzTests'

# RELEASES=trixie takes one release, FRESH_ROOT=FOLDER keeps the systems for the next time.
fresh:
	@SWIFT=$(SWIFT) Tests/Fresh/run $(RELEASES)

benchmark: build
	@Tests/Benchmarks/run $(abspath $(RELEASE))

format:
	$(SWIFT) format -i -r Package.swift Sources Tests Hooks

lint: setup
	$(SWIFT) format lint --strict -r Package.swift Sources Tests Hooks

install: build
	install -D -m 755 $(RELEASE) $(PREFIX)/bin/laforge

clean:
	rm -rf .build
