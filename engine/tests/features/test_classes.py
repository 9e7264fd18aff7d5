"""Binary labels as users have them: numbers, flags, and two texts of which settings name the positive one."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.command_line import SettingsError
from engine.command_line.component_settings import Label
from engine.features.assembly import classes

BINARY: Label = {"name": "paid", "type": "binary"}
POSITIVE: Label = {"name": "paid", "type": "binary", "positive": "yes"}
NUMBER: Label = {"name": "paid", "type": "number"}


@pytest.mark.parametrize("kind", ["object", "str", "category"])
def test_the_positive_one_of_two_texts_is_1_and_a_missing_one_stays_missing(kind: str) -> None:
    label = pd.Series(["yes", "no", None, "yes"], index=[3, 4, 5, 6]).astype(kind)

    found = classes(label, POSITIVE)

    assert found.tolist() == [1, 0, pd.NA, 1]
    assert found.index.tolist() == [3, 4, 5, 6]


@pytest.mark.parametrize("values", [["yes", None], ["no", "no"], [None, None]])
def test_a_window_may_lack_one_of_the_texts(values: list[str | None]) -> None:
    expected = [pd.NA if value is None else int(value == "yes") for value in values]
    assert classes(pd.Series(values, dtype=object), POSITIVE).tolist() == expected


@pytest.mark.parametrize("values", [[True, False], [1, 0], [1.0, np.nan], [True, None], []])
def test_numbers_and_flags_stay_as_they_are(values: list[Any]) -> None:
    label = pd.Series(values, dtype=None if values else object)
    assert classes(label, BINARY) is label
    assert classes(label, NUMBER) is label
    assert classes(None, BINARY) is None


@pytest.mark.parametrize(
    ("values", "declared", "found"),
    [
        (["yes", "no"], BINARY, "found 'yes', 'no' and label.positive missing"),
        (["yes", "no", "maybe"], POSITIVE, "found 'yes', 'no', 'maybe' and label.positive 'yes'"),
        (["true", "false"], POSITIVE, "found 'true', 'false' and label.positive 'yes'"),
        (["yes", 0], POSITIVE, "found 'yes', 0 and label.positive 'yes'"),
        ([1, 0], POSITIVE, "found 1, 0 and label.positive 'yes'"),
    ],
)
def test_other_labels_are_refused_in_one_line(values: list[Any], declared: Label, found: str) -> None:
    with pytest.raises(SettingsError) as error:
        classes(pd.Series(values, dtype=object), declared)
    assert str(error.value).endswith(found)
    assert "expected a label of 0 and 1, or of two texts" in str(error.value)
