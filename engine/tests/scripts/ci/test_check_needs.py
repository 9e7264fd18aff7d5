"""Tests of scripts/ci/check_needs.py: nothing is merged because a job was skipped, missing or made up."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.command_line import Finding, SettingsError
from engine.tests.project import Project
from scripts.ci import check_needs

ROOT = Path(__file__).parents[4]
BUILT = {"matrix": '[{"component": "load_data"}]', "gate": "local", "reason": "the model changes"}
PLANNED = {"matrix": "[]", "gate": "none", "reason": "only documentation changed"}


def needs(outputs: dict[str, str] = BUILT, **results: str | None) -> str:
    """toJSON(needs) of a pull request that went well, but for `results`; None is a job that is not there."""
    jobs = {"plan": "success", "checks": "success", "build": "success", "gate": "success"} | results
    known: dict[str, Any] = {job: {"result": result, "outputs": {}} for job, result in jobs.items() if result}
    known.get("plan", {})["outputs"] = outputs
    return json.dumps(known)


def check(monkeypatch: pytest.MonkeyPatch, document: str, due: bool = True) -> int:
    monkeypatch.setenv("NEEDS", document)
    monkeypatch.setenv("GITHUB_SHA", "0" * 40)
    monkeypatch.setattr(check_needs, "gate_is_due", lambda root, change: due)
    monkeypatch.setattr("sys.argv", ["check_needs"])
    return check_needs.main()


def test_successful_jobs_pass_with_a_line_each(monkeypatch, capsys) -> None:
    assert check(monkeypatch, needs()) == 0
    assert capsys.readouterr().out.splitlines() == [
        "the plan: the model changes",
        *(f"✓ {job}: success" for job in ("plan", "checks", "build", "gate")),
    ]


def test_jobs_that_nothing_needs_are_not_missed(monkeypatch, capsys) -> None:
    assert check(monkeypatch, needs(PLANNED, build="skipped", gate="skipped"), due=False) == 0
    assert "✓ gate: skipped, because nothing needs it" in capsys.readouterr().out


@pytest.mark.parametrize("gate", ["none", "local", ""])
def test_a_gate_that_is_due_is_not_excused_by_the_plan(monkeypatch, gate: str) -> None:
    document = needs(PLANNED | {"gate": gate}, build="skipped", gate="skipped")
    with pytest.raises(Finding, match=r"see gate$"):
        check(monkeypatch, document)


@pytest.fixture
def base(tmp_path: Path) -> Project:
    """The base of a change, checked out."""
    project = Project(tmp_path)
    project.git("init", "--quiet", "--initial-branch", "main")
    (project.root / "mlops.yaml").write_text("the base")
    dockerfile = project.root / "components/train_model/Dockerfile"
    dockerfile.parent.mkdir(parents=True)
    dockerfile.write_text("COPY engine/training/ LICENSE ./\n")
    for path in ("engine/training/code.py", "engine/training/factors.md", "LICENSE"):
        (project.root / path).parent.mkdir(parents=True, exist_ok=True)
        (project.root / path).touch()
    project.commit()
    return project


def change_of(base: Project, path: str) -> str:
    """The commit of a change of this file; the base stays checked out."""
    base.git("switch", "--quiet", "--create", "change")
    (base.root / path).parent.mkdir(parents=True, exist_ok=True)
    (base.root / path).write_text("changed")
    base.commit()
    base.git("switch", "--quiet", "main")
    return base.git("rev-parse", "change")


@pytest.mark.parametrize(
    ("path", "due"),
    [
        ("README.md", False),
        ("mlops.yaml", True),
        ("pipelines/training.py", True),
        ("LICENSE", True),
        ("engine/training/factors.md", True),
        ("engine/training/new.md", True),
        ("engine/gate/new.md", False),
    ],
)
def test_the_changed_paths_say_whether_a_gate_is_due(base: Project, path: str, due: bool) -> None:
    assert check_needs.gate_is_due(base.root, change_of(base, path)) is due


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("", "^GITHUB_SHA: expected the commit of the change, found none$"),
        ("0" * 40, "expected"),
    ],
)
def test_a_missing_change_does_not_pass(base: Project, change: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        check_needs.gate_is_due(base.root, change)


def test_a_gate_is_due_by_what_the_checkout_and_the_commit_of_the_change_say(
    base: Project, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(base.root)
    monkeypatch.setattr("sys.argv", ["check_needs"])
    monkeypatch.setenv("NEEDS", needs(PLANNED, build="skipped", gate="skipped"))
    monkeypatch.setenv("GITHUB_SHA", change_of(base, "README.md"))
    assert check_needs.main() == 0
    assert "✓ gate: skipped, because nothing needs it" in capsys.readouterr().out

    monkeypatch.delenv("GITHUB_SHA")
    with pytest.raises(SettingsError, match=r"^GITHUB_SHA: expected "):
        check_needs.main()


@pytest.mark.parametrize(
    ("document", "job"),
    [
        (needs(gate="failure"), "gate"),
        (needs(checks="cancelled"), "checks"),
        (needs(gate="skipped"), "gate"),
        (needs(build="skipped"), "build"),
        (needs(PLANNED, checks="skipped", build="skipped", gate="skipped"), "checks, gate"),
        (needs({}, build="skipped", gate="skipped"), "build, gate"),
        (needs({"matrix": "", "gate": ""}, build="skipped"), "build"),
        (needs(plan="failure", build="skipped", gate="skipped"), "plan, build, gate"),
        (needs(gate=None), "gate"),
        (needs(plan=None), "plan"),
        (needs(one_more="skipped"), "one_more"),
        ("{}", "plan, checks, build, gate"),
    ],
)
def test_a_job_that_failed_was_cancelled_or_is_missing_blocks_the_merge(monkeypatch, document, job) -> None:
    with pytest.raises(Finding, match=f"see {job}$"):
        check(monkeypatch, document)


@pytest.mark.parametrize(
    "document",
    ["", "success", "[]", "null", '{"plan": "success"}', '{"plan": {"result": "fine"}}', '{"plan": {}}',
     '{"plan": {"result": "success", "outputs": "gate=none"}}'],
)  # fmt: skip
def test_needs_of_another_form_are_a_settings_error(monkeypatch, document) -> None:
    with pytest.raises(SettingsError, match=r"^NEEDS: "):
        check(monkeypatch, document)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (None, "expected toJSON(needs), found nothing"),
        ("[" + "1" * 100 + "]", "expected toJSON(needs), found [" + "1" * 79),
        ('{"plan": {}}', "plan: expected one of success, failure, cancelled, skipped as its result"),
        ('{"plan": {"result": "success", "outputs": [1]}}', "plan: expected a mapping of its outputs"),
    ],
)
def test_a_mistake_says_what_was_found_instead(monkeypatch, document: str | None, said: str) -> None:
    monkeypatch.delenv("NEEDS", raising=False)
    if document:
        monkeypatch.setenv("NEEDS", document)
    monkeypatch.setattr("sys.argv", ["check_needs"])
    with pytest.raises(SettingsError, match=f"^{re.escape(f'NEEDS: {said}')}$"):
        check_needs.main()


def test_each_line_says_why_a_job_stands_in_the_way(monkeypatch, capsys) -> None:
    with pytest.raises(Finding, match=r"^expected success of every job that the change needs; see "):
        check(monkeypatch, needs({}, plan="failure", checks=None, gate="skipped"))
    assert capsys.readouterr().out.splitlines() == [
        "the plan: it gives no reason",
        "✗ plan: expected success, found failure",
        "✗ checks: expected it among the needed jobs, found it missing",
        "✓ build: success",
        "✗ gate: expected success, found skipped, and the change needs it",
    ]


def test_texts_of_a_pull_request_command_no_log(monkeypatch, capsys) -> None:
    reason = "::error::x\n::set-env name=A::b ##[group]" + "y" * 1000
    check(monkeypatch, needs(BUILT | {"reason": reason}))
    said = capsys.readouterr().out.splitlines()[0]
    start = "the plan: : :error: :x : :set-env name=A: :b # #[group]"
    assert said == start + "y" * (len("the plan: ") + 500 - len(start))


def test_check_needs_runs_without_installed_packages() -> None:
    """It decides about the pull request whose packages may be what is broken."""
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            "import sys; sys.path.insert(0, '.'); import scripts.ci.check_needs",
        ],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
