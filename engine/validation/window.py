"""The features of one window, and how a finding about them reads."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from engine import tables
from engine.command_line import SettingsError
from engine.command_line.component_settings import FeatureSettings
from engine.tables.replay import read_differences

if TYPE_CHECKING:
    from engine.documents.parts import Finding

NAMED_ROWS = 3
TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary)
TYPES = {
    "key": (pa.types.is_integer, *TEXT),
    "time": (pa.types.is_timestamp,),
    "binary": (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean),
    "number": (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean),
    "count": (pa.types.is_integer, pa.types.is_floating),
    "category": TEXT,
}


class Window:
    def __init__(self, name: str, table: pa.Table, settings: FeatureSettings):
        self.name, self.table, self.settings = name, table, settings
        self.key, self.time, self.label = settings["key"], settings["time"], settings["label"]["name"]
        self.snapshot = tables.snapshot(table)
        if not self.snapshot:
            raise SettingsError(
                f"{name}: expected features made by build_features, found no snapshot in them"
            )
        self.differences = read_differences(table.schema)
        self.start, self.end = pd.Timestamp(self.snapshot["start"]), pd.Timestamp(self.snapshot["end"])

    @cached_property
    def expected(self) -> dict[str, str]:
        """Each column's name with its kind, in TYPES' words."""
        fixed = {self.key: "key", self.time: "time", self.label: self.settings["label"]["type"]}
        return fixed | {name: column["type"] for name, column in self.settings["columns"].items()}

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The expected columns that are there with a type that can be looked into."""
        return self.table.select([name for name in self.expected if self.is_sound(name)]).to_pandas()

    def is_sound(self, column: str) -> bool:
        if column not in self.table.column_names:
            return False
        kind = self.table.schema.field(column).type
        return any(is_kind(kind) for is_kind in TYPES[self.expected[column]])

    def has(self, *columns: str) -> bool:
        return all(column in self.frame for column in columns)

    def finding(self, check: str, column: str | None, message: str, rows: pd.Index | None = None) -> Finding:
        """`message` may say {rows}: how many they are, with the first of their keys to look up."""
        count = 0 if rows is None else len(rows)
        text = message.replace("{rows}", f"{count} row{'s' if count != 1 else ''}{self._named(rows)}")
        return finding(check, self.name, column, text, count)

    def _named(self, rows: pd.Index | None) -> str:
        if rows is None or not self.has(self.key):
            return ""
        keys = self.frame.loc[rows, self.key].drop_duplicates()
        first = ", ".join(str(key) for key in keys[:NAMED_ROWS])
        return f" ({self.key} {first}{', ...' if len(keys) > NAMED_ROWS else ''})"


def finding(check: str, where: str, column: str | None, message: str, rows: int = 0) -> Finding:
    return {"check": check, "where": where, "column": column, "rows": rows, "message": f"{where}: {message}"}
