# Everything builds with Go alone: no C compiler, no Node, no database server.
export CGO_ENABLED ?= 0
TAGS := nomsgpack
PACKAGES ?= ./...
# Of one package: a machine with other things to do takes several times what a quiet one does.
TIMEOUT := 25m

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build ./causeway, and say what the web chat's scripts weigh
	go build -tags $(TAGS) -trimpath -o causeway ./cmd/causeway
	@for s in bridge panel; do echo "web chat: $$s.js $$(gzip -9 -c bridges/webchat/dist/$$s.js | wc -c) bytes gzipped"; done

demo: build ## start the gateway and a simulated WhatsApp and mailbox, and say what to open
	./causeway demo

script: build ## play the demo's whole conversation, check each step, and end
	./causeway demo --script

test: ## run every test (PostgreSQL, swaks and the like are used where they are there)
	go test -timeout $(TIMEOUT) -tags $(TAGS) ./cmd/... ./... # what takes longest begins first

race: ## run the tests, but the longest and SKIP, with the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -short -timeout $(TIMEOUT) $(if $(SKIP),-skip '$(SKIP)') -tags $(TAGS) $(PACKAGES)

lint: ## check format, vet and lint
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run: gofmt -w ."; exit 1; }
	go vet -tags $(TAGS) ./...
	@if command -v golangci-lint >/dev/null; then golangci-lint run --build-tags $(TAGS) ./...; else echo "golangci-lint is not installed: skipped"; fi

docs: ## write the tables in README.md and docs/ anew from the code
	go run -tags $(TAGS) ./cmd/causeway docs --write

KILLS ?= 200
SETTLE ?= 2m
crash: build ## kill the gateway 200 times under load, and prove that nothing is lost or doubled
	./causeway crash --kills $(KILLS) --settle $(SETTLE) --database sqlite $(if $(CAUSEWAY_TEST_POSTGRES),--database "$(CAUSEWAY_TEST_POSTGRES)")

AWAY ?= 20s,100s
away: ## take PostgreSQL away for 20 s and for 100 s, cut off and frozen, under load, and prove that nothing is lost or doubled
	CAUSEWAY_AWAY=$(AWAY) CAUSEWAY_REQUIRE_PEERS=1 go test -tags $(TAGS) -count 1 -timeout 30m -v -run 'TestDatabaseCutOff' ./cmd/causeway

FUZZTIME ?= 10m
FUZZ ?= Fuzz
fuzz: ## run every fuzzer in turn, FUZZTIME each (or those whose name has FUZZ in it); what one finds stays in testdata/fuzz and is a test from then on
	@grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9]*' . | sed 's|/[^/]*:func | |' | sort -u | grep -- '$(FUZZ)' | while read -r dir name; do \
		echo "== $$dir $$name"; \
		go test -tags $(TAGS) -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $(FUZZFLAGS) $$dir </dev/null || exit 1; \
	done

clean: ## remove what was built
	rm -f causeway

.PHONY: help build demo script test race lint docs crash away fuzz clean
