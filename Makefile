# The few things to do with kops. `make help` lists them.
SHELL   := /bin/bash
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X kops/internal/cli.version=$(VERSION)

TORTURE  = $(sort $(dir $(shell grep -rl '^func TestTorture' --include='*_test.go' ./internal ./lab))) # the packages that have any

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/kops, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/kops ./cmd/kops

.PHONY: demo
demo: ## from a bare Debian machine to a monitored Kafka fleet (as root)
	lab/demo

.PHONY: lint
lint: ## gofmt, vet, staticcheck, architecture
	@test -z "$$(gofmt -l cmd internal lab bench)" || { gofmt -l cmd internal lab bench; echo 'these files are not formatted: run gofmt -w'; exit 1; }
	go vet ./...
	go vet -tags 'lab torture' ./...
	go tool staticcheck ./...

.PHONY: unit
unit: ## unit tests with the race detector
	go test -race ./...

.PHONY: lab-test
lab-test: build ## tests on real machines (as root; boots the lab)
	lab/test

.PHONY: test
test: lint unit lab-test ## everything: lint, unit tests, lab tests

.PHONY: bench
bench: bench-alone bench-peers bench-files bench-latency bench-fleet bench-go ## measure kops against the floor and its peers (as root; boots lab machines)

.PHONY: bench-alone
bench-alone: # Kafka's servers take a part of the cores even where nobody asks them for anything
	lab/lab down

.PHONY: bench-peers
bench-peers: build
	go run ./bench/peers

.PHONY: bench-files
bench-files: build
	go run ./bench/files

.PHONY: bench-latency
bench-latency: build
	lab/lab up spare21
	go run ./bench/latency; code=$$?; lab/lab down spare21; exit $$code

.PHONY: bench-fleet
bench-fleet: # each size in a process of its own, for its memory
	set -o pipefail; for n in 100 250 500 1000; do go test ./bench/fleet -run '^$$' -bench "Fleet/hosts=$$n$$" -benchtime 1x | grep -E '^Bench|FAIL|_test.go' || exit 1; done

.PHONY: bench-go
bench-go:
	go test -run '^$$' -bench . ./internal/run ./internal/jinja ./internal/vars ./internal/yamlpos ./internal/secret ./internal/report/... ./internal/cli

.PHONY: docs
docs: build ## write docs/modules from the modules themselves
	bin/kops doc --write docs/modules

.PHONY: torture
torture: build ## everything that tries to break kops for long, on real machines (as root; about an hour)
	lab/lab artifacts
	go test -tags 'lab torture' -p 1 -count 1 -timeout 180m -v -run Torture $(TORTURE)
