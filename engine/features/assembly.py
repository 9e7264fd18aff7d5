"""Puts what features.py makes of raw tables into one table: key, time, label, features."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from engine import command_line, tables
from engine.command_line.component_settings import FeatureSettings, Label, history_of
from engine.features.code import FeatureCode
from engine.features.outcomes import as_predicted
from engine.features.replay import replayed
from engine.tables.replay import metadata_of
from engine.tables.snapshots import WrittenSnapshot, read_snapshot

SHOWN_VALUES = 5


def build(
    code: FeatureCode, settings: FeatureSettings, folder: Path, target: Path, outcomes: Path | None = None
) -> None:
    """Write the features of the tables in `folder`, which load_data has written, to the parquet `target`.

    Labels are made of the rows in the folder `outcomes`, if those in `folder` have their outcomes hidden.
    Of rows to predict, what is known only later is hidden here: those of a past day may have it.
    """
    raw = {path.stem: tables.read_table(path) for path in sorted(folder.glob("*.parquet"))}
    if settings["rows"] not in raw:
        raise command_line.SettingsError(
            f"{folder}: expected a table {settings['rows']!r}, found {', '.join(raw) or 'none'}"
        )
    written, text = read_snapshot(folder / "snapshot.json")
    if written["window"] == "inference":
        raw = {name: as_predicted(code, settings, name, table) for name, table in raw.items()}
    frames = {name: table.to_pandas() for name, table in raw.items()}
    rows = frames[settings["rows"]]
    try:
        labelled = rows if outcomes is None else outcome_rows(outcomes, rows, settings)
        columns, differences = replayed(code, settings, frames, written)
        frame = assemble(rows, label_of(labelled, code), columns, settings)
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except KeyError as error:
        raise command_line.SettingsError(missing(str(error.args[0]), settings, frames, written)) from None
    except pa.ArrowException as error:
        raise command_line.SettingsError(
            f"features.py: expected a type for each column, found: {error}"
        ) from None
    tables.write_table(table, target, {"snapshot": text, **metadata_of(differences)})
    print(f"{len(frame)} rows, {frame.shape[1] - 3} features")


def missing(
    name: str, settings: FeatureSettings, raw: dict[str, pd.DataFrame], snapshot: WrittenSnapshot
) -> str:
    """What to do about a table or column `name` that features.py asks for and is not there."""
    rows = settings["rows"]
    if name == history_of(rows):
        return (
            f"features.py: expected a table {name}, found none: set history_days of data.tables.{rows} in "
            "mlops.yaml. A pull request gets the tables of its base, so merge that setting first"
        )
    uri, columns = snapshot["tables"][rows]["uri"], ", ".join(raw[rows].columns)
    return f"{uri}: features.py asks for {name!r}; the rows have {columns}; the tables are {', '.join(raw)}"


def outcome_rows(folder: Path, rows: pd.DataFrame, settings: FeatureSettings) -> pd.DataFrame:
    """The same rows with their outcomes, in the same order."""
    outcomes = tables.read_table(folder / f"{settings['rows']}.parquet").to_pandas()
    if not outcomes[settings["key"]].equals(rows[settings["key"]]):
        raise command_line.SettingsError(f"{folder}: expected the outcomes of the same rows, found others")
    return outcomes


def label_of(rows: pd.DataFrame, code: FeatureCode) -> Any:
    """The labels; none if the rows lack what they are made of, as rows do that are yet to be predicted."""
    try:
        return code.label(rows)
    except KeyError as error:
        print(f"no labels: the rows have no {error}")
        return None


def classes(label: Any, declared: Label) -> Any:
    """1 for the positive one of two texts, 0 for the other, missing if it is; a label of numbers as it is."""
    if label is None or declared["type"] != "binary":
        return label
    values, positive = pd.Series(label), declared.get("positive")
    distinct = [*values.dropna().unique()]
    texts = sorted(value for value in distinct if isinstance(value, str))
    if not texts and positive is None:
        return label
    others = [value for value in distinct if value != positive]
    if positive is None or len(texts) < len(distinct) or len(others) > 1:
        shown = ", ".join(repr(value) for value in distinct[:SHOWN_VALUES])
        raise command_line.SettingsError(
            "features.py: expected a label of 0 and 1, or of two texts, one of which is label.positive of "
            f"mlops.yaml, found {shown} and label.positive {(positive and repr(positive)) or 'missing'}"
        )
    return (values == positive).astype("Int8").mask(values.isna())


def assemble(
    rows: pd.DataFrame, label: Any, columns: pd.DataFrame, settings: FeatureSettings
) -> pd.DataFrame:
    """Key, time, label and the declared features in their declared order; what else there is comes last."""
    if label is not None and not pd.Series(label).index.equals(rows.index):
        raise command_line.SettingsError(
            f"features.py: expected one label for each of the {len(rows)} {settings['rows']} in their order, "
            f"found {len(label)} labels or another index"
        )
    declared = [name for name in settings["columns"] if name in columns]
    frame = rows[[settings["key"], settings["time"]]].copy()
    frame[settings["label"]["name"]] = classes(label, settings["label"])
    return frame.join(columns[declared]).join(columns.drop(columns=declared))
