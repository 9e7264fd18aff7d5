"""Which paths judge a change: the base's are used until the change is merged."""

from pathlib import Path

import pytest

from engine.gate.judging_paths import PATHS
from engine.tests.demo_files import ROOT

BROUGHT = {"features", "scoring", "tests", "training"}
"""The rooms of the engine that a change brings with its model."""
ENTRIES = {path.name: path for path in (ROOT / "engine").iterdir() if path.name != "__pycache__"}


def test_rooms_that_a_change_brings_exist() -> None:
    assert ENTRIES.keys() > BROUGHT


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_paths_judge_in_every_room_but_those_that_a_change_brings(name: str) -> None:
    path = Path("engine", name, "module.py") if ENTRIES[name].is_dir() else Path("engine", name)
    assert bool(PATHS.fullmatch(path.as_posix())) is (name not in BROUGHT)
