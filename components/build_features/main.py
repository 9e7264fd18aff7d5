"""Turn raw tables into features: the same code for training, evaluation and inference."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from components.shared import command_line, tables


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
    frame = assemble(rows, features.label(rows), features.features(raw, settings), settings)
    snapshot = (arguments.tables / "snapshot.json").read_text()
    tables.write_table(
        pa.Table.from_pandas(frame, preserve_index=False), arguments.features, {"snapshot": snapshot}
    )
    print(f"{len(frame)} rows, {frame.shape[1] - 3} features")


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
