"""Turn raw tables into features: the same code for training, evaluation and inference."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine import command_line, tables


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--feature-settings", type=command_line.json_object, required=True)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--features", type=command_line.output_file, required=True)
    arguments = parser.parse_args()
    settings = arguments.feature_settings

    from components.build_features import features

    raw = {
        path.stem: tables.read_table(path).to_pandas() for path in sorted(arguments.tables.glob("*.parquet"))
    }
    if settings["rows"] not in raw:
        raise command_line.SettingsError(
            f"{arguments.tables}: expected a table {settings['rows']!r}, found {', '.join(raw) or 'none'}"
        )
    rows = raw[settings["rows"]]
    snapshot = (arguments.tables / "snapshot.json").read_text()
    try:
        frame = assemble(rows, label_of(rows, features), features.features(raw, settings), settings)
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except KeyError as error:
        uri = json.loads(snapshot)["tables"][settings["rows"]]["uri"]
        raise command_line.SettingsError(
            f"{uri}: features.py asks for {error}; the rows have {', '.join(rows.columns)}"
        ) from None
    except pa.ArrowException as error:
        raise command_line.SettingsError(
            f"features.py: expected a type for each column, found: {error}"
        ) from None
    tables.write_table(table, arguments.features, {"snapshot": snapshot})
    print(f"{len(frame)} rows, {frame.shape[1] - 3} features")


def label_of(rows: Any, features: Any) -> Any:
    """The labels; none where the rows lack what they are made of, as rows do that are yet to be predicted."""
    try:
        return features.label(rows)
    except KeyError as error:
        print(f"no labels: the rows have no {error}")
        return None


def assemble(rows: Any, label: Any, columns: Any, settings: dict[str, Any]) -> Any:
    """Key, time, label and the declared features in their declared order; what else there is comes last."""
    if not columns.index.equals(rows.index):
        raise command_line.SettingsError(
            f"features.py: expected one row for each of the {len(rows)} {settings['rows']} in their order, "
            f"found {len(columns)} rows or another index; does a join multiply or reorder them?"
        )
    declared = [name for name in settings["columns"] if name in columns]
    frame = rows[[settings["key"], settings["time"]]].copy()
    frame[settings["label"]["name"]] = label
    return frame.join(columns[declared]).join(columns.drop(columns=declared))


if __name__ == "__main__":
    command_line.run(main)
