"""Hides what is known only after the moment of prediction, as it is in production."""

import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa

from engine import tables
from engine.command_line import SettingsError
from engine.command_line.component_settings import FeatureSettings
from engine.features.assembly import FeatureCode

PROBED_ROWS = 100


def hide(code: FeatureCode, settings: FeatureSettings, folder: Path, target: Path) -> None:
    """Copy the tables in `folder` to `target`, with nulls in each column that is known too late.

    Those are the columns that the settings name under `hidden`, and those that `label` reads, because an
    outcome is known when it is mature.
    """
    with tables.written_whole(target) as unfinished:
        shutil.copytree(folder, unfinished)
        hidden = settings.get("hidden", {})
        for name in {settings["rows"], *hidden}:
            path = unfinished / f"{name}.parquet"
            table = tables.read_table(path)
            columns = [*hidden.get(name, [])]
            if name == settings["rows"]:
                columns += label_columns(code, table)
            tables.write_table(blanked(table, columns, settings, path), path)
            print(f"{name}: hidden {', '.join(sorted({*columns})) or 'nothing'}")


def label_columns(code: FeatureCode, rows: pa.Table) -> list[str]:
    """The columns that `label` cannot do without, by leaving out one at a time."""
    frame = rows.slice(0, PROBED_ROWS).to_pandas()
    return [name for name in frame.columns if not _labels(code, frame.drop(columns=name))]


def _labels(code: FeatureCode, rows: pd.DataFrame) -> bool:
    try:
        code.label(rows)
    except (KeyError, AttributeError):
        return False
    return True


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
