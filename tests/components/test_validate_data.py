import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.validation.checks import roc_auc

FIRST_KEYS = "flight_id 23364, 23365, 23366, ..."


class Validate:
    """Validate real features, changed as the test says: `change(where)` takes and returns a data frame."""

    def __init__(
        self, run: Callable[..., Any], built: dict[str, Path], settings: dict[str, Any], folder: Path
    ):
        self.run, self.built, self.settings, self.folder = run, built, settings, folder
        self.ended: Any = None

    def __call__(
        self, where: str = "", change: Callable[[Any], Any] = lambda rows: rows, **flags: str
    ) -> list[dict]:
        files = {}
        for window, file in self.built.items():
            table = pq.read_table(file)
            if where == window:
                changed = pa.Table.from_pandas(change(table.to_pandas()), preserve_index=False)
                metadata = {
                    b"snapshot": table.schema.metadata[b"snapshot"],
                    **(changed.schema.metadata or {}),
                }
                table = changed.replace_schema_metadata(metadata)
            files[window] = self.folder / f"{window}.parquet"
            pq.write_table(table, files[window])
        results = {"findings": self.folder / "findings.json", "valid": self.folder / "valid"}
        self.ended = self.run("validate_data", feature_settings=self.settings, **files, **results, **flags)
        return self.read()["findings"]

    def read(self) -> dict[str, list[dict[str, Any]]]:
        found = json.loads((self.folder / "findings.json").read_text())
        assert (self.folder / "valid").read_text() == ("false" if found["findings"] else "true")
        return found


@pytest.fixture
def validate(run_component, built, feature_settings, tmp_path) -> Validate:
    return Validate(run_component, built, feature_settings, tmp_path)


def test_real_flights_are_fit_for_use(validate) -> None:
    assert validate() == []
    assert validate.read()["warnings"] == []
    assert validate.ended.status == 0
    assert "are fit for use" in validate.ended.output


def test_a_finding_fails_the_command_only_where_asked_to(validate) -> None:
    assert validate("evaluation", lambda rows: rows.drop(columns="carrier"))
    assert validate.ended.status == 0
    assert (
        "finding: evaluation: expected a column carrier, found none [missing_column]" in validate.ended.output
    )
    assert validate("evaluation", lambda rows: rows.drop(columns="carrier"), fail_on_finding="true")
    assert (validate.ended.status, validate.ended.error) == (1, "error: 1 finding; see above\n")


@pytest.mark.parametrize("column", ["flight_id", "scheduled_departure", "late", "distance"])
def test_a_missing_column_is_a_finding(validate, column: str) -> None:
    found = validate("training", lambda rows: rows.drop(columns=column))
    assert found == [
        {
            "check": "missing_column",
            "where": "training",
            "column": column,
            "rows": 0,
            "message": f"training: expected a column {column}, found none",
        }
    ]


def test_later_outcomes_are_a_finding_and_other_rows_a_warning(validate, built, tmp_path) -> None:
    later = {"feature": "carrier", "cause": "later outcomes", "day": "2013-01-14", "rows": 9, "day_rows": 900}
    other = later | {"feature": "distance", "cause": "other rows", "largest": 0.12345}
    table = pq.read_table(built["training"])
    arrived = later | {"feature": "origin", "cause": "later arrivals", "day": "2013-01-14 06:00"}
    replay = {"replay": json.dumps({"differences": [later, arrived, other]})}
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, **replay}), tmp_path / "again")
    validate.built = built | {"training": tmp_path / "again"}
    found = validate()
    assert summary(found) == [("later_outcomes", "training", "carrier", 9)]
    assert found[0]["message"] == (
        "training: without the outcomes that became known from 2013-01-14 on,"
        " carrier differs in 9 of its 900 rows"
    )
    of_arrivals, warning = validate.read()["warnings"]
    assert (of_arrivals["check"], of_arrivals["column"]) == ("later_arrivals", "origin")
    assert of_arrivals["message"] == (
        "training: with the rows that arrived after 2013-01-14 06:00,"
        " origin differs in 9 of its 900 rows; they do not count"
    )
    assert (warning["check"], warning["rows"]) == ("other_rows", 9)
    assert "if 2013-01-14 is predicted alone" in warning["message"]
    assert warning["message"].endswith("distance differs in 9 of its 900 rows by up to 0.123")


def test_an_undeclared_column_is_a_finding(validate) -> None:
    found = validate("evaluation", lambda rows: rows.assign(dep_delay=1))
    assert summary(found) == [("undeclared_column", "evaluation", "dep_delay", 0)]


@pytest.mark.parametrize(
    ("column", "kind", "expected"),
    [
        ("distance", str, "expected distance to be a number, found large_string"),
        ("late", str, "expected late to be a binary, found large_string"),
        ("flight_id", float, "expected flight_id to be a key, found double"),
        ("scheduled_departure", str, "expected scheduled_departure to be a time, found large_string"),
    ],
)
def test_a_column_of_another_type_is_a_finding(validate, column: str, kind: type, expected: str) -> None:
    found = validate("evaluation", lambda rows: rows.assign(**{column: rows[column].astype(kind)}))
    assert summary(found) == [("wrong_type", "evaluation", column, 0)]
    assert expected in found[0]["message"]


