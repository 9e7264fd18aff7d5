"""Which change must be better: all but an update of libraries, base images or the seed."""

import json
from pathlib import Path

import pytest

from engine.gate.checkouts import read_change
from engine.tests.project import Project
from engine.tests.workflows.users import FEATURES, SAME_MODEL

LOCK = "components/train_model/requirements.txt"
DOCKERFILE = "components/train_model/Dockerfile"
UPDATES = {
    "seed": ("mlops.yaml", ("  seed: 1", "  seed: 2")),
    "library": (LOCK, ("joblib==", "# joblib is\njoblib==")),
    "base image": (DOCKERFILE, ("python:3.11-slim", "python:3.11.1-slim")),
}
MORE = {
    "features": (FEATURES, SAME_MODEL),
    "parameters": ("mlops.yaml", ("max_iter: 100", "max_iter: 90")),
    "training window": ("mlops.yaml", ("training_days: ", "training_days: 1")),
    "training code": ("engine/training/training.py", ("import json\n", "import json  # here\n")),
    "instruction of an image": (DOCKERFILE, ("USER 1000", "USER 1001")),
}


def references(project: Project, *edits: tuple[str, tuple[str, str]]) -> dict[str, str]:
    for path, edit in edits:
        project.edit(path, edit)
    change = read_change(project.root, "HEAD")
    assert change.changes_model
    return json.loads(change.policy())["references"]


@pytest.mark.parametrize("update", UPDATES)
def test_an_update_must_not_be_worse(project: Project, update: str) -> None:
    assert references(project, UPDATES[update]) == {"champion": "not-worse", "control": "not-worse"}


@pytest.mark.parametrize("more", MORE)
def test_anything_more_must_be_better(project: Project, more: str) -> None:
    """Also beside an update: of several kinds the strictest counts."""
    found = references(project, UPDATES["seed"], MORE[more])
    assert found == {"champion": "improve", "control": "not-worse"}


def test_a_change_cannot_relax_what_it_must_reach(project: Project, tmp_path: Path) -> None:
    relaxed = ("pull_request: {champion: improve,", "pull_request: {champion: not-worse,")
    found = references(project, ("mlops.yaml", relaxed), MORE["features"])
    assert found["champion"] == "improve"
