# `make help` lists the targets. Nothing has to be installed but Go.
GO      ?= go
ARGS    ?=
FUZZTIME ?= 30s
PAPER   ?= docs/results
# Folders of trained baselines (docs/training/readers) that the study compares with.
READERS ?= $(patsubst %/recipe.safetensors,%,$(wildcard build/readers/*/recipe.safetensors))
BIN     := build/bin
# Sizes of `make soak`; `SOAK=` alone runs the small ones of `make e2e`.
SOAK    ?= -soak.short=100000 -soak.long=500 -soak.tenants=20 -soak.time=10m -soak.kills=50
# The module inside Weaviate's server is a Go module of its own: nothing else needs all of Weaviate's dependencies.
INSIDE  := integration/weaviatemodule
BENCH   ?= .
BENCHFLAGS ?=
BENCHPKGS ?= ./...
ROUNDS  ?= 1 2 3 4 5 6
BENCHSTAT := golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Packages with fuzz tests, found by their names.
FUZZ     = $(shell grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u)

.DEFAULT_GOAL := help
.PHONY: help build run run-weaviate weaviate weaviate-next test vet race e2e soak crash test-arm64 bench bench-compare fuzz paper paper-smoke ablations generate clean

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

build: ## build the program into build/bin
	$(GO) build -trimpath -o $(BIN)/perk ./cmd/perk

run: build ## serve a generated sample collection and ask about it; ARGS=--once ends after the answers
	$(BIN)/perk demo $(ARGS)

run-weaviate: build ## the same with the documents in a real Weaviate, built from its Go module
	$(BIN)/perk demo --weaviate-server $(BIN) $(ARGS)

weaviate: build ## build a Weaviate server with the perk module inside into build/bin, from Weaviate's Go module
	$(GO) -C $(INSIDE) run ./cmd/rehost -out ../../build/weaviate -binary ../../$(BIN)/weaviate-perk-server

NEXT ?= v1.36.0
weaviate-next: build ## build the module into another version of Weaviate and ask it; NEXT=v1.36.0
	$(GO) -C $(INSIDE) run ./cmd/rehost -weaviate $(NEXT) -out ../../build/weaviate-$(NEXT) -binary ../../$(BIN)/weaviate-perk-server-$(NEXT)
	PERK_E2E=1 PERK_SERVER_BIN=$(CURDIR)/$(BIN)/weaviate-perk-server-$(NEXT) $(GO) -C $(INSIDE) test -count=1 ./e2e

test: vet paper-smoke ## what CI runs: formatting, vet, staticcheck, all tests, short tests under the race detector
	$(GO) test ./...
	$(GO) -C $(INSIDE) test ./...
	$(GO) test -race -short ./...

vet: ## formatting, go.mod, vet, staticcheck
	@files=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); test -z "$$files" || { echo "run gofmt -w on:"; echo "$$files"; exit 1; }
	$(GO) mod tidy -diff
	$(GO) -C $(INSIDE) mod tidy -diff
	$(GO) vet ./...
	$(GO) -C $(INSIDE) vet ./...
	$(GO) run $(STATICCHECK) ./...

# Built with the module's dependencies, the stock server shares nearly all of its compiled packages with the server that has the module.
e2e: ## the main job against real Weaviate servers, stock and with the module, which are built into build/bin the first time
	$(GO) -C $(INSIDE) build -o ../../$(BIN)/weaviate-server github.com/weaviate/weaviate/cmd/weaviate-server
	PERK_E2E=1 $(GO) test -count=1 -timeout 30m ./integration/...
	PERK_E2E=1 $(GO) -C $(INSIDE) test -count=1 -timeout 30m ./e2e

soak: ## a changing collection of SOAK documents beside a Weaviate in use, then kills of every process; hours in full size
	PERK_E2E=1 $(GO) test -count=1 -v -timeout 24h ./integration/e2e -run 'TestSoak|TestKills' $(SOAK)

crash: ## kill -9 at 200 random moments of writing, then look for half or lost adapters; plugin and Weaviate 50 times each under load
	$(GO) test ./adapterstore -run '^TestCrash$$' -v -count=1 -timeout 20m -crash.rounds=200
	$(GO) test ./cmd/perk -run '^TestKilledEncode$$' -v -count=1 -timeout 20m -kill.rounds=20
	PERK_E2E=1 $(GO) -C $(INSIDE) test ./e2e -run '^TestKilled$$' -v -count=1 -timeout 60m -kill.rounds=50

bench: ## benchmarks of kernels, model, encoder, store and wire; BENCH names some of them, BENCHFLAGS adds to them
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(BENCHFLAGS) $(BENCHPKGS)

# The other commit is checked out below build; both are measured in turns, so that what else the machine does falls on both alike.
bench-compare: ## the same of this tree and of REF=commit in turns, compared by benchstat; BENCH, BENCHFLAGS, BENCHPKGS as in bench
	@test -n "$(REF)" || { echo "name a commit: make bench-compare REF=HEAD~1"; exit 2; }
	rm -rf build/compare && mkdir -p build/compare && git worktree prune && git worktree add --detach build/compare/tree $(REF)
	@set -e; trap 'git worktree remove --force build/compare/tree' EXIT; for round in $(ROUNDS); do \
		(cd build/compare/tree && $(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(BENCHFLAGS) $(BENCHPKGS)) >>build/compare/old.txt; \
		$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(BENCHFLAGS) $(BENCHPKGS) >>build/compare/new.txt; \
	done; $(GO) run $(BENCHSTAT) build/compare/old.txt build/compare/new.txt

test-arm64: ## the kernels' tests on an emulated arm64; wants qemu-aarch64 (Debian's qemu-user)
	mkdir -p build
	GOARCH=arm64 CGO_ENABLED=0 $(GO) test -c -o build/kernel-arm64.test ./internal/kernel
	cd internal/kernel && qemu-aarch64 ../../build/kernel-arm64.test -test.short

fuzz: ## every fuzz test for FUZZTIME
	@set -e; for d in $(FUZZ); do for f in $$(grep -ohE '^func Fuzz[A-Za-z0-9]+' $$d/*_test.go | cut -c6-); do \
		echo "$$d $$f"; $(GO) test $$d -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x; done; done

paper: ablations ## measure every figure of docs/results (hours; goes on where it was ended); ARGS="--only length" measures a part
	$(BIN)/perk eval --suite paper --out $(PAPER) --variants build/ablations $(addprefix --reader ,$(READERS)) $(ARGS)

paper-smoke: build ## the same study with a few questions each, to see that everything runs
	rm -rf build/paper-smoke
	$(BIN)/perk eval --suite paper --scale smoke --out build/paper-smoke

# A training that is done ends at once; one that was ended goes on from its checkpoint.
ablations: build ## train the models of the ablations into build/ablations (an hour or two; goes on where it was ended)
	@set -e; for f in $(filter-out %/base.json,$(wildcard docs/training/ablations/*.json)); do \
		name=$$(basename $$f .json); test -f build/ablations/$$name/recipe.safetensors || { echo "train $$name"; $(BIN)/perk train --config $$f --out build/ablations/$$name; }; done

generate: ## write generated code again: assembler kernels, protobuf (needs protoc)
	$(GO) generate ./...

clean: ## remove what was built
	rm -rf build
