"""The record of a run is complete after a time in which the disk was full."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local_kfp.runner import record
from local_kfp.runner.record import Record, Task


@contextmanager
def full_disk(free: int) -> Iterator[None]:
    """Files of this process end at `free` bytes; the write that reaches that is cut short."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def test_record_keeps_lines_that_a_full_disk_refuses(tmp_path: Path) -> None:
    task, written = Task("train", "train", None), Record(tmp_path)
    with full_disk(free=10):
        written.enter(task, "RUNNING")
        written.enter(task, "SUCCEEDED")
        assert (tmp_path / "events.jsonl").stat().st_size == 10
    written.finish("SUCCEEDED")
    states = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [line.get("state") for line in states] == ["RUNNING", "SUCCEEDED", None]
    assert states[-1] == {"run": "SUCCEEDED", "error": None}


def test_record_fails_if_the_disk_stays_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(record, "LAST_TRY_SECONDS", 0.1)
    with full_disk(free=10), pytest.raises(OSError, match="No space left on device"):
        Record(tmp_path).finish("SUCCEEDED")
