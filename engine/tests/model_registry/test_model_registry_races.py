"""Races and kills of the model registry: of many promotions one wins, and no death leaves a third state."""

import inspect
import os
import signal
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from threading import Barrier as ThreadBarrier
from types import FrameType
from typing import Any

import pytest

from engine.documents import documents
from engine.model_registry import model_registry
from engine.model_registry.model_registry import ModelRegistry, PromotionLost
from engine.stores import object_stores, s3
from engine.tests.model_versions import register, verdict_on

RACERS = 20
WRITING = {"register", "_move", "write", "swap"}
TRACED = {inspect.getsourcefile(module) for module in (documents, model_registry, object_stores)}


@pytest.fixture
def file_registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry((tmp_path / "registry").as_uri(), "flights")


@pytest.fixture
def s3_registry(s3_folder: str) -> ModelRegistry:
    return ModelRegistry(s3_folder, "flights")


@pytest.fixture(params=["file", "s3"])
def registry(request: pytest.FixtureRequest) -> ModelRegistry:
    return request.getfixturevalue(f"{request.param}_registry")


def promote_at_once(registry: ModelRegistry, start: Any, content: str, version: str, expected: str) -> bool:
    """Whether this promotion won; every racer has come to the line before any starts."""
    start.wait(timeout=60)
    try:
        registry.promote(version, expected, verdict_on(content, expected))
    except PromotionLost:
        return False
    return True


def in_processes(racers: list[tuple]) -> list[bool]:
    fork = get_context("fork")
    start, answers = fork.Barrier(len(racers)), fork.SimpleQueue()
    processes = [fork.Process(target=_race, args=(answers, racer, start)) for racer in racers]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert {process.exitcode for process in processes} == {0}
    return [answers.get() for _ in processes]


def _race(answers: Any, racer: tuple, start: Barrier) -> None:
    registry, *rest = racer
    answers.put(promote_at_once(registry, start, *rest))


def in_threads(racers: list[tuple]) -> list[bool]:
    start = ThreadBarrier(len(racers))
    with ThreadPoolExecutor(len(racers)) as threads:
        return list(threads.map(lambda racer: promote_at_once(racer[0], start, *racer[1:]), racers))


@pytest.mark.parametrize(("store", "run"), [("file", in_processes), ("file", in_threads), ("s3", in_threads)])
def test_of_many_promotions_one_wins(
    request: pytest.FixtureRequest, tmp_path: Path, store: str, run: Callable
) -> None:
    registry = request.getfixturevalue(f"{store}_registry")
    contents = [f"model {number}" for number in range(RACERS)]
    versions = [register(registry, tmp_path, content) for content in contents]
    expected = ""
    for round_number in (1, 2):
        racers = [(registry, *racer, expected) for racer in zip(contents, versions, strict=True)]
        racers = [racer for racer in racers if racer[2] != expected]
        won = run(racers)

        assert (won.count(True), won.count(False)) == (1, len(racers) - 1)
        history = registry.history()
        assert [move["sequence"] for move in history] == list(range(1, round_number + 1))
        assert history[-1]["previous"] == expected
        expected = registry.champion()["version"]
        assert history[-1]["version"] == expected


def killed_after(steps: int, registry: ModelRegistry, work: Callable[[], Any]) -> bool:
    """Do `work` in a process that kills itself after so many lines of the registry's code; whether it did.

    In a folder any line may matter. In a bucket only what is around a request does, and a kill takes longer.
    """
    local = isinstance(registry.store, object_stores.FileStore)
    child = os.fork()
    if child == 0:
        left = steps

        def count(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal left
            code = frame.f_code
            if code.co_filename not in TRACED or not (local or code.co_name in WRITING):
                return None
            left -= event == "line"
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return count

        try:
            s3.forget_client()  # a connection cannot be shared with the parent
            sys.settrace(count)
            work()
            sys.settrace(None)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


def test_a_promotion_killed_anywhere_leaves_the_old_or_the_new_champion(registry, tmp_path: Path) -> None:
    contents = {register(registry, tmp_path, content): content for content in "ab"}
    old, new = contents
    registry.promote(old, "", verdict_on(contents[old]))
    steps, outcomes, before = 0, set(), registry.history()
    while killed_after(steps, registry, partial(registry.promote, new, old, verdict_on(contents[new], old))):
        champion, history = registry.champion()["version"], registry.history()
        assert champion in (old, new)
        assert history[: len(before)] == before
        assert [move["version"] for move in history[len(before) :]] == ([new] if champion == new else [])
        outcomes.add(champion == new)
        if champion == new:
            old, new = new, old
        steps, before = steps + 1, history
    assert registry.champion()["version"] == new
    assert outcomes == {False, True}


def test_a_registration_killed_anywhere_leaves_a_whole_version_or_none(registry, tmp_path: Path) -> None:
    steps, outcomes, known = 0, set(), set()
    while killed_after(steps, registry, partial(register, registry, tmp_path, f"model {steps}")):
        metadata = [name for name in registry.store.names() if name.endswith("metadata.json")]
        left = {name.split("/")[1] for name in metadata} - known
        again = register(registry, tmp_path, f"model {steps}")
        assert left <= {again}
        assert registry.fetch(again, tmp_path / "fetched")["model_bytes"] == len(f"model {steps}")
        outcomes.add(len(left))
        known.add(again)
        steps += 1
    assert outcomes == {0, 1}
