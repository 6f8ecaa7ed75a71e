# Everything that a newcomer types. A fresh machine needs Node 20+, npm, make and a C++ compiler; the rest is installed here.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help install build run test test-fast fuzz check faults prometheus kafka kafka-stop demo rebuild bench replay-at-scale long-stream clean dist dist-link package docs docs-api test-package upgrade-fixture

# What an installed command sets too (the first line of api/cli/main.ts): the Kafka client's threads would fill up to 16 memory
# arenas, and Node a nursery of 48 MB. A program that rebuilds keeps up to 100 MB less.
export MALLOC_ARENA_MAX ?= 2
TIDEMARK := node --max-semi-space-size=4 build/api/cli/main.js
SOURCES := $(shell find domain infra projections api test -name '*.ts' 2>/dev/null)
PAGES := $(shell find api/console/pages -type f 2>/dev/null)

# Where the Kafka client's prebuilt binary can't be downloaded, npm builds it from its bundled source: against the
# system's libraries (its own would be downloaded too), with this Node's headers if they are there, and not in parallel.
export CKJS_LINKING := dynamic
unexport JOBS
unexport MAKEFLAGS
NODE_PREFIX := $(shell node -p "require('path').resolve(process.execPath, '../..')" 2>/dev/null)
ifneq ($(wildcard $(NODE_PREFIX)/include/node/node_api.h),)
export npm_config_nodedir := $(NODE_PREFIX)
endif

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

install: node_modules/.installed ## installs what package-lock.json pins
node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

build: build/.built ## compiles, with every type checked
build/.built: node_modules/.installed tsconfig.json .console-bundle.mjs $(SOURCES) $(PAGES)
	npx tsc --project tsconfig.json
	npx tsc --project api/console/pages/tsconfig.json
	node .console-bundle.mjs
	@$(MAKE) --no-print-directory dist-link
	@touch $@

# The package's command is dist/api/cli/main.js. In the checkout that is the build; `npm pack` puts the real files there for a
# moment: without tests and source maps, with the types.
dist: build
	@rm -rf dist
	node .package-files.mjs dist
dist-link:
	@rm -rf dist && ln -s build dist

docs-api: install ## the API reference of the package, from the docstrings, into build/docs/api
	npx typedoc --options .typedoc.json

test-package: build ## installs the packed package as users do (downloads, builds native parts: minutes) and runs applications with it
	REAL_INSTALL=true node build/test/run.js test/package/package

package: build ## packs what npm publishes into build/, as a file that 'npm install' takes
	npm pack --pack-destination build

docs: docs-api ## the documentation as plain HTML in build/docs, links checked, with the API reference in build/docs/api
	node .docs-site.mjs build/docs

upgrade-fixture: build
	@node build/test/upgrade/make-fixture.js

# Where the demonstration receives the webhooks of deliveries from the server of `make run`; set it to nothing for none.
export DELIVERY_WEBHOOK_URL ?= http://127.0.0.1:8090/deliveries
export DELIVERY_WEBHOOK_SECRET ?= whsec_Zm9yIHRoZSBkZW1vbnN0cmF0aW9uIG9ubHk=
export DELIVERY_WEBHOOK_TO_PRIVATE ?= true

run: build ## serves on http://127.0.0.1:8080 (PORT, DATA_DIR, KAFKA_BROKERS)
	@exec $(TIDEMARK) serve

demo: build ## posts real (ORDERS_DIR) or generated orders to the running server (BASE_URL) and checks the totals
	@$(TIDEMARK) demo

rebuild: build ## rebuilds a projection from offset zero: make rebuild P=order-summary [FROM=store]
	@$(TIDEMARK) rebuild $(P) $(if $(FROM),--from $(FROM))

replay-at-scale: build ## a million events (EVENTS, ORDERS_DIR) on a Kafka of its own: rebuild, kill, verify, explain; some minutes
	@node --enable-source-maps build/test/benchmarks/replay/replay-at-scale.js

long-stream: build ## a command on a stream of 100,000 events beside one on a stream of ten
	@node build/test/benchmarks/long-stream.js

kafka: build ## starts a real single-node Apache Kafka on 127.0.0.1:9092
	@$(TIDEMARK) kafka start

kafka-stop: build ## stops it; its data stays
	@$(TIDEMARK) kafka stop

test: build ## runs every test; starts its own real Kafka (T=path-fragment runs some)
	@node build/test/run.js $(T)

faults: build ## plants eight faults on a real Kafka; readiness and alerts must name each, and no other (make prometheus): minutes
	@node --enable-source-maps build/test/faults/eight-faults.js

prometheus: .prometheus/usr/bin/promtool ## fetches Debian's prometheus into .prometheus, without root, for tests of the alert rules
.prometheus/usr/bin/promtool:
	@mkdir -p .prometheus && cd .prometheus && apt-get download -qq prometheus && dpkg -x prometheus_*.deb . && rm -f prometheus_*.deb && touch usr/bin/promtool

test-fast: build ## the tests that need neither a broker nor other processes: under a minute
	@node build/test/run.js --fast $(T)

fuzz: build ## five minutes of generated requests, held to the program's own OpenAPI document (SECONDS_TO_RUN)
	@test/fuzz/fuzz.sh

bench: build ## poisoned keys on a real Kafka, long streams; figures in test/benchmarks/results.json
	@node build/test/benchmarks/poisoned-keys.js
	@node build/test/benchmarks/long-stream.js

check: build ## types, lint, format, architecture, contracts: seconds, no services
	npx eslint -c .eslint.config.mjs --max-warnings 0 domain infra projections api test
	npx prettier --check --log-level warn domain infra projections api test .eslint.config.mjs
	npx depcruise --config .dependency-cruiser.cjs domain infra projections api test
	$(TIDEMARK) contracts check

clean: ## removes what was built (not the data)
	rm -rf build dist
