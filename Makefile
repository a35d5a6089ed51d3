# One entry for people and CI. `make help` lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Made anew when what is installed changes.
READY := $(VENV)/.ready
# The lowest versions of what pyproject.toml asks for, in an environment of their own.
LOWEST := .venv-lowest
LOWEST_READY := $(LOWEST)/.ready
# A current kubectl, for who has none.
KUBECTL := .kubectl/kubectl
# Each of what the mesh is measured beside has an environment of its own.
PEERS := plain triton kserve mlserver
PEERS_READY := $(PEERS:%=.peers/%/.ready)
PIP_INSTALL := python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo up test stories test-lowest k8s rollouts lint format protos classes docs models bench bench-peers sizes breadth soak lock clean
.PHONY: images image-base images-check

help: ## list what there is
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 20

demo: $(READY) ## watch five models race for wine records, in about a minute
	@$(BIN)/hedgerow demo

up: $(READY) ## keep a mesh running on this machine
	@$(BIN)/hedgerow up

test: $(READY) ## run the tests; stories, manifests (make k8s) and a cluster (make rollouts) have their own
	$(BIN)/python -m pytest --ignore tests/kubernetes -m "not story"

stories: $(READY) ## run what README, docs and demo show as one types it, faults under load, a short soak; six minutes
	$(BIN)/python -m pytest --ignore tests/kubernetes -m story

# Old versions of one package warn of new ones of another; that is not our claim, so warnings are no errors here.
test-lowest: $(LOWEST_READY) ## run the tests on the lowest versions that pyproject.toml claims
	$(LOWEST)/bin/python -m pytest -W default tests/hedgerow tests/services tests/end_to_end -m "not story"

k8s: $(READY) $(KUBECTL) ## render and check the manifests; a part of `make lint`
	$(BIN)/python -m pytest tests/kubernetes --ignore tests/kubernetes/rollouts

rollouts: $(READY) $(KUBECTL) ## roll, change and lose parts of a cluster under load; Linux, as root, ten minutes
	$(BIN)/python -m pytest -p no:randomly --timeout 300 tests/kubernetes/rollouts

lint: $(READY) k8s ## check style, types, protos and manifests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd protos && ../$(BIN)/buf lint && ../$(BIN)/buf format --diff --exit-code
	PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/python scripts/protos.py --check
	$(BIN)/python scripts/settings_docs.py --check

format: $(READY) ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd protos && ../$(BIN)/buf format -w

protos: $(READY) ## generate the stubs from protos/
	PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/python scripts/protos.py

classes: $(READY) ## compile the Java classes of the PMML engine, with a javac 17
	$(BIN)/python scripts/java_classes.py

docs: $(READY) ## write the table of settings in docs/operations.md
	$(BIN)/python scripts/settings_docs.py

models: $(READY) ## train the models of examples/wine again
	$(BIN)/python examples/wine/make_models.py

bench: $(READY) ## measure the mesh against its floors; twenty minutes, thirty with what `make bench-peers` installs
	$(BIN)/python -m bench

bench-peers: $(READY) $(PEERS_READY) ## install what it is measured beside (Triton, KServe, MLServer, plain grpc.aio) into .peers/

sizes: $(READY) ## measure memory, processor time and the log of each part; takes about fifteen minutes
	$(BIN)/python -m bench.sizes

breadth: $(READY) ## measure what a thousand data types cost each service; takes about six minutes
	$(BIN)/python -m bench.breadth

# Not named SECONDS: a shell's variable of that name counts its own.
soak: $(READY) ## strike a mesh under load with faults of every kind; FOR=3600 seconds, SEED=7; 600 without
	$(BIN)/python -m soak --seconds $(or $(FOR),600) $(if $(SEED),--seed $(SEED)) --logs .soak

images: $(READY) ## build the images; BASE=python@sha256:..., ENGINE=podman, TAG=... choose
	$(BIN)/python -m images build $(if $(BASE),--base '$(BASE)') $(if $(ENGINE),--engine $(ENGINE)) $(if $(TAG),--tag $(TAG))

image-base: $(READY) ## make a base for them of Debian's packages, where no registry of images is reached
	$(BIN)/python -m images base $(if $(BASE),--name '$(BASE)') $(if $(SUITE),--suite $(SUITE)) $(if $(MIRROR),--mirror '$(MIRROR)') $(if $(ENGINE),--engine $(ENGINE))

images-check: $(READY) ## start a mesh from the images and score with it; RUN=more options for the engine's run
	$(BIN)/python -m images check $(if $(RUN),--run='$(RUN)') $(if $(ENGINE),--engine $(ENGINE)) $(if $(TAG),--tag $(TAG))

LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --custom-compile-command "make lock" --quiet

# An image has the versions that are tested, and no more of them than it needs.
LOCK_IMAGE := $(LOCK) --constraint constraints.txt

lock: $(READY) ## write the constraints files anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) pyproject.toml --all-extras --group dev --output-file constraints.txt
	$(LOCK) pyproject.toml --all-extras --group test --resolution lowest-direct --upgrade --output-file constraints-lowest.txt
	$(LOCK) --group protos --output-file constraints-protos.txt
	$(LOCK) --group kubectl --no-deps --output-file constraints-kubectl.txt
	$(LOCK) bench/peers/requirements/plain.in --constraint constraints.txt --output-file bench/peers/requirements/plain.txt
	$(LOCK) bench/peers/requirements/triton.in --output-file bench/peers/requirements/triton.txt
	$(LOCK) bench/peers/requirements/kserve.in --output-file bench/peers/requirements/kserve.txt
	$(LOCK) bench/peers/requirements/mlserver.in --output-file bench/peers/requirements/mlserver.txt
	$(LOCK_IMAGE) --group build --output-file images/constraints/build.txt
	$(LOCK_IMAGE) pyproject.toml --group images --output-file images/constraints/cli.txt
	$(LOCK_IMAGE) pyproject.toml --group images --extra mesh --extra s3 \
	  --output-file images/constraints/service.txt
	$(LOCK_IMAGE) pyproject.toml --group images --extra mesh --extra s3 --extra pmml --extra tensorflow \
	  --output-file images/constraints/executor.txt

$(KUBECTL): $(READY) constraints-kubectl.txt
	@$(BIN)/python scripts/kubectl.py
	@touch $@

clean: ## remove what was installed and built
	rm -rf $(VENV) $(LOWEST) .peers .kubectl .venv-protos dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .soak

$(READY): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "hedgerow needs Python 3.11, 3.12 or 3.13; try: make PYTHON=python3.12"; exit 1; }
	@echo "Installing into $(VENV) (once, a minute or two) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/$(PIP_INSTALL) --require-hashes --requirement constraints.txt
	@$(BIN)/$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(LOWEST_READY): $(READY) constraints-lowest.txt
	@echo "Installing the lowest versions into $(LOWEST) (once, a minute or two) ..."
	@$(PYTHON) -m venv $(LOWEST)
	@$(LOWEST)/bin/$(PIP_INSTALL) --require-hashes --requirement constraints-lowest.txt
	@$(LOWEST)/bin/$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.peers/%/.ready: bench/peers/requirements/%.txt
	@echo "Installing into .peers/$* (once, a minute or two) ..."
	@$(PYTHON) -m venv .peers/$*
	@.peers/$*/bin/$(PIP_INSTALL) --require-hashes --requirement $<
	@$(if $(filter triton,$*),PYTHONPATH=. .peers/$*/bin/python -m bench.peers.servers.triton_home)
	@touch $@
