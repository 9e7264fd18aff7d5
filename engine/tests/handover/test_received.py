"""What a candidate handed over is joined to the truth by key."""

import pyarrow as pa

from engine.handover.received import with_labels


def test_labels_are_joined_by_keys_that_the_judge_has_as_categories() -> None:
    truth = pa.table({"id": pa.array(["a", "b"]).dictionary_encode(), "at": [1, 2], "late": [0, 1]})
    seen = pa.table({"id": ["b", "a", "c"], "at": [2, 1, 3], "late": [0, 0, 0]})
    assert with_labels(seen, truth)["late"].to_pylist() == [1, 0, None]
