"""Load the tables' rows of one window, and write down what they are by hash."""

from datetime import date, datetime, timedelta
from typing import Any

from engine import command_line, tables
from engine.datasets.rows import joint_sha256, read_rows, write_rows


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--data-settings", type=command_line.json_object, required=True)
    parser.add_argument("--window", choices=["training", "evaluation"], required=True)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, help="today's date, YYYY-MM-DD")
    parser.add_argument("--tables", type=command_line.output_file, required=True)
    arguments = parser.parse_args()
    settings = arguments.data_settings

    start, end = window_of(settings, arguments.window, arguments.as_of)
    with tables.written_whole(arguments.tables) as folder:
        folder.mkdir()
        loaded = {}
        for name, table in settings["tables"].items():
            history = 0 if name == settings["rows"] else table.get("history_days", 0)
            rows = read_rows(table["uri"], table["time"], start - timedelta(days=history), end)
            loaded[name] = write_rows(rows, table["time"], folder / f"{name}.parquet") | {"uri": table["uri"]}
            print(f"{name}: {rows.num_rows} rows of {arguments.window}, {start:%Y-%m-%d} to {end:%Y-%m-%d}")
        tables.write_json(
            {
                "window": arguments.window,
                "start": start.isoformat(),
                "end": end.isoformat(),
                "as_of": arguments.as_of.isoformat(),
                "label_matures_after_days": settings["label_matures_after_days"],
                "tables": loaded,
                "sha256": joint_sha256(loaded),
            },
            folder / "snapshot.json",
        )


def window_of(settings: dict[str, Any], window: str, as_of: date) -> tuple[datetime, datetime]:
    """The window's first moment, and the first after it; evaluation ends where labels stop being mature."""
    today = datetime(as_of.year, as_of.month, as_of.day)
    mature_until = today - timedelta(settings["label_matures_after_days"])
    evaluation_start = mature_until - timedelta(settings["windows"]["evaluation_days"])
    if window == "evaluation":
        return evaluation_start, mature_until
    return evaluation_start - timedelta(settings["windows"]["training_days"]), evaluation_start


if __name__ == "__main__":
    command_line.run(main)
