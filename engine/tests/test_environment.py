"""The table of variables and what the local server passes on to tasks agree."""

import pytest

from engine.environment import VARIABLES
from local_kfp.runner.task_environment import PASSED_ON


@pytest.mark.parametrize("name", [name for name, entry in VARIABLES.items() if "task" in entry.readers])
def test_a_task_gets_what_it_reads(name: str) -> None:
    assert PASSED_ON.fullmatch(name)


@pytest.mark.parametrize(
    "name", [name for name, entry in VARIABLES.items() if entry.secret and "task" not in entry.readers]
)
def test_a_task_gets_no_other_secret(name: str) -> None:
    assert not PASSED_ON.fullmatch(name)
