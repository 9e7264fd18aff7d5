"""Tests of engine/github/untrusted_verdict.py: what a run leaves is a verdict to show, or one line."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.github import untrusted_verdict
from engine.github.announcements import sha256
from engine.judging.verdict_document import judge
from engine.reporting import markdown, terminal
from engine.tests.questions import probability, question

LOST, _ = judge(question(probability(noise=4.0), control=probability(), champion=probability(noise=2.0)))
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def left(folder: Path, content: Any) -> untrusted_verdict.Left:
    text = content if isinstance(content, str) else json.dumps(content)
    path = folder / "verdict.json"
    path.write_text(text)
    return untrusted_verdict.read(folder, f"sha256:{sha256(path)}")


def test_a_verdict_is_read(folder: Path):
    assert left(folder, LOST) == untrusted_verdict.Left(LOST)


@pytest.mark.parametrize("announced", ["", "sha256:", f"sha256:{'0' * 64}"])
def test_a_verdict_that_was_not_announced_is_not_read(folder: Path, announced: str):
    (folder / "verdict.json").write_text(json.dumps(LOST))
    found = untrusted_verdict.read(folder, announced)
    assert found.verdict is None and "that the gate announced" in found.trouble


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        ("", "Expecting value"),
        ("[" * 100_000, "nested too deep"),
        ("1" * 5000, "integer string conversion"),
        (json.dumps(LOST) + " " * untrusted_verdict.MOST_BYTES, "more than 1,000,000 bytes"),
        (json.dumps(LOST | {"holdout_uses": float("inf")}), "Infinity, which is no number"),
        (LOST | {"holdout_uses": 10**16}, "a number that is too large"),
        (LOST | {"policy": json.loads('{"a":' * 13 + "1" + "}" * 13)}, "nested too deep"),
        (LOST | {"passed": "true\n::error::x"}, "$.passed: 'true\\n:\u200b:error:\u200b:x' is not of type"),
        (LOST | {"metric": LOST["metric"] | {"name": "unheard-of"}}, "$.metric.name"),
        (LOST | {"models": {"control": LOST["models"]["control"]}}, "'candidate' is a required property"),
    ],
    ids=lambda each: str(each)[:30],
)
def test_an_invalid_verdict_is_reported_in_one_line(folder: Path, content: Any, trouble: str):
    found = left(folder, content)
    assert found.verdict is None
    assert trouble in found.trouble
    assert len(found.trouble) <= 300
    assert "\n" not in found.trouble


def test_a_link_is_not_followed(folder: Path):
    (folder / "elsewhere.json").write_text(json.dumps(LOST))
    (folder / "verdict.json").symlink_to(folder / "elsewhere.json")
    assert untrusted_verdict.read(folder, "").trouble.endswith("found something else")


def test_nothing_is_left(folder: Path):
    assert untrusted_verdict.read(folder / "missing", "") == untrusted_verdict.Left()
    (folder / "detached.json").write_text("{}")
    assert untrusted_verdict.read(folder, "") == untrusted_verdict.Left(detached=True)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, each in entries:
        yield from places(each, (*path, key))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(places(LOST), key=str)), ODD, st.booleans())
def test_a_verdict_that_passes_the_check_can_be_rendered(
    folder: Path, place: tuple[Any, ...], odd: Any, gone: bool
):
    forged = copy.deepcopy(LOST)
    *way, last = place
    inside = forged
    for key in way:
        inside = inside[key]
    if gone:
        del inside[last]
    else:
        inside[last] = odd
    if verdict := left(folder, forged).verdict:
        assert markdown.report(verdict)
        assert terminal.render(verdict, color=False)
