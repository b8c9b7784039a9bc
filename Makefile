# AnomNet. `make run` builds and serves the page; `make test` checks everything. `make help` lists the rest.
GO      ?= go
GOROOT  := $(shell $(GO) env GOROOT)
ADDR    ?= 127.0.0.1:8080
PORTABLE = CGO_ENABLED=0
WASMEXEC = $(GOROOT)/lib/wasm/go_js_wasm_exec

.NOTPARALLEL:
.PHONY: run build site edge test-edge release release-check torch test check test-race deadcode screenshots test-go test-wasm test-arm64 test-torch test-e2e deps fuzz soak diff bench generate golden default backbone student part peers clean help

run: build ## build everything and serve the page (ADDR=127.0.0.1:8080)
	bin/anomnet serve --addr $(ADDR)

build: site ## bin/anomnet, with the page inside; needs only Go
	$(PORTABLE) $(GO) build -trimpath -o bin/anomnet ./cmd/anomnet

site: ## assets/site: the page as static files
	$(PORTABLE) $(GO) run ./cmd/mksite

edge: ## .build/edge: the Cloudflare Worker and its site; docs/deploy.md
	$(PORTABLE) $(GO) run ./cmd/mksite -edge .build/edge

release: ## dist/: archives of command line and site, checksums, bill of materials (VERSION=v1.2.3, SECRET=KEY PASSPHRASE=FILE sign); docs/release.md
	$(GO) run ./cmd/mkrelease -version "$(VERSION)" -o dist $(if $(SECRET),-secret "$(SECRET)") $(if $(PASSPHRASE),-passphrase-file "$(PASSPHRASE)")

release-check: ## two whole releases in different folders, with empty caches: are they the same bytes? (many minutes)
	RELEASE=whole $(GO) test -count=1 -timeout 60m -v -run TestReproducible ./cmd/internal/release

torch: site ## bin/anomnet with the trainer; LIBTORCH=DIR, or installs Debian's libtorch
	e=$$(trainer/torch/setup.sh --install) && eval "$$e" && $(GO) build -tags torch -o bin/anomnet ./cmd/anomnet

test: deps check test-go test-race test-wasm test-torch test-e2e ## everything, installing what it needs

deps: ## install Chromium, node, a C compiler and libtorch where apt-get may
	.ci/deps

check: ## gofmt, vet, staticcheck, govulncheck
	@bad=$$(gofmt -l assets cmd core trainer wasm webui | grep -v '_gen\.go$$' || true); [ -z "$$bad" ] || { echo "gofmt: $$bad"; exit 1; }
	$(GO) vet ./...
	GOOS=js GOARCH=wasm $(GO) vet ./core/... ./wasm/... ./webui/...
	.ci/static

# -vet=off: make check, or the line itself, has vetted the same packages.
test-race: ## the race detector, in the packages that start goroutines
	$(GO) test -vet=off -race -short ./core/parallel ./core/inspect ./core/teach ./trainer/cluster ./trainer/compare ./trainer/evaluate ./cmd/internal/site ./cmd/internal/modelstore ./cmd/internal/chromium

deadcode: ## functions that nothing calls, on the host with libtorch or in the browser
	e=$$(trainer/torch/setup.sh --install) && eval "$$e" && .ci/deadcode

test-go: ## all packages natively, with no libtorch and no browser
	$(GO) test -vet=off ./...

test-wasm: ## core and the kernel modules as js/wasm in node
	GOOS=js GOARCH=wasm $(GO) test -vet=off -exec="$(WASMEXEC)" ./core/... ./wasm/protocol/...
	$(GO) run ./cmd/mksite -kernels .build/kernels
	KERNELS=$(CURDIR)/.build/kernels GOOS=js GOARCH=wasm $(GO) test -vet=off -exec="node --stack-size=8192 $(CURDIR)/wasm/simd/testdata/exec.mjs" ./wasm/simd

test-arm64: ## core as arm64 under qemu-aarch64 (Debian: qemu-user), where a fused multiply-add would show
	.ci/deps arm64
	$(PORTABLE) GOARCH=arm64 $(GO) test -exec qemu-aarch64 ./core/...

test-torch: ## the trainer against libtorch; of the command line what differs by it
	e=$$(trainer/torch/setup.sh --install) && eval "$$e" && $(GO) vet -tags torch ./trainer/... ./cmd/... && $(GO) test -vet=off -tags torch ./trainer ./trainer/baseline ./trainer/compare ./trainer/distill ./trainer/method ./trainer/torch && $(GO) test -vet=off -tags torch -run 'Train|Distill|Compare' ./cmd/anomnet

test-e2e: torch ## the page in real Chromium, with a head trained on real images
	ANOMNET_BIN=$(CURDIR)/bin/anomnet $(GO) test -tags e2e -count=1 -timeout 18m -v ./cmd/e2e

screenshots: ## docs/*.jpg, the pictures of the README, from the page in Chromium
	$(GO) run ./cmd/mksite -fast -o .build/screenshots
	DOCS=$(CURDIR)/docs SITE=$(CURDIR)/.build/screenshots $(GO) test -tags e2e -count=1 -run TestScreenshots ./cmd/e2e

test-edge: ## the worker in Cloudflare's runtime, which npm installs into .build/npm, and the page from it in Chromium
	$(GO) test -tags e2e -count=1 -v -run 'TestEdge|TestManyLoads' ./cmd/e2e

