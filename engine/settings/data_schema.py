"""The section `data` of mlops.yaml: the tables, and when their columns are known."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field

from engine.settings.settings_types import MINUTES, Day, Delay, Name, Omittable, Section, Uri

ColumnType = Literal["integer", "number", "text", "boolean", "timestamp", "date"]


class Table(Section):
    uri: Uri
    time: Name
    format: Literal["parquet", "csv"] = "parquet"
    types: dict[str, ColumnType] = Field(default={})
    """The columns of a CSV file that are read, the time among them."""
    history_days: Annotated[int, Field(ge=0)] = 0
    arrives_after: Omittable[Delay] = None
    """How long after its time a row is there; if this is absent, no feature waits for one."""
    known: dict[Name, Name] = Field(default={})
    """The moment that a column is known at, if that is later than its row."""

    def loaded(self) -> dict[str, Any]:
        """What load_data and list_shards get of it."""
        written = self.model_dump(exclude={"known", "format", "arrives_after"})
        if delay := self.arrives_after:
            written["arrives_after_minutes"] = int(delay[:-1]) * MINUTES[delay[-1]]
        return written if self.types else {name: value for name, value in written.items() if name != "types"}


class Data(Section):
    as_of: Day
    tables: Annotated[dict[Name, Table], Field(min_length=1)]
    rows: Name
    key: Name
    public: bool = False
    """Whether anyone may read the rows: see engine/gate/public_rows.py."""

    def known_too_late(self, moments: list[str], predict_at: str) -> dict[str, list[str]]:
        """By table, the declared columns that are known only after the moment `predict_at`."""
        return self._declared(lambda known: moments.index(known) > moments.index(predict_at))

    def known_in_time(self, moments: list[str], predict_at: str) -> dict[str, list[str]]:
        """By table, the declared columns that are known at the moment `predict_at`."""
        return self._declared(lambda known: moments.index(known) <= moments.index(predict_at))

    def _declared(self, is_wanted: Callable[[str], bool]) -> dict[str, list[str]]:
        declared = {
            name: sorted(column for column, known in table.known.items() if is_wanted(known))
            for name, table in self.tables.items()
        }
        return {name: columns for name, columns in declared.items() if columns}
