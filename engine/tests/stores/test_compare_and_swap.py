"""Tests of compare_and_swap.py: a lost race is run again, a hopeless one ends."""

from collections.abc import Callable

import pytest

from engine.command_line import WorldError
from engine.stores.compare_and_swap import ATTEMPTS, swapped
from engine.stores.storage import open_store

KEY = "counter"


def increments(folder: str, rivals: int) -> Callable[[], int]:
    """Adds one to the number at `folder`, which as many rivals raise between its reading and its writing."""
    store, left = open_store(folder), iter(range(rivals))

    def attempt() -> int:
        content, tag = store.read(KEY)
        for _ in left:
            store.write(KEY, b"%d" % (int(content) + 1))
            break
        store.swap(KEY, b"%d" % (int(content) + 1), tag)
        return int(content) + 1

    return attempt


@pytest.fixture
def folder(tmp_path) -> str:
    uri = f"file://{tmp_path}"
    open_store(uri).write(KEY, b"0")
    return uri


def test_nothing_that_rivals_wrote_is_lost(folder: str) -> None:
    assert swapped(increments(folder, rivals=3), folder) == 4


def test_a_race_that_is_always_lost_ends_with_the_place_and_what_to_do(folder: str) -> None:
    with pytest.raises(WorldError, match=rf"^{folder}: .* faster {ATTEMPTS} times; run it again"):
        swapped(increments(folder, rivals=ATTEMPTS), folder)
