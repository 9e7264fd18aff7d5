"""Hides what is known only after the moment of prediction, as it is in production."""

import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa

from engine import tables
from engine.command_line import SettingsError
from engine.command_line.component_settings import FeatureSettings
from engine.features.code import FeatureCode

PROBED_ROWS = 1000


def hide(code: FeatureCode, settings: FeatureSettings, folder: Path, target: Path) -> None:
    """Copy the tables in `folder` to `target`, with nulls in each column that is known too late.

    Those are the columns that the settings name under `hidden`, and those that `label` reads, because an
    outcome is known when it is mature.
    """
    with tables.written_whole(target) as unfinished:
        shutil.copytree(folder, unfinished)
        for name in {settings["rows"], *settings.get("hidden", {})}:
            path = unfinished / f"{name}.parquet"
            table = tables.read_table(path)
            outcomes = outcomes_of(code, table) if name == settings["rows"] else []
            if name == settings["rows"] and not outcomes and table.num_rows:
                raise SettingsError("features.py: expected a label that reads a column, found none to hide")
            columns = hidden_columns(settings, name, outcomes)
            tables.write_table(blanked(table, columns, settings, path), path)
            print(f"{name}: hidden {', '.join(columns) or 'nothing'}")


def as_predicted(code: FeatureCode, settings: FeatureSettings, name: str, table: pa.Table) -> pa.Table:
    """The table `name` of a batch: what `hide` hides is hidden, if the batch is of the past and has it."""
    rows = table.slice(0, PROBED_ROWS).to_pandas()
    has_labels = name == settings["rows"] and _labels(code, rows) is not None
    columns = hidden_columns(settings, name, outcomes_of(code, table) if has_labels else [])
    return blanked(table, [each for each in columns if each in table.column_names], settings, Path(name))


def hidden_columns(settings: FeatureSettings, name: str, outcomes: list[str]) -> list[str]:
    """What is known too late of the table `name`, whose columns `outcomes` make the label."""
    shown = {settings["key"], settings["time"], *settings.get("shown", {}).get(name, [])}
    return sorted(
        {*settings.get("hidden", {}).get(name, []), *(each for each in outcomes if each not in shown)}
    )


def outcomes_of(code: FeatureCode, rows: pa.Table) -> list[str]:
    """The columns that `label` reads: without one of them, or with nulls in it, the labels are others."""
    frame = rows.slice(0, PROBED_ROWS).to_pandas()
    labels = _labels(code, frame)
    return [name for name in frame.columns if _is_read(code, frame, labels, name)]


def _is_read(code: FeatureCode, frame: pd.DataFrame, labels: pd.Series | None, name: str) -> bool:
    changed = (frame.drop(columns=name), frame.assign(**{name: None}))
    return not all(_same(labels, _labels(code, each)) for each in changed)


def _labels(code: FeatureCode, rows: pd.DataFrame) -> pd.Series | None:
    """None if the rows lack what labels are made of."""
    try:
        return pd.Series(code.label(rows))
    except (KeyError, AttributeError, TypeError, ValueError):
        return None


def _same(labels: pd.Series | None, others: pd.Series | None) -> bool:
    return labels is not None and others is not None and labels.astype(object).equals(others.astype(object))


def blanked(table: pa.Table, columns: list[str], settings: FeatureSettings, path: Path) -> pa.Table:
    """`table` with nulls in `columns`, of the same types."""
    for name in columns:
        if name in (settings["key"], settings["time"]):
            raise SettingsError(
                f"features.py: expected a label of columns that are known later, found one that reads {name}"
            )
        if name not in table.column_names:
            raise SettingsError(
                f"{path.name}: expected a column {name}, found {', '.join(table.column_names)}"
            )
        index = table.schema.get_field_index(name)
        kind = table.schema.field(index).type
        table = table.set_column(index, pa.field(name, kind), pa.nulls(table.num_rows, kind))
    return table
