"""The template starts with the demo: these files of the root equal demo/, until a copy replaces them."""

import subprocess

import pytest

from engine.tests.demo_files import DEMO, ROOT

FIRST_COMMIT = "068c02a3d6433d4f83e7a1ca68d97abcd4f62a17"
"""Of the template's own history; a copy starts with another one."""


@pytest.mark.parametrize("path", DEMO)
def test_the_root_starts_as_the_demo(path: str) -> None:
    if is_template():
        assert (ROOT / path).read_text() == DEMO[path].read_text()


def is_template() -> bool:
    history = ["git", "rev-list", "--max-parents=0", "HEAD"]
    first = subprocess.run(history, cwd=ROOT, capture_output=True, text=True)
    return FIRST_COMMIT in first.stdout.split()
