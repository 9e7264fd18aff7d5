"""Predictions where the answer to a write does not arrive, and the client asks for the same again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.command_line import WorldError
from engine.documents.manifest import PredictedShard
from engine.predictions.predictions import Predictions
from engine.stores.compare_and_swap import ATTEMPTS
from engine.stores.errors import LostRace
from engine.stores.object_stores import FileStore

DAY = "2013-09-02"
Swap = Callable[[FileStore, str, bytes, str | None], None]


def shard(rows: int) -> PredictedShard:
    file = {"file": "files/a.parquet", "shard": "00000", "rows": rows, "sha256": "0" * 64}
    return {
        "model_version": "1" * 64,
        "data_sha256": None,
        "predictions": file,
        "rejects": None,
        "reasons": {},
    }


@pytest.fixture
def kept(tmp_path: Path) -> Predictions:
    return Predictions(tmp_path.as_uri(), "flight-delays")


def lose_answers(monkeypatch: pytest.MonkeyPatch, count: int, written: list[bytes], arrives: bool) -> None:
    """The next `count` writes end as a lost race; where the first try `arrives`, it has been written."""
    swap: Swap = FileStore.swap

    def unanswered(self: FileStore, key: str, content: bytes, tag: str | None) -> None:
        written.append(content)
        if arrives or len(written) > count:
            swap(self, key, content, tag)
        if len(written) <= count:
            raise LostRace(key)

    monkeypatch.setattr(FileStore, "swap", unanswered)


def test_a_note_whose_answer_was_lost_is_its_own(kept, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    lose_answers(monkeypatch, 1, written, arrives=True)
    kept.note(DAY, "run-1", "00000", shard(5))
    assert len(written) == 1
    assert kept.noted(DAY, "run-1", "00000")["predictions"]["rows"] == 5


def test_a_task_that_is_tried_again_replaces_its_note(kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.note(DAY, "run-1", "00000", shard(5))
    written: list[bytes] = []
    lose_answers(monkeypatch, 1, written, arrives=False)
    kept.note(DAY, "run-1", "00000", shard(6))
    assert len(written) == 2
    assert kept.noted(DAY, "run-1", "00000")["predictions"]["rows"] == 6


def test_a_note_that_others_keep_replacing_is_an_error(kept, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    lose_answers(monkeypatch, ATTEMPTS, written, arrives=False)
    with pytest.raises(WorldError, match=r"runs/run-1/00000\.json: .* found other writers faster"):
        kept.note(DAY, "run-1", "00000", shard(5))
    assert len(written) == ATTEMPTS
