"""Patterns of paths name what is there: a folder that was moved would silently match nothing any more."""

import os
import re

import pytest

from engine.gate.changed_files import MODEL
from engine.gate.judging_paths import PATHS
from engine.gate.released_files import OWNED
from engine.tests.demo_files import ROOT
from engine.update.merge import MODEL as USERS
from scripts.ci.plan_pull_request import BESIDE

WORD = re.compile(r"(?<![\\\w])\.?[A-Za-z_][\w-]*(?:\.[a-z]+)?")
PATTERNS = {
    "judging_paths.PATHS": PATHS.pattern,
    "released_files.OWNED": OWNED.pattern,
    "plan_pull_request.BESIDE": BESIDE.pattern,
    "changed_files.MODEL": "|".join(MODEL),
    "merge.MODEL": "|".join(USERS),
}
NOT_OURS = {".git", ".venv", ".mlops", "build", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
OPTIONAL = {"CODEOWNERS", "LICENSE"}
"""Files that GitHub knows at several places."""


def parts_of_paths() -> set[str]:
    """The names of all folders and files of the project."""
    parts: set[str] = set()
    for _, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        parts |= {*folders, *files}
    return parts


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_names_what_is_there(name: str) -> None:
    named = set(WORD.findall(PATTERNS[name].replace("\\.", ".")))
    assert named
    assert named - OPTIONAL - {".md"} <= parts_of_paths()