def test_a_category_is_text(validate) -> None:
    found = validate("training", lambda rows: rows.assign(carrier=7))
    assert summary(found) == [("wrong_type", "training", "carrier", 0)]


@pytest.mark.parametrize("wrong", [-1, 6001, np.inf, -np.inf])
def test_values_out_of_range_are_counted_with_their_keys(validate, wrong: float) -> None:
    found = validate(
        "evaluation",
        lambda rows: rows.assign(distance=rows["distance"].astype(float).where(rows.index > 3, wrong)),
    )
    assert summary(found) == [("out_of_range", "evaluation", "distance", 4)]
    assert (
        f"a finite number from 0 to 6000, found it otherwise in 4 rows ({FIRST_KEYS})" in found[0]["message"]
    )


def test_infinity_is_out_of_any_range(validate) -> None:
    validate.settings["columns"]["distance"] = {"type": "number", "known": "before_departure"}
    found = validate("evaluation", lambda rows: rows.assign(distance=np.inf))
    assert [entry["check"] for entry in found] == ["out_of_range"]


def test_features_may_be_missing(validate) -> None:
    hole = {"distance": lambda rows: rows["distance"].where(rows.index > 3), "carrier": None}
    assert validate("evaluation", lambda rows: rows.assign(**hole).astype({"carrier": "str"})) == []


def test_labels_are_0_or_1(validate) -> None:
    found = validate("training", lambda rows: rows.assign(late=rows["late"].replace(1, 2)))
    assert summary(found)[0][:3] == ("out_of_range", "training", "late")
    assert "expected late to be 0 or 1" in found[0]["message"]


@pytest.mark.parametrize("kind", [float, bool])
def test_labels_may_be_numbers_with_gaps_and_flags(validate, kind: type) -> None:
    def change(rows: Any) -> Any:
        known = rows[rows["late"].notna()]
        return known.assign(late=known["late"].astype(kind)) if kind is bool else rows.astype({"late": kind})

    assert validate("training", change) == []


def test_a_count_is_a_whole_number(validate) -> None:
    validate.settings["label"]["type"] = "count"
    assert validate("training", lambda rows: rows.assign(late=rows["late"] * 7)) == []
    for by in (-1.0, 0.5):
        found = validate("training", partial(multiplied, by))
        assert summary(found)[0][:3] == ("out_of_range", "training", "late")
        assert "expected late to be a whole number of 0 or more" in found[0]["message"]


def multiplied(by: float, rows: Any) -> Any:
    return rows.assign(late=rows["late"].astype(float) * by)


def test_repeated_keys_are_counted_and_named(validate) -> None:
    found = validate("evaluation", lambda rows: pd.concat([rows.head(2), rows]))
    assert summary(found) == [("duplicate_keys", "evaluation", "flight_id", 4)]
    assert "4 rows (flight_id 23364, 23365)" in found[0]["message"]


def test_missing_keys_and_times_are_findings(validate) -> None:
    found = validate(
        "evaluation",
        lambda rows: rows.assign(scheduled_departure=rows["scheduled_departure"].where(rows.index > 0)),
    )
    assert summary(found) == [("missing_value", "evaluation", "scheduled_departure", 1)]


@pytest.mark.parametrize("where", ["training", "evaluation"])
def test_an_empty_window_is_a_finding(validate, where: str) -> None:
    found = validate(where, lambda rows: rows.head(0))
    assert [(entry["check"], entry["where"]) for entry in found] == [("empty_window", where)]
    assert "found none; check data.as_of and the tables" in found[0]["message"]


def test_rows_outside_of_their_window_are_findings(validate) -> None:
    early = pd.Timestamp("2013-01-13 23:59")
    found = validate(
        "training",
        lambda rows: rows.assign(
            scheduled_departure=rows["scheduled_departure"].where(rows.index > 0, early)
        ),
    )
    assert summary(found) == [("outside_window", "training", "scheduled_departure", 1)]
    assert "from 2013-01-14 to 2013-01-28, found 1 row (" in found[0]["message"]


def test_days_at_the_end_without_labels_are_immature(validate) -> None:
    found = validate(
        "evaluation",
        lambda rows: rows.assign(late=rows["late"].where(rows["scheduled_departure"] < "2013-02-02")),
    )
    assert [entry[:3] for entry in summary(found)] == [("immature_labels", "evaluation", "late")]
    assert found[0]["rows"] > 1000
    assert "mature until 2013-02-02" in found[0]["message"]


def test_labels_that_came_too_early_are_immature(validate, monkeypatch) -> None:
    from engine.validation import window

    honest = window.tables.snapshot
    monkeypatch.setattr(
        window.tables, "snapshot", lambda table: {**honest(table), "label_matures_after_days": 3}
    )
    assert [entry[:3] for entry in summary(validate())] == [("immature_labels", "evaluation", "late")]


@pytest.mark.parametrize("label", [0, None])
def test_labels_of_one_class_are_a_finding(validate, label: int | None) -> None:
    found = validate("training", lambda rows: rows.assign(late=pd.array([label] * len(rows), dtype="Int8")))
    assert [entry[:3] for entry in summary(found)] == [("no_contrast", "training", "late")]


def test_evaluation_rows_that_training_has_seen_are_a_finding(validate, built) -> None:
    evaluation = pq.read_table(built["evaluation"]).to_pandas()
    found = validate("training", lambda rows: pd.concat([rows, evaluation.head(5)]))
    assert {entry[:3] for entry in summary(found)} == {
        ("outside_window", "training", "scheduled_departure"),
        ("overlap", "training", "scheduled_departure"),
        ("overlap", "evaluation", "flight_id"),
    }
    assert {entry["rows"] for entry in found} == {5}


def test_training_is_before_evaluation_though_no_row_is_shared(validate) -> None:
    late = pd.Timestamp("2013-02-01")
    found = validate(
        "training",
        lambda rows: rows.assign(scheduled_departure=rows["scheduled_departure"].where(rows.index > 0, late)),
    )
    assert ("overlap", "training", "scheduled_departure", 1) in summary(found)


def test_a_feature_that_is_known_too_late_is_leakage(validate) -> None:
    validate.settings["columns"]["distance"]["known"] = "after_arrival"
    assert summary(validate()) == [("leakage", "features", "distance", 0)]
    assert "too late to predict before_departure" in validate.read()["findings"][0]["message"]


def test_leakage_is_not_what_is_known_in_time(validate) -> None:
    validate.settings["predict_at"] = "after_arrival"
    assert validate() == []


@pytest.mark.parametrize("kind", ["number", "category"])
def test_a_feature_that_nearly_is_the_label_is_warned_about(validate, built, kind: str) -> None:
    for window, file in built.items():
        table = pq.read_table(file)
        hint = table["late"].cast(pa.int64())
        hint = hint if kind == "number" else hint.cast(pa.large_string())
        validate.built = {**validate.built, window: validate.folder / f"{window}-with-hint"}
        pq.write_table(table.append_column("hint", hint), validate.built[window])
    validate.settings["columns"]["hint"] = {"type": kind, "known": "before_departure"}
    assert validate() == []
    assert summary(validate.read()["warnings"])[0][:3] == ("telling_feature", "evaluation", "hint")
    assert (
        "hint alone reaches a ROC AUC of 1.000; is it really known before_departure?" in validate.ended.output
    )


def test_single_features_are_ranked_as_scikit_learn_does() -> None:
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(1)
    high = pd.Series(random.random(500) < 0.3)
    numbers = pd.Series(random.integers(0, 9, 500) - 2 * high)
    expected = roc_auc_score(high, numbers)
    assert roc_auc(numbers, high) == pytest.approx(1 - expected)
    assert roc_auc(-numbers, high) == pytest.approx(1 - expected)
    assert roc_auc(numbers.where(high), high) == 0.5


@pytest.mark.parametrize("where", ["training", "evaluation"])
def test_a_truncated_table_is_reported(validate, built, where: str) -> None:
    (validate.folder / "broken").write_bytes(built[where].read_bytes()[:-8])
    files = {**built, where: validate.folder / "broken"}
    results = {"findings": validate.folder / "findings.json", "valid": validate.folder / "valid"}
    ended = validate.run("validate_data", feature_settings=validate.settings, **files, **results)
    assert (ended.status, ended.error.count("\n")) == (3, 1)
    assert "broken: expected a parquet file" in ended.error
    assert not (validate.folder / "findings.json").exists()


def test_features_of_unknown_origin_are_reported(validate, built) -> None:
    table = pq.read_table(built["training"])
    pq.write_table(table.replace_schema_metadata({}), validate.folder / "anonymous")
    validate.built = {**built, "training": validate.folder / "anonymous"}
    results = {"findings": validate.folder / "findings.json", "valid": validate.folder / "valid"}
    ended = validate.run("validate_data", feature_settings=validate.settings, **validate.built, **results)
    assert ended.status == 2
    assert "training: expected features made by build_features" in ended.error


def test_a_full_disk_leaves_no_verdict(validate, built, full_disk) -> None:
    results = {"findings": validate.folder / "findings.json", "valid": validate.folder / "valid"}
    validate.settings["columns"] |= {
        f"more_{number}": {"type": "number", "known": "before_departure"} for number in range(50)
    }
    with full_disk():
        ended = validate.run("validate_data", feature_settings=validate.settings, **built, **results)
    assert (ended.status, ended.error.count("\n")) == (3, 1)
    assert not list(validate.folder.iterdir())


def summary(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(entry["check"], entry["where"], entry["column"], entry["rows"]) for entry in found]
