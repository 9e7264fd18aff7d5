"""A change of policy decides after the merge; before, it is asked about the same rows."""

import json

import pytest

from engine.command_line import SettingsError, WorldError
from engine.gate.change import Change
from engine.gate.checkouts import read_change
from engine.gate.gate_run import GateRun
from engine.model_registry.model_registry import ModelRegistry
from engine.tests.project import Project

MARGIN = ("mlops.yaml", ("margin: 0.005 ", "margin: 0.25  "))
VERDICT = {"verdict": "NON_INFERIOR", "passed": False, "reason": "r", "policy": {}, "comparisons": []}
WEIGHTS = ("mlops.yaml", ("max_iter: 100", "max_iter: 90"))


def change_of(project: Project, *edits: tuple[str, tuple[str, str]]) -> Change:
    for path, edit in edits:
        project.edit(path, edit)
    return read_change(project.root, "HEAD")


def gate_run(project: Project, change: Change) -> GateRun:
    registry = ModelRegistry(project.root.as_uri(), change.control.settings.model)
    return GateRun(project.root, project.root, change, registry, None, None, 1)


def test_the_bases_policy_decides_and_the_changes_is_asked(project: Project) -> None:
    asked = change_of(project, MARGIN, WEIGHTS).question(None)

    policy, proposed = json.loads(asked["policy"]), json.loads(asked["proposed_policy"])
    assert (policy["margin"], proposed["margin"]) == (0.005, 0.25)
    assert proposed == {**policy, "margin": 0.25}


def test_an_unchanged_model_is_not_compared_with_the_control(project: Project) -> None:
    asked = change_of(project, MARGIN).question(None)

    assert json.loads(asked["proposed_policy"])["references"] == {"champion": "improve"}


def test_the_same_policy_is_not_asked_twice(project: Project) -> None:
    assert change_of(project, WEIGHTS).question(None)["proposed_policy"] == "{}"


def test_a_change_of_policy_alone_is_identical_and_shows_what_it_would_say(with_champion: Project) -> None:
    with_champion.edit(*MARGIN)

    status, verdict = with_champion.gate("--as-of", "2013-09-02")

    assert (status, verdict["verdict"], verdict["policy"]["margin"]) == (0, "IDENTICAL", 0.005)
    assert verdict["registered"]["version"] == with_champion.champion()["version"]
    proposed = verdict["proposed"]
    assert proposed["policy"]["margin"] == 0.25
    assert [each["reference"] for each in proposed["comparisons"]] == ["champion"]
    assert proposed["verdict"] in ("BETTER", "NON_INFERIOR")


@pytest.mark.parametrize("error", [SettingsError("no such image"), WorldError("the endpoint is away\nlog")])
def test_a_run_that_breaks_decides_nothing(
    project: Project, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(GateRun, "compared", broken)
    change = change_of(project, MARGIN)

    proposed = gate_run(project, change).proposed(change.question(None))

    assert (proposed["verdict"], proposed["passed"], proposed["policy"]["margin"]) == ("INVALID", False, 0.25)
    first = str(error).splitlines()[0]
    assert proposed["reason"] == f"It cannot be applied to these rows: {first}."


def test_the_policy_of_a_change_is_asked_as_if_it_decided(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = []
    monkeypatch.setattr(GateRun, "compared", lambda _, *question: questions.append(question) or VERDICT)
    change = change_of(project, MARGIN)

    assert gate_run(project, change).proposed(change.question(None))["verdict"] == "NON_INFERIOR"

    ((pipeline, asked),) = questions
    assert (pipeline, json.loads(asked["policy"])["margin"], asked["proposed_policy"]) == (
        "evaluation",
        0.25,
        "{}",
    )
