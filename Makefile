# One page of commands; what they do is in scripts/.  `make help` lists them.

JOBS ?= 2
SEEDS ?= 1..100000
PROFILE ?= light
T ?= 3600
HISTORIES ?= 1..600
N ?= 200
SCALE ?= 1
NODES ?= 1
BIN := bin/orrery

.PHONY: help deps build test cluster stop-cluster load-test bench \
  bench-storage golden golden-scenarios golden-all campaign mutants fuzz crash-points test-pages \
  kill-loop bit-flips test-tsan test-valgrind test-words coverage lint fmt clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | \
	  awk -F'\t' '{printf "  make %-17s %s\n", $$1, $$2}'

deps:
	@scripts/install-deps.sh

build: deps  ## install what is missing, build bin/orrery
	@scripts/build.sh release orrery

test: deps  ## install, build, run every test
	@scripts/build.sh release
	@ctest --test-dir build/release -j$(JOBS) --output-on-failure \
	  --no-tests=error

cluster: build  ## start three nodes on 8001-8003 and try them
	@scripts/start_cluster.sh

stop-cluster:  ## stop them
	@scripts/stop_cluster.sh

test-pages: build  ## open the pages of `sim show` in Chromium
	@scripts/test_pages.sh $(BIN)

test-words: build  ## 104,000 words through three nodes, one killed half-way
	@python3 tests/system/words.py $(BIN)

kill-loop: build  ## N=200 NODES=1 SEED=: kill -9 under load, nothing is missing
	@python3 tests/system/kill_loop.py $(BIN) --kills $(N) --nodes $(NODES) \
	  $(if $(SEED),--seed $(SEED))

bit-flips: build  ## N=200 SEED=: bits of a stopped node's files flip, all is repaired
	@python3 tests/system/bit_flips.py $(BIN) --rounds $(N) \
	  $(if $(SEED),--seed $(SEED))

load-test: build  ## load the running cluster
	@$(BIN) bench --target 127.0.0.1:8001 --requests 100000 --concurrency 50 \
	  --write-ratio 0.5

bench: build  ## measure a responder, one node, three nodes
	@scripts/bench.py

bench-storage: deps  ## SCALE=1 WRITE=1: the engine against raw loops of the disk
	@scripts/build.sh release bench_storage
	@scripts/bench_storage.py --scale $(SCALE) $(if $(WRITE),--write)

golden: build  ## regenerate the golden digests; the commit says why
	@scripts/golden.py --update $(BIN)

golden-scenarios: build  ## draw the golden scenarios anew: new kinds of steps
	@scripts/golden.py --make $(BIN)

golden-all: build  ## compare the golden digests of every compiler's leg
	@scripts/golden_all.sh

campaign: deps  ## SEEDS=1..100000 PROFILE=light RESUME=1: look for bugs
	@scripts/build_campaign.sh
	@build/campaign/bin/orrery sim run --profile $(PROFILE) \
	  --seeds $(SEEDS) $(if $(RESUME),--resume)

mutants: deps  ## every planted bug must be caught; goes on where it was stopped
	@python3 scripts/mutants.py run

fuzz: deps  ## T=3600: every fuzz harness for T seconds, two at a time
	@scripts/build.sh asan-ubsan
	@scripts/ci/fuzz.sh $(T) --keep

crash-points: deps  ## HISTORIES=1..600 RESUME=1: every crash of short histories
	@scripts/build.sh release crash_points
	@build/release/tests/crash_points --histories $(HISTORIES) --jobs $(JOBS) \
	  $(if $(RESUME),--resume)

test-tsan: deps  ## every test under ThreadSanitizer
	@scripts/build.sh tsan
	@ctest --test-dir build/tsan -j$(JOBS) --output-on-failure --no-tests=error

test-valgrind: deps  ## 20 golden scenarios under memcheck
	@scripts/build.sh gcc orrery
	@scripts/test_valgrind.sh build/gcc/bin/orrery

coverage: deps  ## line coverage of the tests, in build/coverage/html
	@scripts/coverage.sh

lint: deps  ## clang-tidy, purity of both compilers, format, house rules
	@scripts/lint.sh

fmt:  ## format the sources in place
	@scripts/ci/format.sh --fix

clean:  ## remove builds; data stays
	rm -rf build bin
