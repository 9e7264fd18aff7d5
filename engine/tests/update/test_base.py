"""The base of an update: recorded, common, the first tree, or the closest; never a guess."""

import json
from collections.abc import Callable

import pytest

from engine.tests.update.repositories import Copy, Repository
from engine.update.base import closest
from engine.update.git import Files, SettingsError

ONE = {f"{number}.py": "old" for number in range(6)}
HISTORY = {"first": ONE, "second": ONE | {"0.py": "new"}, "third": ONE | {"0.py": "new", "1.py": "new"}}


@pytest.mark.parametrize(
    ("copy", "base"),
    [
        (HISTORY["second"], "second"),
        (HISTORY["second"] | {"own.py": "x", "3.py": "edited"}, "second"),
        (ONE | {"0.py": "edited"}, "first"),
        (ONE | {"0.py": "new", "1.py": "edited"}, "second"),
    ],
    ids=["all equal", "most equal", "oldest of two", "oldest of the newer two"],
)
def test_closest_is_the_commit_with_most_equal_files(copy: Files, base: str) -> None:
    assert closest(copy, HISTORY) == base


@pytest.mark.parametrize(
    ("copy", "found"),
    [
        ({"own.py": "x"}, "expected a commit that this copy resembles, found 0 of 6 files"),
        (ONE | {"1.py": "new"}, "expected one commit that is most like this copy, found first, third"),
    ],
    ids=["nothing equal", "two that differ in other files"],
)
def test_closest_refuses_to_guess(copy: Files, found: str) -> None:
    with pytest.raises(SettingsError, match=found) as error:
        closest(copy, HISTORY)
    assert "--base <commit>" in str(error.value)


def test_the_base_is_the_first_tree_unless_given(news: Callable[..., dict], template: Repository) -> None:
    assert news()["base"] == template.git("rev-parse", "v1.0.0")
    assert news("--base", "v1.1.0")["base"] == template.git("rev-parse", "v1.1.0")


def test_the_base_is_the_recorded_commit_before_all(copy: Copy, news: Callable[..., dict]) -> None:
    recorded = copy.template.git("rev-parse", "v1.1.0")
    copy.write({".github/template.json": json.dumps({"commit": recorded})})
    copy.commit()
    assert news()["base"] == recorded


def test_a_record_that_is_no_json_is_named(copy: Copy) -> None:
    copy.write({".github/template.json": "<<<<<<<"})
    copy.commit()
    done = copy.update()
    assert (done.returncode, done.stderr.partition(":")[2].strip()) == (
        2,
        ".github/template.json: expected a JSON object, found '<<<<<<<'; restore it",
    )
