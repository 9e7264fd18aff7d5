PYTHON ?= $(or $(shell command -v python3.11),python3)
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --python-version 3.11 --generate-hashes --no-header --quiet $(if $(UPGRADE),--upgrade)
# Locked with the training's libraries alone, because MLServer needs an older web framework than the project.
SERVER := components/serve_model
SCORER := components/score_model
# What estimators come from, beside what the template's own code needs: a model loads where it is scored and served.
LIBRARIES := sed -E '/^(joblib|numpy|pandas|pyarrow|scikit-learn|threadpoolctl)$$/d' components/train_model/requirements.in

.DEFAULT_GOAL := help

.PHONY: help set-up demo gate promote rollback predict serve monitor doctor test check bench mutants lint lock upgrade record update

help: ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

set-up: ## set up this copy's repository on GitHub, with a token in GITHUB_TOKEN (DRY_RUN=yes, UNDO=yes)
	@./mlops set-up $(if $(DRY_RUN),--dry-run) $(if $(UNDO),--undo)

demo: ## replay 2013 in minutes: build/demo/index.html
	@./mlops demo

gate: ## train a candidate with this checkout's code and judge it
	@./mlops gate $(if $(BASE),--base $(BASE))

promote: ## gate the model again and make it the champion
	@./mlops promote

rollback: ## restore the previous champion, in the cluster too if KServe serves it (REASON="...", VERSION=...)
	@./mlops rollback $(VERSION) --reason "$${REASON:-}"

predict: ## predict the rows of a day with the champion (AS_OF=2013-09-02, default: data.as_of)
	@./mlops predict $(if $(AS_OF),--as-of $(AS_OF))

monitor: ## check the champion on recent data: exit 1 if it needs retraining (AS_OF=2013-09-04)
	@./mlops monitor $(if $(AS_OF),--as-of $(AS_OF))

doctor: ## check GitHub's settings, image repository, stores, endpoint and cluster: exit 1 with what repairs them
	@./mlops doctor

serve: ## serve the champion on this machine with the cluster's model server (PORT=8080)
	@./mlops serve $(if $(PORT),--port $(PORT))

test: .venv/installed-dev ## run every test suite that this machine supports
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile

check: lint ## what a pull request of a copy runs: lint, tests of components and pipelines, a compile
	@$(BIN)/python -m pytest --quiet --numprocesses auto --dist loadfile tests
	@$(BIN)/python -m scripts.compile_pipelines

bench: .venv/installed-dev ## compare speed with the alternatives
	@$(BIN)/python -m bench

mutants: .venv/installed-dev ## require that unit tests kill 95% of what judges' mutants (FILE=engine/judging/decision.py)
	@$(BIN)/python -m bench.mutants $(FILE)

lint: .venv/installed-dev ## run all pre-commit checks on every file
	@$(BIN)/pre-commit run --all-files

lock: .venv/installed-dev ## lock the requirements of the project and of every component
	@$(LOCK) pyproject.toml -o requirements.txt
	@$(LOCK) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	@set -e; for file in $(filter-out $(SCORER)/% $(SERVER)/%,$(wildcard components/*/requirements.in)); do $(LOCK) --no-annotate $$file -c requirements.txt -o $${file%.in}.txt; done
	@$(LIBRARIES) | $(LOCK) --no-annotate - $(SCORER)/requirements.in -c requirements.txt -c components/train_model/requirements.txt -o $(SCORER)/requirements.txt
	@$(LIBRARIES) | $(LOCK) --no-annotate - $(SERVER)/requirements.in -c components/train_model/requirements.txt -o $(SERVER)/requirements.txt
	@$(LOCK) --no-annotate engine/tests/serving/requirements.in -o engine/tests/serving/requirements.txt

upgrade: .venv/installed-dev ## pin newer actions, packages and their hashes, before a release of the template
	@$(BIN)/python -m scripts.bump_actions
	@$(MAKE) --no-print-directory lock UPGRADE=yes

record: .venv/installed ## update .github/release.sha256 after changing a file of the template
	@$(BIN)/python -m scripts.record_release

update: ## merge the newest version of the template on a new branch (TEMPLATE=owner/name, TO=v1.1.0)
	@$(PYTHON) scripts/update.py $(if $(TEMPLATE),--template "$(TEMPLATE)") $(if $(TO),--to "$(TO)") $(if $(RESTART),--restart)

.venv/installed: requirements.txt
	@echo "installing $< into .venv, which takes about a minute" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo "installing $< into .venv, which takes about a minute" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.venv/installed-hooks: .pre-commit-config.yaml .venv/installed-dev
	@$(BIN)/pre-commit install-hooks
	@touch $@
