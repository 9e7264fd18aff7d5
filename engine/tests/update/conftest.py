"""The made-up template, and a new copy of its first release for each test."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.tests.update.repositories import Copy, Repository, make_template, users_work


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    folder = tmp_path_factory.mktemp("template") / "the template"
    folder.mkdir()
    return make_template(folder)


@pytest.fixture
def press_button(template: Repository, tmp_path: Path) -> Callable[[str], Copy]:
    """Call it with a commit: a copy in one commit on `master`, in a folder whose name needs quotes."""

    def press(commit: str = "v1.0.0") -> Copy:
        folder = tmp_path / "mon dépôt à moi"
        template.extract(commit, folder)
        copy = Copy(folder, template)
        copy.initialise()
        return copy

    return press


@pytest.fixture
def copy(press_button: Callable[..., Copy]) -> Copy:
    """A copy of 1.0.0 in which a user has worked: own code, own settings, own features."""
    copy = press_button()
    copy.write(users_work())
    copy.write({"mlops.yaml": "model: patients\nwindow: 30\nseed: 1\n"})
    copy.edit("components/build_features/features.py", "flights", "patients")
    copy.commit("Adopt the template")
    return copy


@pytest.fixture
def news(copy: Copy) -> Callable[..., dict]:
    """What the updater says is new, without changing anything."""

    def ask(*words: str) -> dict:
        done = copy.update("--news", *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask
