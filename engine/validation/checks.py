"""What makes features unfit to train or judge a model on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa

from engine.command_line.component_settings import Column, FeatureSettings
from engine.validation.replay import later_arrivals, later_outcomes, other_rows
from engine.validation.window import Window, finding

if TYPE_CHECKING:
    from engine.documents.parts import Finding, Findings

TELLING = 0.85  # a ROC AUC that a single feature hardly reaches by honest means


def find(training: pa.Table, evaluation: pa.Table, settings: FeatureSettings) -> Findings:
    windows = Window("training", training, settings), Window("evaluation", evaluation, settings)
    checks = [
        check(window)
        for window in windows
        for check in (columns, values, rows_in_time, labels, later_outcomes)
    ]
    findings = [*leakage(settings), *(entry for check in checks for entry in check), *overlap(*windows)]
    replays = (check(window) for window in windows for check in (later_arrivals, other_rows))
    warnings = [*telling_features(*windows), *(entry for replay in replays for entry in replay)]
    return {"findings": findings, "warnings": warnings}


def leakage(settings: FeatureSettings) -> Iterator[Finding]:
    moments, predict_at = settings["moments"], settings["predict_at"]
    for name, column in settings["columns"].items():
        if moments.index(column["known"]) > moments.index(predict_at):
            text = f"{name} is known {column['known']}, too late to predict {predict_at}"
            yield finding("leakage", "features", name, text)


def columns(window: Window) -> Iterator[Finding]:
    schema = window.table.schema
    for name, kind in window.expected.items():
        if name not in schema.names:
            yield window.finding("missing_column", name, f"expected a column {name}, found none")
        elif not window.is_sound(name):
            text = f"expected {name} to be a {kind}, found {schema.field(name).type}"
            yield window.finding("wrong_type", name, text)
    for name in schema.names:
        if name not in window.expected:
            text = f"{name} is not declared; say under features.columns when it is known, or drop it"
            yield window.finding("undeclared_column", name, text)


def values(window: Window) -> Iterator[Finding]:
    """Missing and repeated keys, numbers out of their range, labels that are not valid."""
    rules = {window.key: pandera.Column(unique=True), window.time: pandera.Column()}
    if check := LABEL_CHECKS.get(window.settings["label"]["type"]):
        rules[window.label] = pandera.Column(checks=check, nullable=True)
    for name, column in window.settings["columns"].items():
        if column["type"] == "number":
            rules[name] = pandera.Column(checks=in_range(column), nullable=True)
    try:
        schema = pandera.DataFrameSchema({name: rule for name, rule in rules.items() if window.has(name)})
        schema.validate(window.frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        checks = {
            "field_uniqueness": ("duplicate_keys", "unique"),
            "not_nullable": ("missing_value", "there"),
        }
        for (column, rule), index in error.failure_cases.groupby(["column", "check"], sort=False)["index"]:
            check, expected = checks.get(rule, ("out_of_range", rule))
            text = f"expected {column} to be {expected}, found it otherwise in {{rows}}"
            yield window.finding(check, column, text, pd.Index(index.astype(int).unique()))


LABEL_CHECKS = {
    "binary": pandera.Check(lambda labels: labels.isin([0, 1]), name="0 or 1"),
    "count": pandera.Check(
        lambda labels: (labels >= 0) & (labels % 1 == 0), name="a whole number of 0 or more"
    ),
}


def in_range(column: Column) -> pandera.Check:
    low, high = column.get("min", -np.inf), column.get("max", np.inf)
    name = f"a finite number from {low} to {high}"
    return pandera.Check(lambda numbers: numbers.between(low, high) & np.isfinite(numbers), name=name)


def rows_in_time(window: Window) -> Iterator[Finding]:
    period = f"from {window.start:%Y-%m-%d} to {window.end:%Y-%m-%d}"
    if not window.table.num_rows:
        text = f"expected rows {period}, found none; check data.as_of and the tables"
        yield window.finding("empty_window", None, text)
    elif window.has(window.time):
        time = window.frame[window.time]
        outside = time.index[(time < window.start) | (time >= window.end)]
        if len(outside):
            text = f"expected rows {period}, found {{rows}} at other times"
            yield window.finding("outside_window", window.time, text, outside)


def labels(window: Window) -> Iterator[Finding]:
    """Labels that are not final yet, or all the same."""
    if not window.has(window.time, window.label) or window.frame.empty:
        return
    labelled = window.frame[window.frame[window.label].notna()]
    if labelled[window.label].nunique() < 2:
        values = ", ".join(str(label) for label in labelled[window.label].unique()) or "none"
        text = f"expected different values of {window.label}, found {values} in {{rows}}"
        yield window.finding("no_contrast", window.label, text, window.frame.index)
        return
    matures_after = pd.Timedelta(days=window.snapshot["label_matures_after_days"])
    mature_until = pd.Timestamp(window.snapshot["as_of"]) - matures_after
    # Days at the end without a single label are days whose labels have not arrived.
    arrived_until = labelled[window.time].max().normalize() + pd.Timedelta(days=1)
    until = min(mature_until, arrived_until)
    late = window.frame.index[window.frame[window.time] >= until]
    if len(late):
        text = f"expected mature labels, found them mature until {until:%Y-%m-%d} and {{rows}} after that"
        yield window.finding("immature_labels", window.label, text, late)


def overlap(training: Window, evaluation: Window) -> Iterator[Finding]:
    """Evaluation rows that training has seen, or that do not come after it."""
    key, time = training.key, training.time
    if training.has(time) and evaluation.has(time):
        first = evaluation.frame[time].min()
        late = training.frame.index[training.frame[time] >= first]
        if len(late):
            text = f"expected rows before evaluation's first ({first}), found {{rows}} later"
            yield training.finding("overlap", time, text, late)
    if training.has(key) and evaluation.has(key):
        shared = evaluation.frame.index[evaluation.frame[key].isin(training.frame[key])]
        if len(shared):
            yield evaluation.finding("overlap", key, "expected new rows, found {rows} of training", shared)


def telling_features(training: Window, evaluation: Window) -> Iterator[Finding]:
    """Features that tell the label nearly by themselves: more often a leak than a discovery."""
    label = training.label
    if not (training.has(label) and evaluation.has(label)):
        return
    training_rows, rows = (window.frame[window.frame[label].notna()] for window in (training, evaluation))
    high = rows[label].astype(float) > training_rows[label].astype(float).median()
    predict_at = training.settings["predict_at"]
    for name, column in training.settings["columns"].items():
        if training.has(name) and evaluation.has(name):
            numbers = rows[name]
            if column["type"] == "category":
                numbers = numbers.map(training_rows[label].astype(float).groupby(training_rows[name]).mean())
            if (auc := roc_auc(numbers, high)) >= TELLING:
                text = f"{name} alone reaches a ROC AUC of {auc:.3f}; is it really known {predict_at}?"
                yield evaluation.finding("telling_feature", name, text, rows.index)


def roc_auc(numbers: pd.Series, high: pd.Series) -> float:
    """Of a single feature in its better direction, over the rows that have it; 0.5 if there is nothing."""
    numbers = numbers.dropna().astype(float)
    high = high[numbers.index]
    positives, negatives = int(high.sum()), int((~high).sum())
    if not positives * negatives:
        return 0.5
    ranks = numbers.rank()[high].sum() - positives * (positives + 1) / 2
    auc = float(ranks / (positives * negatives))
    return max(auc, 1 - auc)
