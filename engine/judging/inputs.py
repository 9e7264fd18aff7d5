"""Read what is compared: the truth, and each model's predictions of the same rows, joined by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.command_line import SettingsError
from engine.documents.record import TrainingRecord
from engine.documents.verdict import ModelFacts
from engine.tables import decoded
from engine.tables.columns import encode, floats, times

KEY, TIME, LABEL = 0, 1, 2  # the first columns of every feature table, whatever their names


class Invalid(Exception):  # noqa: N818 - a verdict, not a failure
    """These inputs cannot be compared; the message is the verdict's reason."""


@dataclass(frozen=True)
class Model:
    """What is known about a model: its training record, and the version document if it is a version."""

    record: TrainingRecord
    version: str | None = None
    table: pa.Table | None = None

    def facts(self) -> ModelFacts:
        metadata = (self.table.schema.metadata or {}) if self.table else {}
        latency = metadata.get(b"milliseconds_per_1000_rows")
        return {
            "version": self.version,
            "model_sha256": self.record.get("model_sha256"),
            "model_bytes": self.record.get("model_bytes"),
            "training_window": self.record.get("training_window"),
            "training_rows": self.record.get("rows"),
            "milliseconds_per_1000_rows": float(latency) if latency is not None else None,
        }


@dataclass(frozen=True)
class Rows:
    """The labelled evaluation rows, and each model's predictions of them, in one order."""

    time: NDArray[np.datetime64]
    label: NDArray[np.float64]
    cluster: NDArray[np.intp]
    slices: dict[str, tuple[list[str], NDArray[np.intp]]] = field(default_factory=dict)
    predictions: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    thresholds: dict[str, dict[str, float]] = field(default_factory=dict)
    """Of each model, by metric: from which prediction on it takes a row for a positive one."""
    in_sequence: bool = True  # whether clusters follow each other in time, or stand side by side in it


def in_time_order(values: pa.ChunkedArray[Any], time: NDArray[np.datetime64]) -> NDArray[np.intp]:
    """Number the clusters by when each first appears, then by name: the order of rows does not matter."""
    names, codes = encode(values)
    first = np.full(len(names), time.max() if len(time) else np.datetime64(0, "us"))
    np.minimum.at(first, codes, time)
    return np.argsort(np.lexsort((np.arange(len(names)), first)))[codes]


def is_in_sequence(cluster: NDArray[np.intp], time: NDArray[np.datetime64]) -> bool:
    """Whether each cluster, as numbered in order of time, has ended when the next one begins."""
    order = np.lexsort((time, cluster))
    return bool((time[order][1:] >= time[order][:-1]).all())


def labelled_rows(truth: pa.Table, models: dict[str, Model], cluster: str, slices: Sequence[str]) -> Rows:
    """The rows of `truth` that have a label, with the predictions that every model made for them."""
    refuse_duplicates(truth, "the truth")
    known = truth.filter(truth.column(LABEL).is_valid())
    time = times(known.column(TIME))
    columns = {name: column_of(known, name) for name in slices}
    codes = in_time_order(cluster_column(known, cluster), time)
    return Rows(
        time=time,
        label=floats(known.column(LABEL)),
        cluster=codes,
        slices={name: encode(values) for name, values in columns.items()},
        predictions={name: align(name, model.table, known, truth) for name, model in models.items()},
        thresholds={name: model.record.get("thresholds", {}) for name, model in models.items()},
        in_sequence=cluster == "day" or is_in_sequence(codes, time),
    )


def cluster_column(known: pa.Table, cluster: str) -> pa.ChunkedArray[Any]:
    if cluster == "day":
        return pc.floor_temporal(known.column(TIME), unit="day")
    return column_of(known, cluster)


def column_of(table: pa.Table, name: str) -> pa.ChunkedArray[Any]:
    if name not in table.column_names:
        raise SettingsError(
            f"policies: expected a column of the features ({', '.join(table.column_names)}), found {name!r}"
        )
    return table.column(name)


def refuse_duplicates(table: pa.Table, whose: str) -> None:
    repeated = len(table) - pc.count_distinct(decoded(table.column(KEY)), mode="all").as_py()
    if repeated:
        raise Invalid(f"{whose} has {repeated:,} repeated keys among {len(table):,} rows")


def align(name: str, predicted: pa.Table | None, known: pa.Table, truth: pa.Table) -> NDArray[np.float64]:
    """The model's predictions in the order of `known`: one for each row, and none for a foreign one."""
    whose = f"the {name}'s predictions"
    if predicted is None:
        raise Invalid(f"{whose} are missing")
    refuse_duplicates(predicted, whose)
    keys, true_keys = decoded(predicted.column(KEY)), decoded(truth.column(KEY))
    try:
        keys = keys.cast(true_keys.type)
    except pa.ArrowException:
        raise Invalid(f"{whose} have keys of type {keys.type}, not {true_keys.type}") from None
    position = pc.index_in(decoded(known.column(KEY)), value_set=keys)
    foreign = pc.index_in(keys, value_set=true_keys).null_count
    if position.null_count or foreign:
        raise Invalid(
            f"{whose} lack {position.null_count:,} of {len(known):,} labelled rows"
            f" and have {foreign:,} rows that are not in the truth"
        )
    values = floats(predicted.column(1).take(position))
    broken = int(np.count_nonzero(~np.isfinite(values)))
    if broken:
        raise Invalid(f"{whose} are not numbers in {broken:,} of {len(values):,} rows")
    return values
