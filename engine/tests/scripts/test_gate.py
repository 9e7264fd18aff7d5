"""Tests of scripts/gate.py around the run: what it asks, and how it ends if there is no verdict.

Every verdict from a real change is in engine/tests/gate.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.command_line import SettingsError
from engine.documents.verdicts import read_verdict
from engine.gate import known_verdicts
from engine.gate.change import Change
from engine.gate.judged_run import agrees, expect_reachable, recover_images, results_uri_of_a_run
from engine.gate.model_code import published
from engine.judging.verdict_document import judge
from engine.kubeflow.runs import Run, Task
from engine.model_registry.model_registry import ModelRegistry
from engine.reporting import verdict_report as report
from engine.settings.data_schema import Table
from engine.tests.model_servers import free_port
from engine.tests.questions import probability, question
from scripts.gate import arguments_parser, read_arguments

ROOT = Path(__file__).parents[3]


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


def test_an_invalid_day_exits_with_2() -> None:
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


DIGEST = f"sha256:{'1' * 64}"


@pytest.mark.parametrize("salt", ["", "-2026w47", "-pr12"])
def test_published_images_are_taken_by_hash(change: Change, tmp_path: Path, salt: str) -> None:
    tags = {name: f"{name}-{image.hash}{salt}" for name, image in change.control.images.items()}
    references = {name: f"docker.io/you/model:{tag}@{DIGEST}" for name, tag in tags.items()}
    (tmp_path / "images.json").write_text(json.dumps(references))
    found = published(change.control, tmp_path / "images.json", references)
    assert {name: image.reference for name, image in found.images.items()} == references
    assert {name: image.tag for name, image in found.images.items()} == tags


@pytest.mark.parametrize(
    "reference",
    [
        None,
        "docker.io/you/model:load_data-{other}@" + DIGEST,
        "docker.io/you/model:train_model-{hash}@" + DIGEST,
        "docker.io/you/model:load_data-{hash}",
        "docker.io/you/model@" + DIGEST,
    ],
)
def test_published_images_of_other_code_are_refused(
    change: Change, tmp_path: Path, reference: str | None
) -> None:
    digest = change.control.images["load_data"].hash
    text = reference and reference.format(hash=digest, other="0" * 16)
    (tmp_path / "images.json").write_text(json.dumps({"load_data": text} if text else {}))
    with pytest.raises(SettingsError, match=rf"images.json: load_data: expected an image load_data-{digest}"):
        published(change.control, tmp_path / "images.json", ["load_data"])


@pytest.mark.parametrize(
    ("uri", "variables", "wrong"),
    [
        ("demo/flights", {}, "data.tables.flights.uri"),
        ("file:///data/flights", {}, "data.tables.flights.uri"),
        ("s3://data/flights", {"registry": "file:///models"}, "MODEL_REGISTRY_URI"),
        ("s3://data/flights", {"RESULTS_URI": ""}, "RESULTS_URI"),
        ("s3://data/flights", {"image": "localhost/mlops:a-1"}, "load_data"),
        ("s3://data/flights", {}, None),
    ],
)
def test_another_machine_sees_nothing_of_this_one(
    change: Change, monkeypatch: pytest.MonkeyPatch, uri: str, variables: dict[str, str], wrong: str | None
) -> None:
    tables = {"flights": Table(uri=uri, time="at")}
    settings = change.control.settings
    settings = settings.model_copy(update={"data": settings.data.model_copy(update={"tables": tables})})
    monkeypatch.setenv("RESULTS_URI", variables.get("RESULTS_URI", "s3://results"))
    images = {"load_data": variables.get("image", "docker.io/you/model:a-1@sha256:1")}
    asked = (settings, images, variables.get("registry", "s3://models"))

    monkeypatch.setenv("KUBEFLOW_HOST", f"http://127.0.0.1:{free_port()}")
    expect_reachable(*asked)
    monkeypatch.setenv("KUBEFLOW_HOST", "https://kubeflow.example/pipeline")
    if wrong is None:
        expect_reachable(*asked)
        return
    with pytest.raises(SettingsError, match=rf"{wrong}: expected .*https://kubeflow.example/pipeline"):
        expect_reachable(*asked)


def test_an_accepted_loss_stays_one_in_every_document(github_api, tmp_path: Path, monkeypatch) -> None:
    asked = question(probability(2.5), control=probability())
    verdict, rows = judge(asked)
    (tmp_path / "report.html").write_text(report.render(verdict, rows, asked)["report.html"])
    sha, words = "ab" * 20, "accepted by ann: <b>new</b> law"
    github_api.add_commit(sha)
    for name, value in github_api.environment(statuses="read").items():
        monkeypatch.setenv(name, value)

    assert known_verdicts.with_acceptance(verdict, 12, sha, tmp_path) == verdict
    github_api.add_status(sha, "accept-regression", "success", words)
    accepted = known_verdicts.with_acceptance(verdict, 12, sha, tmp_path)

    assert accepted == verdict | {"accepted": words} == read_verdict(tmp_path / "verdict.json")
    assert not accepted["passed"]
    page, text = ((tmp_path / f"report.{kind}").read_text() for kind in ("html", "md"))
    assert "This regression is accepted by ann: &lt;b&gt;new&lt;/b&gt; law" in page and "WORSE" in page
    assert "This regression is accepted by ann" in text and "WORSE" in text and "<b>" not in text


def test_an_accepted_regression_stays_accepted_in_a_squashing_queue(
    github_api, tmp_path: Path, monkeypatch
) -> None:
    head, squashed = "ab" * 20, "cd" * 20
    github_api.add_pull(12, head)
    github_api.add_commit(squashed)
    github_api.add_status(head, "accept-regression", "success", "accepted by ann: a new law")
    (tmp_path / "report.html").write_text("<header></header>")
    verdict, _ = judge(question(probability(2.5), control=probability()))
    for name, value in github_api.environment(statuses="read", pull_requests="read").items():
        monkeypatch.setenv(name, value)

    monkeypatch.setenv("GITHUB_REF", "refs/pull/12/merge")
    assert "accepted" not in known_verdicts.with_acceptance(verdict, 12, squashed, tmp_path)
    monkeypatch.setenv("GITHUB_REF", f"refs/heads/gh-readonly-queue/main/pr-12-{'e' * 40}")
    assert known_verdicts.with_acceptance(verdict, 12, squashed, tmp_path)["accepted"]


def test_a_champions_images_are_not_asked_for_where_they_are_pulled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    registry = ModelRegistry(tmp_path.as_uri(), "flight-delays")
    image = f"docker.io/you/flights:score_model-{'0' * 16}@{DIGEST}"
    champion = {"images": {"score_model": image}, "code_sha": "0" * 40}
    for host in ("https://kubeflow.example/pipeline", f"http://127.0.0.1:{free_port()}"):
        monkeypatch.setenv("KUBEFLOW_HOST", host)
        recover_images(ROOT, champion, registry)
    staged = champion | {"images": {"score_model": f"localhost/mlops:score_model-{'0' * 16}"}}
    with pytest.raises(SettingsError, match="expected its files in"):
        recover_images(ROOT, staged, registry)
    monkeypatch.delenv("KUBEFLOW_HOST")
    with pytest.raises(SettingsError, match="expected its files in"):
        recover_images(ROOT, champion, registry)


def test_a_changed_component_interface_is_an_invalid_verdict(change: Change, tmp_path: Path) -> None:
    asked = change.question(None)
    verdict = known_verdicts.broken_interface(asked, ["build_features"], tmp_path)
    assert (verdict["verdict"], verdict["passed"]) == ("INVALID", False)
    assert "components/build_features/component.py" in verdict["reason"]
    assert read_verdict(tmp_path / "verdict.json") == verdict


def test_a_candidate_that_failed_is_an_invalid_verdict(change: Change, tmp_path: Path) -> None:
    verdict = known_verdicts.failed_candidate(change.question(None), ["train-model (candidate)"], tmp_path)
    assert (verdict["verdict"], verdict["passed"]) == ("INVALID", False)
    assert verdict["reason"].startswith("train-model (candidate) failed, so there is no model to compare")
    assert read_verdict(tmp_path / "verdict.json") == verdict


@pytest.mark.parametrize("options", [["--pull-request", "3"], ["--candidate", ".", "--base", "HEAD"]])
def test_options_that_do_not_go_together_are_refused(options: list[str]) -> None:
    with pytest.raises(SettingsError, match="expected"):
        read_arguments(arguments_parser().parse_args(options))
