"""Tests of scripts/gate.py around the run: what it asks, and how it ends where there is no verdict to go by.

Every verdict from a real change is in tests/template/gate.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.lib.change import Change, read_change
from scripts.lib.judged_run import agrees, results_uri_of_a_run
from scripts.lib.model_code import ModelCode
from scripts.lib.runs import Run, Task

ROOT = Path(__file__).parents[2]


def run_of(state: str, **tasks: str) -> Run:
    listed = [Task(name, name.replace("_", "-"), ended, "", ()) for name, ended in tasks.items()]
    return Run("1", "evaluation", state, "", listed)


@pytest.mark.parametrize(
    ("run", "passed", "trusted"),
    [
        (run_of("SUCCEEDED"), True, True),
        (run_of("FAILED", enforce_verdict="FAILED"), False, True),
        (run_of("FAILED", train_model="FAILED"), None, False),
        (run_of("SUCCEEDED"), None, False),
        (run_of("CANCELED"), True, False),
        (run_of("FAILED", enforce_verdict="FAILED"), True, False),
        (run_of("FAILED", promote_model="FAILED"), False, False),
    ],
)
def test_only_a_run_that_ended_as_its_verdict_says_is_believed(
    run: Run, passed: bool | None, trusted: bool
) -> None:
    assert agrees(run, None if passed is None else {"passed": passed}) is trusted


def test_no_two_runs_share_a_folder_of_results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert results_uri_of_a_run(tmp_path) == tmp_path.as_uri()
    monkeypatch.setenv("RESULTS_URI", "s3://bucket/results/")
    uris = {results_uri_of_a_run(tmp_path) for _ in range(2)}
    assert len(uris) == 2 and all(uri.startswith("s3://bucket/results/") for uri in uris)


def gate(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.gate", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_unknown_base_is_a_mistake_in_one_line() -> None:
    done = gate("--base", "no-such-branch")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "no-such-branch: expected a commit" in done.stderr


def test_day_that_is_none_is_a_mistake() -> None:
    assert gate("--as-of", "2013-02-30").returncode == 2


def test_model_registry_out_of_reach_is_the_worlds_and_no_missing_champion() -> None:
    done = gate(
        MODEL_REGISTRY_URI="s3://models",
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
        AWS_ACCESS_KEY_ID="nobody",
        AWS_SECRET_ACCESS_KEY="nothing",
        AWS_REGION="us-east-1",
    )
    assert done.returncode == 3
    assert done.stderr.startswith("error: ") and "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def change() -> Change:
    return read_change(ROOT, "HEAD")


def with_settings(code: ModelCode, **sections: dict) -> ModelCode:
    changed = {
        name: getattr(code.settings, name).model_copy(update=update) for name, update in sections.items()
    }
    return ModelCode(code.settings.model_copy(update=changed), code.images, code.source)


def test_what_a_change_is_evaluated_on_is_the_bases_to_say(change: Change) -> None:
    easier = with_settings(change.control, windows={"evaluation_days": 1, "training_days": 30})
    asked = json.loads(Change(easier, change.control, "base").data_settings())
    base = json.loads(change.control.data_settings())
    assert asked["windows"] == base["windows"] | {"training_days": 30}


def test_a_change_of_policy_counts_after_the_merge(change: Change) -> None:
    lenient = with_settings(change.control, policies={"margin": 0.9}, training={"seed": 7})
    changed = Change(lenient, change.control, "base")
    assert changed.policy() == change.control.settings.policy("pull_request")
    assert "mlops.yaml: policies" in changed.parts()


def test_a_change_is_not_judged_by_the_judges_it_brings(change: Change) -> None:
    bribed = change.control.images | {"compare_models": change.control.images["load_data"]}
    candidate = ModelCode(change.control.settings, bribed, change.control.source)
    assert Change(candidate, change.control, "base").images() == change.control.images
