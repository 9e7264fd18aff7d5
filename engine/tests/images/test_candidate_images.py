"""No code that judges is in the images that a change may alter: their hashes do not depend on it."""

from pathlib import Path

import pytest

from engine.gate.model_code import BORN_FROM
from engine.images.images import name_all
from engine.sources import Entry, WorkTree

ROOT = Path(__file__).parents[3]
SMALL_ROOMS = {"command_line", "features", "tables", "sketches", "training", "scoring"}


class Edited(WorkTree):
    """The work tree in which every file below `folder` has another content."""

    folder = ""

    def entry(self, path: str) -> Entry:
        entry = super().entry(path)
        return entry._replace(blob="0" * 40) if path.startswith(self.folder) else entry


def hashes(folder: str) -> dict[str, str]:
    source = Edited(ROOT)
    source.folder = folder
    images = name_all(source, "localhost/mlops")
    return {name: images[name].hash for name in BORN_FROM}


@pytest.fixture(scope="module")
def unedited() -> dict[str, str]:
    return hashes("no such folder")


def rooms() -> set[str]:
    return {path.name for path in (ROOT / "engine").iterdir() if path.is_dir() and any(path.glob("*.py"))}


@pytest.mark.parametrize("room", sorted(rooms() - SMALL_ROOMS - {"tests"}))
def test_an_edit_of_a_room_that_no_candidate_needs_changes_no_candidate(
    room: str, unedited: dict[str, str]
) -> None:
    assert hashes(f"engine/{room}/") == unedited


@pytest.mark.parametrize("module", sorted(path.name for path in (ROOT / "engine").glob("*.py")))
def test_an_edit_of_a_module_beside_the_rooms_changes_no_candidate(
    module: str, unedited: dict[str, str]
) -> None:
    assert hashes(f"engine/{module}") == unedited


def test_an_edit_of_the_users_metrics_changes_the_images_that_judge_alone(unedited: dict[str, str]) -> None:
    source = Edited(ROOT)
    source.folder = "components/metrics.py"
    before, after = (name_all(each, "localhost/mlops") for each in (WorkTree(ROOT), source))
    changed = {name for name in before if before[name].hash != after[name].hash}
    assert changed == {"compare_models", "monitor_model"}


def test_an_edit_of_a_small_room_changes_the_images_that_copy_it(unedited: dict[str, str]) -> None:
    assert all(value != unedited[name] for name, value in hashes("engine/tables/").items())
    changed = hashes("engine/training/")
    assert [name for name in BORN_FROM if changed[name] != unedited[name]] == ["train_model"]