fuzz: ## every fuzz target for FUZZTIME (30s); FUZZ="core/imaging FuzzRead" picks packages and targets
	.ci/fuzz $(FUZZ)

DIFFPY = .build/diff/bin/python

$(DIFFPY):
	python3 -m venv .build/diff && .build/diff/bin/pip install -q pillow==13.0.0 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1

diff: $(DIFFPY) ## what is read and measured, held against Pillow and scikit-learn (installed into .build/diff; DIFF=1000 files and cases, seeds fixed)
	PYTHON=$(CURDIR)/$(DIFFPY) DIFF=$${DIFF:-1000} DIFF_IMAGES=$(wildcard $(CURDIR)/../shared/data) $(GO) test -count=1 -timeout 60m -v -run 'Pillow|ScikitLearn' ./cmd/internal/varied ./core/metrics

soak: ## SOAK (10,000) images through the page with crashes, SOAK_HOURS=24 for so long, then KILLS (50) kills of the browser and of each command; docs/reliability.md
	SOAK=$${SOAK:-10000} KILLS=$${KILLS:-50} $(GO) test -tags e2e -count=1 -timeout 0 -v -run 'TestSoak$$|TestKills$$' ./cmd/e2e
	e=$$(trainer/torch/setup.sh --install) && eval "$$e" && KILLS=$${KILLS:-50} OMP_NUM_THREADS=1 $(GO) test -tags torch -count=1 -timeout 0 -v -run 'Killed|Stopped|FullDisk' ./cmd/anomnet

NETS = assets/models/backbone.anomnet assets/models/default.anomnet $(if $(wildcard ../shared/weights/resnet18*),.build/resnet18.anomnet)

bench: build $(NETS) ## our tiers beside onnxruntime (installed into .build/peer), natively and in Chromium
	-[ -x .build/peer/bin/python ] || { python3 -m venv .build/peer && .build/peer/bin/pip install -q onnxruntime numpy; }
	bin/anomnet bench engine $(NETS:%=--model %)
	bin/anomnet bench browser $(NETS:%=--model %)

.build/resnet18.anomnet: | build
	bin/anomnet import --from ../shared/weights/resnet18_imagenet_folded.safetensors --arch resnet18 --images ../shared/data/natural \
		--calibrate 20 --held-out 5 --name resnet18 --licence BSD-3-Clause --out $@

peers: build .build/resnet18.anomnet ## our PatchCore, PaDiM and pixel figures beside anomalib's, installed into .build/peers (6 GB; SETS=fabric, RATIO=0.1, GOOD=160)
	[ -x .build/peers/bin/python ] || { python3 -m venv .build/peers && .build/peers/bin/pip install -q --no-cache-dir anomalib==2.7.0 torch==2.6.0 torchvision==0.21.0; }
	.build/peers/bin/python -W ignore trainer/evaluate/testdata/peers/aupro_golden.py core/metrics/testdata/golden.json
	OMP_NUM_THREADS=1 .build/peers/bin/python -W ignore trainer/evaluate/testdata/peers/anomalib_peer.py --data ../shared/data --natural ../shared/data/natural \
		--weights ../shared/weights/resnet18_imagenet_folded.safetensors --anomnet bin/anomnet --backbone .build/resnet18.anomnet --work .build/peers/work \
		--sets $(or $(SETS),fabric,screw,magnetic_tile) --ratio $(or $(RATIO),0.01) --good $(or $(GOOD),0)
	PEERS=$(CURDIR)/.build/peers/work $(GO) test -count=1 -v -run Peers ./trainer/evaluate

generate: ## the .vugu components and the assembly
	$(GO) generate ./webui/... ./core/engine/...

golden: ## golden files of core, from Pillow and scikit-learn
	python3 core/imaging/testdata/golden.py && python3 core/metrics/testdata/golden.py

# The default backbone: float weights and description (.safetensors, .json), and its name.
STUDENT ?= .build/distill/student
NAME    ?= student-v1

default: backbone part ## another default backbone and all that follows from it (STUDENT=WEIGHTS NAME=NAME); docs/backbone.md, "Replacing the default"
	$(MAKE) build

backbone: build ## assets/models/backbone.anomnet of STUDENT, which make student makes (3 minutes)
	bin/anomnet import --from $(STUDENT).safetensors --describe $(STUDENT).json --images ../shared/data/natural --name $(NAME) \
		--licence "our own work" --out assets/models/backbone.anomnet --card "$$(cat assets/models/backbone.card)"

student: torch ## .build/distill/student.*: the default backbone, distilled anew from ../shared (three hours, 9 GB; docs/backbone.md)
	bin/anomnet distill --teacher ../shared/weights/resnet18_imagenet_folded.safetensors --images ../shared/data/natural --init ../shared/weights/student_v0.safetensors \
		--steps 10000 --finish 800 --crops 36000 --rate 0.002 --finish-rate 0.0002 --batch 16 --threads 2 --seed 0 \
		--out .build/distill/student.anomnet --resume .build/distill/student --name $(NAME) --licence "our own work"

part: build ## the built-in part and its samples
	bin/anomnet synth --n 400 --test-good 30 --defects 30 --out .build/washer
	bin/anomnet teach --good .build/washer/train/good --part "Washer (demo)" --backbone assets/models/backbone.anomnet --out assets/models/default.anomnet
	bin/anomnet synth --samples --n 400 --test-good 30 --out assets/samples

clean: ## remove what was built
	rm -rf bin .build assets/site/*

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14
